//! What a voice is: text and a gender in, sound out.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::request::Gender;

/// The engines that a client may ask for.
pub(super) const ENGINES: [&str; 1] = ["flite"];

/// Something that speaks. It has exactly one voice for each [`Gender`], and the two differ.
pub(super) trait Voice: Send + Sync {
    /// The engine's name, as clients see it and ask for it.
    fn engine(&self) -> &'static str;

    /// Why it cannot speak now and what to do about it; `None` when it should be able to.
    fn fault(&self) -> Option<String>;

    /// What distinguishes one voice of it from another, by name.
    fn name(&self, gender: Gender) -> String;

    /// Speaks one line of cleaned text, as samples at [`speech::sound::RATE`]. Dropping the future ends all work on it.
    fn speak<'a>(&'a self, text: &'a str, gender: Gender) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>>;
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
}
