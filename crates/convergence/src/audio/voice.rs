//! What a voice is: text and a gender in, sound out. And which of several is to speak.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::future::BoxFuture;

use speech::kokoro::{SPEEDS, VoiceName};
use speech::text::Spoken as Words;

use super::outside::Trouble;
use super::recording::AudioError;
use super::request::Gender;

/// The engines that a client may ask for.
pub(super) const ENGINES: [&str; 3] = ["tts", "kokoro", "flite"];

/// Whether any engine has a voice of this name.
pub(super) fn is_voice(name: &str) -> bool {
    super::flite::VOICES.contains(&name) || name.parse::<VoiceName>().is_ok()
}

/// How a line is to be spoken.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// One of the engine's voices.
    pub(super) voice: &'a str,
    /// One of its [`Voice::speeds`], 1 for the voice's own pace.
    pub(super) speed: f32,
    /// In which mood, in a sentence; for those who can be told.
    pub(super) mood: Option<&'a str>,
}

/// Something that speaks. It has a usual voice for each [`Gender`], and the two differ.
pub(super) trait Voice: Send + Sync {
    /// The engine's name, as clients see it and ask for it.
    fn engine(&self) -> &'static str;

    /// Why it cannot speak now and what to do about it; `None` when it should be able to.
    fn fault(&self) -> Option<String>;

    /// Whether it has a voice of this name.
    fn has(&self, voice: &str) -> bool;

    /// The name of the voice that speaks if no other is asked for.
    fn usual(&self, gender: Gender) -> Cow<'_, str>;

    /// How fast its voices can be asked to speak.
    fn speeds(&self) -> RangeInclusive<f32> {
        SPEEDS
    }

    /// What tells this sound of a line from any other, where it has to be paid for; `None` where it is made here.
    fn paid_for(&self, _manner: Manner<'_>) -> Option<String> {
        None
    }

    /// Speaks one line, as samples at [`speech::sound::RATE`]. Nobody hears what is spoken once the future is dropped.
    fn speak<'a>(
        &'a self,
        words: &'a Words,
        manner: Manner<'a>,
    ) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>>;

    /// Gives up what has not been used for a while. Called now and then.
    fn rest(&self) {}
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

    /// The one that was asked for, or else the first that can speak and has the voices that are asked for.
    ///
    /// # Errors
    /// It cannot speak, or none can: with what to do about it.
    pub(super) fn choose<'n>(
        &self,
        engine: Option<&str>,
        voices: impl Iterator<Item = &'n str>,
    ) -> Result<&dyn Voice, AudioError> {
        let voices: Vec<&str> = voices.collect();
        let fits = |engine_of: &dyn Voice| {
            engine.is_none_or(|name| engine_of.engine() == name)
                && voices.iter().all(|name| engine_of.has(name))
        };
        let wanted = || self.all.iter().filter(|voice| fits(&***voice));
        if let Some(voice) = wanted().find(|voice| voice.fault().is_none()) {
            return Ok(&**voice);
        }
        // Each of them would do.
        let faults: Vec<String> = wanted().filter_map(|voice| voice.fault()).collect();
        let install = if faults.is_empty() { self.why_none(engine) } else { faults.join("; or: ") };
        Err(AudioError::NoVoice { install })
    }

    /// Has each give up what has not been used for a while.
    pub(super) fn rest(&self) {
        self.all.iter().for_each(|voice| voice.rest());
    }

    /// Those that should be able to speak now, the preferred one first.
    pub(super) fn able(&self) -> impl Iterator<Item = &dyn Voice> {
        self.all.iter().map(|voice| &**voice).filter(|voice| voice.fault().is_none())
    }

    /// Why no engine that is here is the one that was asked for.
    fn why_none(&self, engine: Option<&str>) -> String {
        match engine {
            Some(name) if !self.all.iter().any(|voice| voice.engine() == name) => {
                "this engine is not set up here; see TTS_BASE_URL".to_owned()
            }
            _ => "no engine here has all the voices that are asked for".to_owned(),
        }
    }

    /// Why none can speak now and what to install; `None` when one can.
    pub(super) fn fault(&self) -> Option<String> {
        self.all
            .iter()
            .map(|voice| voice.fault())
            .collect::<Option<Vec<_>>>()
            .map(|faults| faults.join("; or: "))
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
    #[error(transparent)]
    Outside(#[from] Trouble),
}

impl VoiceError {
    /// Whatever went wrong, in its own words.
    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}
