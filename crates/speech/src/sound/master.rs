//! The recording as it is heard, block by block: first measured, then made.

use std::io;

use super::limiter::Limiter;
use super::loudness::Loudness;
use super::timeline::{Cue, Timeline};
use super::{HIGHEST_DBTP, TARGET_LUFS, factor};

/// Where the lines' samples are, as [`super::trim`] left them. An hour of them is not for the memory.
pub trait Lines {
    /// The samples of a line, into an empty vector.
    ///
    /// # Errors
    /// The disk's.
    fn read(&mut self, line: usize, samples: &mut Vec<f32>) -> io::Result<()>;
}

/// Samples in a block at most.
const BLOCK: usize = 4_096;

/// What the limiter leaves to peaks between two samples, in decibels below full scale.
const CEILING: f64 = -2.0;

/// How near to the target is near enough, in LU, and how often that is tried.
const NEAR: f64 = 0.1;
const ROUNDS: usize = 3;

/// No speaker is made louder than by this, in decibels: whatever is that soft is not meant to be heard.
const GREATEST_GAIN: f64 = 40.0;

/// How loud each part of a recording has to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Master {
    /// For each speaker, so that all are equally loud.
    speakers: Vec<f64>,
    /// For all, before peaks are limited.
    before: f64,
    /// For all, after that.
    after: f64,
    /// What came of it, in LUFS; `None` where there is nothing to hear.
    lufs: Option<f64>,
}

impl Master {
    /// Measures the lines, as often as is needed.
    ///
    /// # Errors
    /// The lines cannot be read.
    pub fn measure(cues: &[Cue], timeline: &Timeline, lines: &mut impl Lines) -> io::Result<Self> {
        let speakers = speaker_gains(cues, lines)?;
        let mut master = Self { speakers, before: 1.0, after: 1.0, lufs: None };
        for round in 1..=ROUNDS {
            let mut loudness = Loudness::with_peak();
            master.render(cues, timeline, lines, |block| {
                loudness.add(block);
                Ok(())
            })?;
            master.lufs = loudness.lufs();
            let Some(lufs) = master.lufs else { break };
            // As near as it gets, the last time: a sound that is nearly all peaks never is that loud.
            if (lufs - TARGET_LUFS).abs() < NEAR || round == ROUNDS {
                let over = loudness.dbtp().map_or(0.0, |dbtp| dbtp - HIGHEST_DBTP).max(0.0);
                master.after = factor(-over);
                master.lufs = Some(lufs - over);
                break;
            }
            master.before *= factor(TARGET_LUFS - lufs);
        }
        Ok(master)
    }

    /// How loud the recording is, in LUFS; `None` where there is nothing to hear.
    pub fn lufs(&self) -> Option<f64> {
        self.lufs
    }

    /// Hands out the whole recording in blocks: as many samples as the timeline has.
    ///
    /// # Errors
    /// The lines cannot be read, or `sink` has failed.
    pub fn render(
        &self,
        cues: &[Cue],
        timeline: &Timeline,
        lines: &mut impl Lines,
        mut sink: impl FnMut(&[f32]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut limiter = Limiter::new(factor(CEILING));
        let (mut block, mut line_samples) = (Vec::with_capacity(BLOCK), Vec::new());
        let mut give = |sample: f32, block: &mut Vec<f32>| -> io::Result<()> {
            block.push(narrowed(f64::from(sample) * self.after));
            if block.len() == BLOCK {
                sink(block)?;
                block.clear();
            }
            Ok(())
        };
        let mut at = 0;
        for (line, (cue, place)) in cues.iter().zip(timeline.places()).enumerate() {
            line_samples.clear();
            lines.read(line, &mut line_samples)?;
            if line_samples.len() != cue.samples {
                return Err(io::Error::other(format!("line {line} has another length than it had")));
            }
            let gain = self.speakers[cue.speaker] * self.before;
            let spoken = line_samples.iter().map(|sample| narrowed(f64::from(*sample) * gain));
            for sample in std::iter::repeat_n(0.0, place.start - at).chain(spoken) {
                if let Some(sample) = limiter.next(sample) {
                    give(sample, &mut block)?;
                }
            }
            at = place.end;
        }
        while let Some(sample) = limiter.rest() {
            give(sample, &mut block)?;
        }
        if block.is_empty() { Ok(()) } else { sink(&block) }
    }
}

/// One gain for each speaker makes all their lines together as loud as the target.
fn speaker_gains(cues: &[Cue], lines: &mut impl Lines) -> io::Result<Vec<f64>> {
    let speakers = cues.iter().map(|cue| cue.speaker + 1).max().unwrap_or(0);
    let mut meters: Vec<Loudness> = (0..speakers).map(|_| Loudness::default()).collect();
    let mut samples = Vec::new();
    for (line, cue) in cues.iter().enumerate() {
        samples.clear();
        lines.read(line, &mut samples)?;
        meters[cue.speaker].add(&samples);
    }
    let gain =
        |meter: &Loudness| meter.lufs().map_or(1.0, |lufs| factor((TARGET_LUFS - lufs).min(GREATEST_GAIN)));
    Ok(meters.iter().map(gain).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "samples are f32, and the sums are made in f64")]
fn narrowed(sample: f64) -> f32 {
    sample as f32
}
