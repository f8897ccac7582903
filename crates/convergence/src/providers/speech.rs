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
    /// Whether it is told the mood.
    instructions: bool,
    /// Learnt from the server's refusals, and kept once it has spoken.
    has_no_wav: AtomicBool,
    has_no_instructions: AtomicBool,
}

/// How this server wants to be asked.
#[derive(Clone, Copy)]
struct Dialect {
    /// MP3 in place of WAV.
    as_mp3: bool,
    /// No `instructions`.
    without_mood: bool,
}

impl Dialect {
    /// What to try after a refusal that says this; nothing where all has been tried. A server that names the member is
    /// believed. One that does not may mean either.
    fn after(self, said: &str, has_mood: bool) -> Option<Self> {
        let can_do_without = has_mood && !self.without_mood;
        match self.as_mp3 {
            _ if can_do_without && said.contains("instructions") => Some(Self { without_mood: true, ..self }),
            false => Some(Self { as_mp3: true, ..self }),
            true if can_do_without => Some(Self { as_mp3: false, without_mood: true }),
            true => None,
        }
    }
}

impl SpeechServer {
    pub(super) fn new(settings: Tts, data_dir: &Path, clock: &Arc<dyn Clock>) -> reqwest::Result<Self> {
        let Tts { base, model, key, timeout, female, male, characters_day, instructions } = settings;
        let helper = Helper::SpeechServer;
        Ok(Self {
            server: Server::new(helper, base, key.as_ref(), timeout)?,
            model,
            female,
            male,
            budget: Budget::new(helper, characters_day, data_dir, "spent-tts.json", clock),
            instructions,
            has_no_wav: AtomicBool::new(false),
            has_no_instructions: AtomicBool::new(false),
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

    /// The mood as this server is told it.
    fn mood<'a>(&self, mood: Option<&'a str>) -> Option<&'a str> {
        mood.filter(|_| self.instructions)
    }

    /// Asks in the server's own dialect, which is found out by its refusals.
    async fn post(&self, text: &str, gender: Gender, mood: Option<&str>) -> Result<Answer, Trouble> {
        let mood = self.mood(mood);
        let mut dialect = Dialect {
            as_mp3: self.has_no_wav.load(Ordering::Relaxed),
            without_mood: self.has_no_instructions.load(Ordering::Relaxed),
        };
        loop {
            let format = if dialect.as_mp3 { "mp3" } else { "wav" };
            let voice = self.name(gender);
            let mut body =
                json!({"model": self.model, "input": text, "voice": voice, "response_format": format});
            if let Some(mood) = mood.filter(|_| !dialect.without_mood) {
                body["instructions"] = mood.into();
            }
            let answer = self.server.post("audio/speech", &body, MOST).await?;
            if answer.status.is_success() {
                self.has_no_wav.store(dialect.as_mp3, Ordering::Relaxed);
                self.has_no_instructions.store(dialect.without_mood, Ordering::Relaxed);
                return Ok(answer);
            }
            let may_be_the_dialect = matches!(answer.status.as_u16(), 400 | 415 | 422);
            let said = String::from_utf8_lossy(&answer.body);
            dialect = Some(dialect)
                .filter(|_| may_be_the_dialect)
                .and_then(|dialect| dialect.after(&said, mood.is_some()))
                .ok_or_else(|| self.server.refusal(&answer))?;
        }
    }
}

impl Speech for SpeechServer {
    fn name(&self, gender: Gender) -> &str {
        match gender {
            Gender::Female => &self.female,
            Gender::Male => &self.male,
        }
    }

    fn identity(&self, gender: Gender, mood: Option<&str>) -> String {
        json!([self.server.base(), self.model, self.name(gender), self.mood(mood)]).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried in turn, as format and whether the mood is told, when each is refused with these words.
    fn tried(said: &str, has_mood: bool) -> Vec<(bool, bool)> {
        let first = Dialect { as_mp3: false, without_mood: false };
        let all = std::iter::successors(Some(first), |dialect| dialect.after(said, has_mood));
        all.map(|dialect| (dialect.as_mp3, has_mood && !dialect.without_mood)).collect()
    }

    #[test]
    fn each_dialect_is_tried_once_and_the_named_member_first() {
        assert_eq!(tried("no", false), [(false, false), (true, false)]);
        assert_eq!(tried("no", true), [(false, true), (true, true), (false, false), (true, false)]);
        assert_eq!(tried("extra: instructions", true), [(false, true), (false, false), (true, false)]);
    }
}
