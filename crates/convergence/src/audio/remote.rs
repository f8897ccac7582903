//! A speech server as a voice.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use speech::sound::resample;
use speech::text::Spoken as Words;
use tokio::task::spawn_blocking;

use super::outside::Speech;
use super::request::Gender;
use super::voice::{Manner, Voice, VoiceError};

/// The engine that `TTS_BASE_URL` names.
pub(super) struct Remote(pub(super) Arc<dyn Speech>);

impl Remote {
    /// Whose voice it is.
    fn gender(&self, voice: &str) -> Gender {
        if self.0.name(Gender::Male) == voice { Gender::Male } else { Gender::Female }
    }
}

impl Voice for Remote {
    fn engine(&self) -> &'static str {
        "tts"
    }

    fn fault(&self) -> Option<String> {
        None
    }

    fn has(&self, voice: &str) -> bool {
        [Gender::Female, Gender::Male].into_iter().any(|gender| self.0.name(gender) == voice)
    }

    fn usual(&self, gender: Gender) -> Cow<'_, str> {
        self.0.name(gender).into()
    }

    /// It is asked for nothing but its own pace.
    fn speeds(&self) -> RangeInclusive<f32> {
        1.0..=1.0
    }

    fn paid_for(&self, manner: Manner<'_>) -> Option<String> {
        Some(self.0.identity(self.gender(manner.voice), manner.mood))
    }

    fn speak<'a>(
        &'a self,
        words: &'a Words,
        manner: Manner<'a>,
    ) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>> {
        Box::pin(async move {
            let sound = self.0.speak(&words.words(), self.gender(manner.voice), manner.mood).await?;
            let converted = spawn_blocking(move || resample(sound.samples, sound.rate)).await;
            converted.map_err(VoiceError::failed)?.map_err(VoiceError::failed)
        })
    }
}
