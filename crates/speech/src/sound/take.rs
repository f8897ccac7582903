//! One spoken line.

use super::samples_in;

/// Below -50 dBFS is silence, and this much of it stays at both ends of a line: words begin softer than that, and with 30 ms a
/// recogniser missed some first words.
const SILENCE: f32 = 0.003_16;
const EDGE: usize = samples_in(60);

/// Each line fades in and out, since a wave that is cut in its middle clicks.
const FADE: usize = samples_in(5);

/// The sound without the silence at its ends, which fades in and out; `None` where there is nothing but silence.
pub fn trim(mut samples: Vec<f32>) -> Option<Vec<f32>> {
    let is_sound = |sample: &f32| sample.abs() > SILENCE;
    let first = samples.iter().position(is_sound)?;
    let last = samples.iter().rposition(is_sound)?;
    samples.truncate(last + EDGE + 1);
    samples.drain(..first.saturating_sub(EDGE));
    let fade = FADE.min(samples.len() / 2);
    let (middle, length) = (samples.len() / 2, samples.len());
    let (head, tail) = samples.split_at_mut(middle);
    let share = |at: usize| lossless(at) / lossless(fade.max(1));
    head.iter_mut().take(fade).enumerate().for_each(|(at, sample)| *sample *= share(at));
    let tail_fade = fade.min(length - middle);
    tail.iter_mut().rev().take(tail_fade).enumerate().for_each(|(at, sample)| *sample *= share(at));
    Some(samples)
}

fn lossless(small: usize) -> f32 {
    f32::from(u16::try_from(small).expect("a fade is a few hundred samples long"))
}
