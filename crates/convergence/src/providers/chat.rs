//! `POST {LLM_BASE_URL}/chat/completions`, as `OpenAI`, Ollama, vLLM, llama.cpp and many others answer it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tracing::warn;

use super::budget::Budget;
use super::exchange::{Answer, Known, Server};
use crate::audio::{Chat, Helper, Question, Trouble, Turn};
use crate::clock::Clock;
use crate::config::Llm;

/// The largest answer, in bytes.
const MOST: usize = 1 << 20;
/// Characters of a token, at the least that is usual: for what no server has counted.
const TOKEN: usize = 3;

/// A language model behind an OpenAI-compatible server.
pub(crate) struct LanguageModel {
    server: Server,
    model: String,
    /// The longest answer, in tokens.
    max_tokens: u32,
    budget: Budget,
    /// Learnt from the server's refusals, and kept once it has answered.
    knows_no_schema: AtomicBool,
    counts_completion_tokens: AtomicBool,
}

/// How this server wants to be asked.
#[derive(Clone, Copy)]
struct Dialect {
    /// `json_object`, and the schema among the instructions, in place of `json_schema`.
    schema_in_words: bool,
    /// `max_completion_tokens` in place of `max_tokens`.
    completion_tokens: bool,
}

impl LanguageModel {
    pub(super) fn new(settings: Llm, data_dir: &Path, clock: &Arc<dyn Clock>) -> reqwest::Result<Self> {
        let Llm { base, model, key, timeout, max_tokens, tokens_day } = settings;
        let helper = Helper::LanguageModel;
        Ok(Self {
            server: Server::new(helper, base, key.as_ref(), timeout)?,
            model,
            max_tokens,
            budget: Budget::new(helper, tokens_day, data_dir, "spent-llm.json", clock),
            knows_no_schema: AtomicBool::new(false),
            counts_completion_tokens: AtomicBool::new(false),
        })
    }

    /// Whether its server has this model.
    pub(crate) async fn is_known(&self) -> Result<Known, Trouble> {
        self.server.knows(&self.model).await
    }

    async fn answer(&self, question: &Question) -> Result<String, Trouble> {
        let asked = characters(question).div_ceil(TOKEN) as u64;
        let reserved = self.budget.reserve(asked + u64::from(self.max_tokens)).await?;
        let answer = match self.post(question).await {
            Ok(answer) => answer,
            Err(trouble) => return Err(reserved.fail(trouble).await),
        };
        let body: Value = serde_json::from_slice(&answer.body).map_err(|_| unusable("it is not JSON"))?;
        if body["choices"][0]["finish_reason"] == "length" {
            warn!(
                "the language model's answer was cut off at {} tokens; see LLM_MAX_TOKENS",
                self.max_tokens
            );
        }
        let content = content(&body);
        let counted = body["usage"]["total_tokens"].as_u64();
        let guessed = asked + content.map_or(0, |text| text.len().div_ceil(TOKEN)) as u64;
        reserved.settle(counted.unwrap_or(guessed)).await;
        content.map(str::to_owned).ok_or_else(|| unusable("it has no text"))
    }

    /// Asks in the server's own dialect, which is found out by its refusals.
    async fn post(&self, question: &Question) -> Result<Answer, Trouble> {
        let mut dialect = Dialect {
            schema_in_words: self.knows_no_schema.load(Ordering::Relaxed),
            completion_tokens: self.counts_completion_tokens.load(Ordering::Relaxed),
        };
        loop {
            let answer = self.server.post("chat/completions", &self.body(question, dialect), MOST).await?;
            if answer.status.is_success() {
                self.knows_no_schema.store(dialect.schema_in_words, Ordering::Relaxed);
                self.counts_completion_tokens.store(dialect.completion_tokens, Ordering::Relaxed);
                return Ok(answer);
            }
            let said = String::from_utf8_lossy(&answer.body);
            match answer.status.as_u16() {
                400 | 422 if said.contains("max_completion_tokens") && !dialect.completion_tokens => {
                    dialect.completion_tokens = true;
                }
                400 | 422 | 501 if !dialect.schema_in_words => dialect.schema_in_words = true,
                _ => return Err(self.server.refusal(&answer)),
            }
        }
    }

    fn body(&self, question: &Question, dialect: Dialect) -> Value {
        let (system, format) = if dialect.schema_in_words {
            let system = format!("{}\n\nThe schema: {}", question.system, question.schema);
            (system, json!({"type": "json_object"}))
        } else {
            let schema = json!({"name": question.name, "strict": true, "schema": question.schema});
            (question.system.to_owned(), json!({"type": "json_schema", "json_schema": schema}))
        };
        let turn = |turn: &Turn| match turn {
            Turn::Ours(text) => json!({"role": "user", "content": text}),
            Turn::Theirs(text) => json!({"role": "assistant", "content": text}),
        };
        let system = std::iter::once(json!({"role": "system", "content": system}));
        let messages: Vec<Value> = system.chain(question.turns.iter().map(turn)).collect();
        let most = if dialect.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        json!({
            "model": self.model,
            "messages": messages,
            "response_format": format,
            most: self.max_tokens,
            "stream": false,
        })
    }
}

impl Chat for LanguageModel {
    fn model(&self) -> &str {
        &self.model
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<String, Trouble>> {
        Box::pin(self.answer(question))
    }
}

/// The text of the first choice.
fn content(body: &Value) -> Option<&str> {
    body["choices"][0]["message"]["content"].as_str().filter(|text| !text.trim().is_empty())
}

fn unusable(what: &'static str) -> Trouble {
    Trouble::Unusable { helper: Helper::LanguageModel, what: what.into() }
}

fn characters(question: &Question) -> usize {
    let turns = question.turns.iter().map(|turn| match turn {
        Turn::Ours(text) | Turn::Theirs(text) => text.len(),
    });
    question.system.len() + turns.sum::<usize>()
}
