//! A speech server as a voice.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::outside::{Sound, Speech};
use super::request::Gender;
use super::voice::{Pcm, Voice, VoiceError};

/// The engine that `TTS_BASE_URL` names.
pub(super) struct Remote(pub(super) Arc<dyn Speech>);

impl Voice for Remote {
    fn engine(&self) -> &'static str {
        "tts"
    }

    fn fault(&self) -> Option<String> {
        None
    }

    fn speak<'a>(&'a self, text: &'a str, gender: Gender) -> BoxFuture<'a, Result<Pcm, VoiceError>> {
        Box::pin(async move { Ok(pcm(&self.0.speak(text, gender, None).await?)) })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what 16 bits hold")]
fn pcm(sound: &Sound) -> Pcm {
    let whole = |sample: &f32| (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
    Pcm { rate: sound.rate, samples: sound.samples.iter().map(whole).collect() }
}
