//! Lines of sound to one recording: equally loud speakers, no clicks, pauses as people make them, -16 LUFS, and a file with a
//! header that is right. All sound is one channel of `f32` samples at [`RATE`], full scale at 1.
//!
//! | step | file |
//! |---|---|
//! | another rate to ours | `resample` |
//! | a line without the silence at its ends | `take` |
//! | when each line is heard | `timeline` |
//! | how loud it is, and how loud at most | `loudness`, `limiter` |
//! | all of it, block by block, as often as it takes | `master` |
//! | a file | `wav`, `opus`, and `mp3` with that feature |
//! | the same to read | `captions` |
//!
//! An hour of sound is never in memory: lines are asked for one at a time ([`Lines`]), and what comes out goes on in blocks.

mod captions;
mod limiter;
mod loudness;
mod master;
#[cfg(feature = "mp3")]
mod mp3;
mod opus;
mod resample;
mod take;
mod timeline;
mod wav;

#[cfg(test)]
mod tests;

pub use captions::{Caption, srt, web_vtt};
pub use loudness::Loudness;
pub use master::{Lines, Master};
#[cfg(feature = "mp3")]
pub use mp3::Mp3File;
pub use opus::OpusFile;
pub use resample::resample;
pub use take::trim;
pub use timeline::{Cue, Timeline, Timing};
pub use wav::{Pcm, WavFile};

/// Samples per second.
pub const RATE: u32 = 24_000;

/// How loud a recording is made, in LUFS, and how high its true peak is at most, in dBTP: what podcasts are published with
/// (AES TD1008).
pub const TARGET_LUFS: f64 = -16.0;
/// See [`TARGET_LUFS`].
pub const HIGHEST_DBTP: f64 = -1.0;

/// Samples in so many milliseconds.
const fn samples_in(ms: usize) -> usize {
    ms * RATE as usize / 1_000
}

/// The factor of so many decibels.
fn factor(decibels: f64) -> f64 {
    10_f64.powf(decibels / 20.0)
}

/// The decibels of a factor.
fn decibels(factor: f64) -> f64 {
    20.0 * factor.log10()
}
