//! `POST {TTS_BASE_URL}/audio/speech`, as many servers for speech answer it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde_json::json;

use super::budget::Budget;
use super::exchange::{Answer, Known, Server};
use super::sound;
use crate::audio::{Gender, Helper, Sound, Speech, Trouble};
use crate::clock::Clock;
use crate::config::Tts;

/// The largest answer, in bytes: three minutes of the largest sound there is.
const MOST: usize = 32 << 20;

/// An OpenAI-compatible server that speaks.
pub(crate) struct SpeechServer {
    server: Server,
    model: String,
    female: String,
    male: String,
    budget: Budget,
    /// Learnt from the server's refusals, and kept once it has spoken.
    has_no_wav: AtomicBool,
}

impl SpeechServer {
    pub(super) fn new(settings: Tts, data_dir: &Path, clock: &Arc<dyn Clock>) -> reqwest::Result<Self> {
        let Tts { base, model, key, timeout, female, male, characters_day } = settings;
        let helper = Helper::SpeechServer;
        Ok(Self {
            server: Server::new(helper, base, key.as_ref(), timeout)?,
            model,
            female,
            male,
            budget: Budget::new(helper, characters_day, data_dir, "spent-tts.json", clock),
            has_no_wav: AtomicBool::new(false),
        })
    }

    /// Whether its server has this model.
    pub(crate) async fn is_known(&self) -> Result<Known, Trouble> {
        self.server.knows(&self.model).await
    }

    async fn say(&self, text: &str, gender: Gender, mood: Option<&str>) -> Result<Sound, Trouble> {
        let characters = text.chars().count() as u64;
        let reserved = self.budget.reserve(characters).await?;
        let answer = match self.post(text, gender, mood).await {
            Ok(answer) => answer,
            Err(trouble) => return Err(reserved.fail(trouble).await),
        };
        let decoded =
            tokio::task::spawn_blocking(move || sound::decode(&answer.content_type, &answer.body)).await;
        let unusable =
            |what: &'static str| Trouble::Unusable { helper: Helper::SpeechServer, what: what.into() };
        decoded.map_err(|_| unusable("its sound cannot be decoded"))?.map_err(unusable)
    }

    fn voice(&self, gender: Gender) -> &str {
        match gender {
            Gender::Female => &self.female,
            Gender::Male => &self.male,
        }
    }

    async fn post(&self, text: &str, gender: Gender, mood: Option<&str>) -> Result<Answer, Trouble> {
        let voice = self.voice(gender);
        let mut as_mp3 = self.has_no_wav.load(Ordering::Relaxed);
        loop {
            let format = if as_mp3 { "mp3" } else { "wav" };
            let mut body =
                json!({"model": self.model, "input": text, "voice": voice, "response_format": format});
            if let Some(mood) = mood {
                body["instructions"] = mood.into();
            }
            let answer = self.server.post("audio/speech", &body, MOST).await?;
            match answer.status.as_u16() {
                200..=299 => {
                    self.has_no_wav.store(as_mp3, Ordering::Relaxed);
                    return Ok(answer);
                }
                400 | 415 | 422 if !as_mp3 => as_mp3 = true,
                _ => return Err(self.server.refusal(&answer)),
            }
        }
    }
}

impl Speech for SpeechServer {
    fn name(&self, gender: Gender) -> String {
        format!("{}/{}", self.model, self.voice(gender))
    }

    fn speak<'a>(
        &'a self,
        text: &'a str,
        gender: Gender,
        mood: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Sound, Trouble>> {
        Box::pin(self.say(text, gender, mood))
    }
}
