//! How high a voice is.

/// The median pitch in hertz of what is voiced: of each 40 ms, between 60 and 400 Hz, by autocorrelation.
pub(crate) fn median_pitch(samples: &[f32], rate: u32) -> f32 {
    let rate = rate as usize;
    let (frame, shortest, longest) = (rate / 25, rate / 400, rate / 60);
    let mut pitches: Vec<f32> =
        samples.chunks_exact(frame).filter_map(|frame| pitch(frame, shortest, longest, rate)).collect();
    pitches.sort_by(f32::total_cmp);
    assert!(pitches.len() > 10, "hardly anything is voiced");
    pitches[pitches.len() / 2]
}

fn pitch(frame: &[f32], shortest: usize, longest: usize, rate: usize) -> Option<f32> {
    let correlation =
        |lag: usize| -> f32 { frame.iter().zip(&frame[lag..]).map(|(one, other)| one * other).sum() };
    let energy = correlation(0);
    let lag = (shortest..longest).max_by(|&one, &other| correlation(one).total_cmp(&correlation(other)))?;
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let (length, pitch) = (frame.len() as f32, rate as f32 / lag as f32);
    (energy > length * 1e-4 && correlation(lag) > 0.4 * energy).then_some(pitch)
}

#[test]
fn the_pitch_of_a_buzz_is_its_own() {
    for period in [80, 120, 240] {
        let buzz: Vec<f32> =
            (0..24_000).map(|at| if at % period < period / 8 { 0.5 } else { -0.1 }).collect();
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let hertz = 24_000.0 / period as f32;
        assert!((median_pitch(&buzz, 24_000) - hertz).abs() < 1.0, "{hertz} Hz");
    }
}
