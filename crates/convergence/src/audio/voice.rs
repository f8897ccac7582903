//! What a voice is: text and a gender in, sound out.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::outside::Trouble;
use super::request::Gender;

/// Sound: one channel of signed 16-bit samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pcm {
    /// Samples per second.
    pub(super) rate: u32,
    pub(super) samples: Vec<i16>,
}

/// Something that speaks. It has exactly one voice for each [`Gender`], and the two differ.
pub(super) trait Voice: Send + Sync {
    /// The engine's name, as clients see it.
    fn engine(&self) -> &'static str;

    /// Why it cannot speak now and what to do about it; `None` when it should be able to.
    fn fault(&self) -> Option<String>;

    /// Speaks one line of cleaned text. Dropping the future ends all work on it.
    fn speak<'a>(&'a self, text: &'a str, gender: Gender) -> BoxFuture<'a, Result<Pcm, VoiceError>>;
}

/// Why a line was not spoken.
#[derive(Debug, thiserror::Error)]
pub(super) enum VoiceError {
    /// It is not on this machine; the text says what to install.
    #[error("{0}")]
    Missing(String),
    #[error("no speech after {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Outside(#[from] Trouble),
}
