//! What a voice is: text and a gender in, sound out. And which of several is to speak.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::recording::AudioError;
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

    /// Speaks one line, in words as `speech::text` makes them, as samples at [`speech::sound::RATE`]. Dropping the future ends all work on it.
    fn speak<'a>(&'a self, text: &'a str, gender: Gender) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>>;
}

/// All that can speak, or could if it were installed.
pub(super) struct Voices {
    /// The preferred one first.
    all: Vec<Box<dyn Voice>>,
}

impl Voices {
    /// The preferred one first. There is at least one.
    pub(super) fn new(all: Vec<Box<dyn Voice>>) -> Self {
        Self { all }
    }

    /// The one that was asked for, or else the first that can speak.
    ///
    /// # Errors
    /// It cannot speak, or none can: with what to do about it.
    pub(super) fn choose(&self, engine: Option<&str>) -> Result<&dyn Voice, AudioError> {
        let wanted = || self.all.iter().filter(|voice| engine.is_none_or(|name| voice.engine() == name));
        if let Some(voice) = wanted().find(|voice| voice.fault().is_none()) {
            return Ok(&**voice);
        }
        let fault = wanted().find_map(|voice| voice.fault());
        Err(AudioError::NoVoice { install: fault.unwrap_or_else(|| "there is no such engine".to_owned()) })
    }

    /// Those that should be able to speak now, the preferred one first.
    pub(super) fn able(&self) -> impl Iterator<Item = &dyn Voice> {
        self.all.iter().map(|voice| &**voice).filter(|voice| voice.fault().is_none())
    }

    /// Why none can speak now and what to install; `None` when one can.
    pub(super) fn fault(&self) -> Option<String> {
        let faults = self.all.iter().map(|voice| voice.fault()).collect::<Option<Vec<_>>>()?;
        faults.into_iter().next()
    }
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
