//! What servers elsewhere do for audio: a language model that writes, an engine that speaks. How they are reached, and by
//! which key, is not known here.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::Gender;

/// A language model that answers in JSON.
pub trait Chat: Send + Sync {
    /// Its name, as clients see it.
    fn model(&self) -> &str;

    /// Its answer to a question: text that should be JSON of the question's schema, and need not be.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<String, Trouble>>;
}

/// What a language model is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// What it is to do. Words of ours alone: nothing of a client stands here.
    pub system: &'static str,
    /// What has been said so far, ours first.
    pub turns: Vec<Turn>,
    /// A name for the schema: letters and underscores.
    pub name: &'static str,
    /// The JSON schema that the answer is to have.
    pub schema: Value,
}

/// A part of a conversation with a language model.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Ours.
    Ours(String),
    /// The model's own.
    Theirs(String),
}

/// An engine that speaks.
pub trait Speech: Send + Sync {
    /// The name of its voice for this gender.
    fn name(&self, gender: Gender) -> &str;

    /// What tells its sound of a text from any other: the server, the model, the voice and, if it can be told, the mood.
    fn identity(&self, gender: Gender, mood: Option<&str>) -> String;

    /// Speaks a text, in the voice for this gender and in this mood if it can. Dropping the future ends the work.
    fn speak<'a>(
        &'a self,
        text: &'a str,
        gender: Gender,
        mood: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Sound, Trouble>>;
}

/// Sound: one channel of samples from -1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<f32>,
}

/// Which of the two a trouble is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Helper {
    /// `LLM_BASE_URL`.
    LanguageModel,
    /// `TTS_BASE_URL`.
    SpeechServer,
}

impl std::fmt::Display for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LanguageModel => "the language model",
            Self::SpeechServer => "the speech server",
        })
    }
}

/// Why a server elsewhere did not help, in words for clients: they name no address, no key and nothing that it said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// There is no connection.
    #[error("{0} cannot be reached; try again later")]
    Away(Helper),
    /// The connection broke before the answer was whole.
    #[error("{0} broke off its answer; try again later")]
    BrokeOff(Helper),
    /// It took too long.
    #[error("{helper} has not answered within {seconds} s; try again later, or ask for less")]
    TimedOut {
        /// Which.
        helper: Helper,
        /// The limit that was passed.
        seconds: u64,
    },
    /// It asks to be left alone for a while, and goes on to.
    #[error("{helper} has too much to do; try again later")]
    Busy {
        /// Which.
        helper: Helper,
        /// When to come again, where it has said so.
        retry_after_seconds: Option<u64>,
    },
    /// It refuses what it is asked; the operator's to mend.
    #[error("{helper} refuses the request with status {status}; the operator's log says more")]
    Refused {
        /// Which.
        helper: Helper,
        /// The HTTP status.
        status: u16,
    },
    /// It answers, and not with what it was asked for.
    #[error("{helper} gives an answer that cannot be used: {what}")]
    Unusable {
        /// Which.
        helper: Helper,
        /// What is wrong, in words of ours.
        what: Cow<'static, str>,
    },
    /// The operator's budget of the day is used up.
    #[error("the day's budget for {helper} is used up; there is a new one at midnight UTC")]
    Spent {
        /// Which.
        helper: Helper,
        /// Until midnight UTC.
        retry_after_seconds: u64,
    },
}
