//! Keeps peaks below a ceiling without bending the wave: it looks ahead, and is softer before the peak comes.
//!
//! For each sample there is a greatest factor that keeps it below the ceiling. Of what lies ahead the smallest one is taken, it
//! recovers slowly, and the mean over as long as was looked ahead makes it smooth. At a peak all that is averaged is small
//! enough for it, so that the ceiling always holds.

use std::collections::VecDeque;

use super::samples_in;

/// How far it looks ahead.
const AHEAD: usize = samples_in(5);

/// How many factors the mean is made of.
#[expect(clippy::cast_precision_loss, reason = "about a hundred")]
const AVERAGED: f64 = (AHEAD + 1) as f64;

/// Which part of the way back to 1 is gone in each sample: most of it in a tenth of a second.
#[expect(clippy::cast_precision_loss, reason = "about a thousand")]
const RECOVERY: f64 = 1.0 / samples_in(50) as f64;

pub(super) struct Limiter {
    ceiling: f64,
    /// What has come in and is not out. At first that is silence, so that the first sample is looked ahead to as well.
    delayed: VecDeque<f32>,
    /// How much of that silence is still to be thrown away.
    silence: usize,
    /// Samples that have come in.
    count: usize,
    /// The factors ahead that are smaller than all behind them, with the number of their sample: the first is the smallest.
    smallest: VecDeque<(usize, f64)>,
    recovering: f64,
    /// The last factors, and their sum.
    recent: VecDeque<f64>,
    sum: f64,
}

impl Limiter {
    pub(super) fn new(ceiling: f64) -> Self {
        Self {
            ceiling,
            delayed: std::iter::repeat_n(0.0, AHEAD).collect(),
            silence: AHEAD,
            count: AHEAD,
            smallest: VecDeque::new(),
            recovering: 1.0,
            recent: std::iter::repeat_n(1.0, AHEAD + 1).collect(),
            sum: AVERAGED,
        }
    }

    /// Takes one sample, and gives an earlier one; none as long as there is none.
    pub(super) fn next(&mut self, sample: f32) -> Option<f32> {
        let level = f64::from(sample.abs());
        let wanted = if level > self.ceiling { self.ceiling / level } else { 1.0 };
        while self.smallest.back().is_some_and(|(_, later)| *later >= wanted) {
            self.smallest.pop_back();
        }
        self.smallest.push_back((self.count, wanted));
        self.delayed.push_back(sample);
        self.count += 1;
        self.give_sound()
    }

    /// What is left, one by one.
    pub(super) fn rest(&mut self) -> Option<f32> {
        while self.silence > 0 {
            self.silence -= 1;
            self.give();
        }
        self.give()
    }

    fn give_sound(&mut self) -> Option<f32> {
        let given = self.give();
        if self.silence == 0 {
            return given;
        }
        self.silence -= 1;
        None
    }

    fn give(&mut self) -> Option<f32> {
        let sample = self.delayed.pop_front()?;
        let number = self.count - self.delayed.len() - 1;
        while self.smallest.front().is_some_and(|(of, _)| *of < number) {
            self.smallest.pop_front();
        }
        let needed = self.smallest.front().map_or(1.0, |(_, factor)| *factor);
        self.recovering = (self.recovering + (1.0 - self.recovering) * RECOVERY).min(needed);
        self.recent.push_back(self.recovering);
        self.sum += self.recovering - self.recent.pop_front().unwrap_or(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a sample that gets smaller is still an f32")]
        let given = (f64::from(sample) * self.sum / AVERAGED) as f32;
        Some(given)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limited(samples: &[f32], ceiling: f64) -> Vec<f32> {
        let mut limiter = Limiter::new(ceiling);
        let mut out: Vec<f32> = samples.iter().filter_map(|sample| limiter.next(*sample)).collect();
        out.extend(std::iter::from_fn(|| limiter.rest()));
        out
    }

    #[test]
    fn what_is_below_the_ceiling_passes_as_it_is() {
        let quiet: Vec<f32> = (0..5_000_u16).map(|at| (f32::from(at) * 0.1).sin() * 0.5).collect();
        assert_eq!(limited(&quiet, 0.6), quiet);
    }

    #[test]
    fn it_is_softer_before_a_peak_and_recovers_after_it() {
        let mut samples = vec![0.1_f32; 20_000];
        samples[10_000] = 1.0;
        let out = limited(&samples, 0.5);
        assert!((out[10_000] - 0.5).abs() < 1e-6);
        assert!((out[10_000 - AHEAD - 1] - 0.1).abs() < 1e-9);
        assert!(out[10_000 - AHEAD / 2] < 0.1 && out[9_999] > 0.05 - 1e-6);
        assert!(out[10_001..].windows(2).all(|pair| pair[1] >= pair[0] - 1e-6) && out[19_999] > 0.099);
    }

    proptest! {
        #[test]
        fn nothing_is_above_the_ceiling_and_nothing_is_lost(
            samples in prop::collection::vec(-4.0_f32..4.0, 0..2_000),
            ceiling in 0.1_f64..1.0,
        ) {
            let out = limited(&samples, ceiling);
            prop_assert_eq!(out.len(), samples.len());
            for (given, sample) in out.iter().zip(&samples) {
                prop_assert!(f64::from(given.abs()) <= ceiling + 1e-6);
                prop_assert!(given.abs() <= sample.abs() + 1e-6 && given * sample >= 0.0);
            }
        }
    }
}
