//! When each line is heard: pauses as people make them between turns.

use std::ops::Range;

use super::{RATE, samples_in};

/// Pauses before a line, in milliseconds: between two people, before an answer, and where one goes on.
const TURN: Range<u64> = 250..450;
const ANSWER: Range<u64> = 170..230;
const SAME_SPEAKER: Range<u64> = 130..170;

/// How much longer or shorter all pauses may be made, in percent of themselves.
const STRETCH: Range<u32> = 80..120;

/// What has to be known of a line to place it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// The speaker's number, from 0, in the order in which they first speak.
    pub speaker: usize,
    /// Whether it asks something; the answer comes quicker.
    pub asks: bool,
    /// How long it is, in samples.
    pub samples: usize,
}

/// When a line is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Milliseconds from the start of the recording to the line's first sound.
    pub start_ms: u64,
    /// Milliseconds from the start of the recording to the line's end.
    pub end_ms: u64,
}

/// The places of all lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    places: Vec<Range<usize>>,
}

impl Timeline {
    /// Lines in their order. `seed` makes the pauses: the same for the same seed. Where the whole is to have a length of
    /// `wanted` samples, the pauses are made up to a fifth longer or shorter for it.
    pub fn of(cues: &[Cue], seed: u64, wanted: Option<usize>) -> Self {
        let pauses: Vec<usize> = (0..cues.len()).map(|line| pause(cues, line, seed)).collect();
        let silent: usize = pauses.iter().sum();
        let spoken: usize = cues.iter().map(|cue| cue.samples).sum();
        let percent = match wanted {
            Some(wanted) if silent > 0 => stretch(wanted.saturating_sub(spoken), silent),
            _ => 100,
        };
        let mut at = 0;
        let places = cues
            .iter()
            .zip(pauses)
            .map(|(cue, pause)| {
                let start = at + pause * percent / 100;
                at = start + cue.samples;
                start..at
            })
            .collect();
        Self { places }
    }

    /// The length of the whole, in samples.
    pub fn samples(&self) -> usize {
        self.places.last().map_or(0, |place| place.end)
    }

    /// The length of the whole, in seconds.
    pub fn seconds(&self) -> f64 {
        millis(self.samples()) / 1_000.0
    }

    /// When each line is heard, in their order.
    pub fn timings(&self) -> Vec<Timing> {
        let ms = |sample: usize| sample as u64 * 1_000 / u64::from(RATE);
        self.places.iter().map(|place| Timing { start_ms: ms(place.start), end_ms: ms(place.end) }).collect()
    }

    pub(super) fn places(&self) -> &[Range<usize>] {
        &self.places
    }
}

/// The pauses' percentage by which they are nearest to what is wanted.
fn stretch(wanted: usize, silent: usize) -> usize {
    (wanted * 100 / silent).clamp(STRETCH.start as usize, STRETCH.end as usize)
}

/// The silence before a line, in samples.
fn pause(cues: &[Cue], line: usize, seed: u64) -> usize {
    let Some(before) = line.checked_sub(1).map(|before| cues[before]) else { return 0 };
    let range = match (before.speaker == cues[line].speaker, before.asks) {
        (true, _) => SAME_SPEAKER,
        (false, true) => ANSWER,
        (false, false) => TURN,
    };
    let ms = range.start + mixed(seed.wrapping_add(line as u64)) % (range.end - range.start);
    samples_in(usize::try_from(ms).expect("less than a second"))
}

/// A number without a pattern for each number: the finaliser of `SplitMix64` (Steele, Lea and Flood, 2014).
pub(super) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[expect(clippy::cast_precision_loss, reason = "an hour of samples is far less than 2^52")]
fn millis(samples: usize) -> f64 {
    samples as f64 * 1_000.0 / f64::from(RATE)
}
