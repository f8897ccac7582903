//! What tests ask of sound.

use speech::sound::RATE;

/// The length of a sound in seconds.
#[expect(clippy::cast_precision_loss, reason = "test sounds are short")]
pub(crate) fn seconds(samples: &[f32]) -> f64 {
    samples.len() as f64 / f64::from(RATE)
}

/// The median pitch of a voice in hertz, 60 to 400, by autocorrelation over its voiced stretches of 40 ms.
#[expect(clippy::cast_precision_loss, reason = "test sounds are short")]
pub(crate) fn pitch(samples: &[f32]) -> f64 {
    let rate = RATE as usize;
    let mut found: Vec<f64> = samples
        .chunks_exact(rate / 25)
        .filter_map(|frame| {
            let at = |lag: usize| {
                frame.iter().zip(&frame[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
            };
            let energy = at(0);
            let (lag, best) =
                (rate / 400..rate / 60).map(|lag| (lag, at(lag))).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
            let is_voiced = energy > frame.len() as f64 * 1e-4 && best > 0.4 * energy;
            is_voiced.then(|| rate as f64 / lag as f64)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found[found.len() / 2]
}
