//! A speech server as a voice.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use speech::sound::resample;
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

    fn name(&self, gender: Gender) -> String {
        format!("tts:{}", self.0.name(gender))
    }

    fn speak<'a>(&'a self, text: &'a str, gender: Gender) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>> {
        Box::pin(async move {
            let sound = self.0.speak(text, gender, None).await?;
            let converted = spawn_blocking(move || resample(sound.samples, sound.rate)).await;
            let failed = |error: String| VoiceError::Failed(error);
            converted.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
        })
    }
}
