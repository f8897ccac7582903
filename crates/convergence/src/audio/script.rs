//! The lines to speak, and who writes them.
//!
//! | what there is | who writes | how long it gets |
//! |---|---|---|
//! | a transcript | the client: word for word | as long as it is |
//! | a language model | `author`, in blocks that are `check`ed | as long as was asked for |
//! | an outline | `presenter`, in the outline's own words | as long as it is |
//! | a prompt alone | `template` | about a minute |
//!
//! What a client sends is material for all of them and tells none of them what to do.

mod author;
mod check;
mod outline;
mod presenter;
mod template;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use outline::{Outline, Point};

use super::outside::{Chat, Trouble};
use super::request::{Gender, Line, Person, Request};

/// Words in a minute of speech, before anything has been measured.
pub(super) const USUAL_PACE: f64 = 165.0;

/// What is still to be written of the length that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// Of the asked length, measured on what has been spoken.
    pub(super) seconds: f64,
    /// The pace so far, pauses included.
    pub(super) words_per_minute: f64,
}

/// Somebody who writes a script, a few lines at a time.
pub(super) trait Writer: Send {
    /// The next lines; none when it has ended. Lines that it has given are spoken, whatever comes.
    fn next(&mut self, left: Left) -> BoxFuture<'_, Result<Vec<Line>, ScriptError>>;

    /// Takes over a script from where it has come to, before a restart.
    fn go_on(&mut self, script: &Script);

    /// Whether there is nothing more to come.
    fn has_ended(&self) -> bool;

    /// What is to be told about the script so far.
    fn told(&self) -> Told;
}

/// What a client is told about a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) source: ScriptSource,
    /// What was not done as asked.
    pub(super) warnings: Vec<String>,
    /// Each point of the outline, where there was one.
    pub(super) coverage: Vec<Coverage>,
}

/// What became of a point of the outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// The point's own words.
    pub point: String,
    /// Whether it is spoken of.
    pub covered: bool,
    /// In which line first, counted from 0.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Where the lines came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ScriptSource {
    /// The client gave them; they are spoken word for word.
    Transcript,
    /// They present the client's outline in its own words.
    Outline,
    /// The built-in template wrote them around the prompt.
    Template,
    /// A language model of this name wrote them.
    Llm(String),
}

impl ScriptSource {
    /// The word for it, as in JSON.
    pub fn name(&self) -> String {
        match self {
            Self::Transcript => "transcript".to_owned(),
            Self::Outline => "outline".to_owned(),
            Self::Template => "template".to_owned(),
            Self::Llm(model) => format!("llm:{model}"),
        }
    }
}

impl From<ScriptSource> for String {
    fn from(source: ScriptSource) -> Self {
        source.name()
    }
}

impl From<String> for ScriptSource {
    fn from(name: String) -> Self {
        match name.as_str() {
            "transcript" => Self::Transcript,
            "outline" => Self::Outline,
            "template" => Self::Template,
            model => Self::Llm(model.strip_prefix("llm:").unwrap_or(model).to_owned()),
        }
    }
}

/// Why there is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptError {
    /// The language model did not answer.
    #[error(transparent)]
    Outside(#[from] Trouble),
    /// It answered with lines that nobody should hear, and again when it was told what is wrong with them.
    #[error(
        "the language model writes lines that cannot be used, asked {asked} times; the last time: {fault}"
    )]
    Unusable {
        /// How often it was asked.
        asked: usize,
        /// What was wrong first, in words of ours.
        fault: String,
    },
}

/// A script as far as it is written, and what is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Script {
    pub(super) lines: Vec<Line>,
    pub(super) told: Told,
    pub(super) has_ended: bool,
}

impl Script {
    /// One of which nothing is written.
    pub(super) fn nothing(told: Told) -> Self {
        Self { lines: Vec::new(), told, has_ended: false }
    }
}

/// The one who writes what is asked for.
pub(super) fn writer(request: Request, chat: Option<Arc<dyn Chat>>) -> Box<dyn Writer> {
    if let Some(lines) = request.transcript {
        let given = [
            ("`prompt`", request.prompt.is_some()),
            ("`vibe`", request.vibe.is_some()),
            ("`outline`", request.outline.is_some()),
            ("`outline_url`", request.outline_url.is_some()),
        ];
        let unused: Vec<_> = given.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
        let mut warnings = request.notes;
        if !unused.is_empty() {
            warnings.push(format!("the transcript is spoken as it stands, without {}", unused.join(" and ")));
        }
        return Box::new(Written::new(lines, ScriptSource::Transcript, warnings));
    }
    match (chat, request.outline.clone()) {
        (Some(chat), _) => Box::new(author::Author::new(chat, request)),
        (None, Some(outline)) => Box::new(presenter::present(&outline, request)),
        (None, None) => Box::new(template::write(request)),
    }
}

/// A script that is there already, and comes in one piece.
pub(super) struct Written {
    lines: Vec<Line>,
    told: Told,
}

impl Written {
    fn new(lines: Vec<Line>, source: ScriptSource, warnings: Vec<String>) -> Self {
        Self { lines, told: Told { source, warnings, coverage: Vec::new() } }
    }
}

impl Writer for Written {
    fn next(&mut self, _: Left) -> BoxFuture<'_, Result<Vec<Line>, ScriptError>> {
        let lines = std::mem::take(&mut self.lines);
        Box::pin(async { Ok(lines) })
    }

    fn go_on(&mut self, _: &Script) {
        // It came in one piece.
        self.lines.clear();
    }

    fn has_ended(&self) -> bool {
        self.lines.is_empty()
    }

    fn told(&self) -> Told {
        self.told.clone()
    }
}

/// Who speaks where nobody has said who: a host, and a guest who knows more.
fn usual_cast() -> [Person; 2] {
    let person = |name: &str, gender, role: &str| Person {
        name: name.to_owned(),
        gender,
        role: Some(role.to_owned()),
    };
    [person("Julia", Gender::Female, "host"), person("Peter", Gender::Male, "guest")]
}

/// What somebody says, as a line.
fn line(person: &Person, message: String) -> Line {
    Line { name: person.name.clone(), gender: person.gender, role: person.role.clone(), message }
}

/// Words, as a pace counts them.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// What is said of a length that was asked for and is not made.
fn not_padded(minutes: u32) -> String {
    match minutes {
        1 => String::new(),
        minutes => format!("; it was not padded to the {minutes} minutes asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const LEFT: Left = Left { seconds: 600.0, words_per_minute: USUAL_PACE };

    fn request() -> Request {
        Request { prompt: Some("A topic".into()), duration_minutes: 10, ..Request::default() }
    }

    #[tokio::test]
    async fn a_transcript_is_spoken_as_it_stands() {
        let line = Line { name: "Ann".into(), gender: Gender::Female, role: None, message: "Hello.".into() };
        let outline = Some(Outline::read("- A point"));
        let given = Request { transcript: Some(vec![line.clone()]), outline, ..request() };
        let mut writer = writer(given, None);
        assert_eq!(writer.next(LEFT).await.unwrap(), [line]);
        assert_eq!(writer.next(LEFT).await.unwrap(), []);
        let told = writer.told();
        assert_eq!(told.source, ScriptSource::Transcript);
        assert_eq!(told.warnings, ["the transcript is spoken as it stands, without `prompt` and `outline`"]);
    }

    #[test]
    fn the_source_is_said_in_a_word() {
        let llm = ScriptSource::Llm("some/model:1b".into());
        assert_eq!(serde_json::to_string(&llm).unwrap(), "\"llm:some/model:1b\"");
        for source in [llm, ScriptSource::Transcript, ScriptSource::Outline, ScriptSource::Template] {
            assert_eq!(ScriptSource::from(source.name()), source);
        }
        assert_eq!(writer(request(), None).told().source, ScriptSource::Template);
        let with_outline = Request { outline: Some(Outline::read("- A point")), ..request() };
        assert_eq!(writer(with_outline, None).told().source, ScriptSource::Outline);
    }
}
