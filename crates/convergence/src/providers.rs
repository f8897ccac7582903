//! Servers elsewhere that help with audio: a language model, an engine that speaks, and whoever has an outline.
//!
//! | file | what |
//! |---|---|
//! | `exchange` | one question to a provider: time, size, attempts, and its key |
//! | `chat`, `speech` | the two protocols, `OpenAI`'s and many others' |
//! | `sound`, `wav` | what speech comes in |
//! | `budget` | what may be spent on a day |
//! | `fetch`, `guard`, `document`, `office` | an outline from an address of a client's choice, and why that is no way into a network |
//!
//! No vendor's name, address or model stands here. Nothing that a provider says reaches a client, and no key the log.

mod budget;
mod chat;
mod document;
mod exchange;
mod fetch;
mod guard;
mod office;
mod sound;
mod speech;
mod wav;

use std::path::Path;
use std::sync::Arc;

pub(crate) use chat::LanguageModel;
pub(crate) use exchange::Known;
pub(crate) use fetch::{FetchError, Fetcher};
pub(crate) use office::{Office, text as text_of_office};
pub(crate) use speech::SpeechServer;

use crate::clock::Clock;
use crate::config::{self, Fault};

/// Everybody who helps.
pub(crate) struct Providers {
    pub(crate) chat: Option<Arc<LanguageModel>>,
    pub(crate) speech: Option<Arc<SpeechServer>>,
    pub(crate) fetcher: Fetcher,
}

impl Providers {
    /// Nobody is called yet.
    ///
    /// # Errors
    /// There can be no TLS.
    pub(crate) fn new(
        settings: config::Providers,
        data_dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let fault = |variable: &str, error: reqwest::Error| {
            let wrong = format!("its server cannot be asked by TLS: {}", error.without_url());
            Fault { variable: variable.to_owned(), wrong }
        };
        let chat = settings.llm.map(|llm| LanguageModel::new(llm, data_dir, clock));
        let speech = settings.tts.map(|tts| SpeechServer::new(tts, data_dir, clock));
        Ok(Self {
            chat: chat.transpose().map_err(|error| fault("LLM_BASE_URL", error))?.map(Arc::new),
            speech: speech.transpose().map_err(|error| fault("TTS_BASE_URL", error))?.map(Arc::new),
            fetcher: Fetcher::new(settings.outline_hosts),
        })
    }
}
