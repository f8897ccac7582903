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
use super::voice::{Voice, VoiceError};

/// The engine that `TTS_BASE_URL` names.
pub(super) struct Remote(pub(super) Arc<dyn Speech>);

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

    fn speak<'a>(
        &'a self,
        words: &'a Words,
        voice: &'a str,
        _speed: f32,
    ) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>> {
        Box::pin(async move {
            let gender = if self.0.name(Gender::Male) == voice { Gender::Male } else { Gender::Female };
            let sound = self.0.speak(&words.words(), gender, None).await?;
            let converted = spawn_blocking(move || resample(sound.samples, sound.rate)).await;
            converted.map_err(VoiceError::failed)?.map_err(VoiceError::failed)
        })
    }
}
