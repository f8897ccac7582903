//! A script by a language model: the cast is fixed first, then block after block is asked for, looked at, and asked for
//! again where it is wrong, until the length that was asked for is reached.
//!
//! The model decides the words of the lines and nothing else: who may speak, how many lines, how many words, when it ends,
//! and how often it is asked are decided here. What the client has sent stands in messages as JSON data.

mod material;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use speech::text::Reader;

use super::super::outside::{Chat, Turn};
use super::super::request::{Gender, Line, Person, Request};
use super::check::{self, Block, Checked, Frame};
use super::{Coverage, Left, Script, ScriptError, ScriptSource, Told, Writer, usual_cast};

/// How often a block is asked for: once, and twice again with what is wrong with it.
const ATTEMPTS: usize = 3;
/// Lines of a block at the most, and the words that a line is asked to have.
const BLOCK_LINES: f64 = 12.0;
const LINE_WORDS: f64 = 24.0;
/// Where fewer words are left, the two come to an end with them; and how many are kept back for that.
const LAST_WORDS: f64 = 45.0;
const CLOSING_WORDS: f64 = 24.0;
/// The part of all words that the first block may have.
const FIRST_SHARE: f64 = 0.35;
/// Lines of a whole script: two hours, at ten words a line. Beyond that something is wrong with what was measured.
const MOST_LINES: usize = 2_000;
/// Of an answer that is wrong, this many characters are shown to the model again.
const SHOWN_AGAIN: usize = 8_000;

/// The language model, with one client's request.
pub(super) struct Author {
    chat: Arc<dyn Chat>,
    request: Request,
    cast: Option<[Person; 2]>,
    said: Vec<Line>,
    coverage: Vec<Coverage>,
    has_ended: bool,
    warnings: Vec<String>,
    left_out: usize,
}

/// What the next block is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    lines: usize,
    words: usize,
    is_closing: bool,
}

impl Plan {
    /// By what is left: whole exchanges, with room for an ending, and then the ending.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a few lines")]
    fn of(left: Left, nothing_said: bool) -> Self {
        let words = left.seconds * left.words_per_minute / 60.0;
        if words < LAST_WORDS && !nothing_said {
            return Self { lines: 2, words: words.clamp(16.0, LAST_WORDS) as usize, is_closing: true };
        }
        // Before anything is measured the pace is a guess, and may be wrong by half.
        let open = (words - CLOSING_WORDS) * if nothing_said { FIRST_SHARE } else { 1.0 };
        let exchanges = (open / LINE_WORDS / 2.0).round().clamp(1.0, BLOCK_LINES / 2.0);
        let words = open.clamp(16.0, exchanges * 2.0 * LINE_WORDS) as usize;
        Self { lines: exchanges as usize * 2, words, is_closing: false }
    }
}

impl Author {
    pub(super) fn new(chat: Arc<dyn Chat>, mut request: Request) -> Self {
        let points = request.outline.iter().flat_map(|outline| &outline.points);
        let coverage = points.map(|point| Coverage { point: point.text.clone(), covered: false, line: None });
        let warnings = std::mem::take(&mut request.notes);
        Self {
            cast: request.speakers.clone(),
            coverage: coverage.collect(),
            chat,
            request,
            said: Vec::new(),
            has_ended: false,
            warnings,
            left_out: 0,
        }
    }

    async fn write(&mut self, left: Left) -> Result<Vec<Line>, ScriptError> {
        if self.has_ended || self.said.len() >= MOST_LINES {
            return Ok(Vec::new());
        }
        let cast = match self.cast.clone() {
            Some(cast) => cast,
            None => self.choose_cast().await?,
        };
        self.cast = Some(cast.clone());
        let plan = Plan::of(left, self.said.is_empty());
        let checked = self.block(&cast, plan, left).await?;
        self.has_ended = plan.is_closing;
        let first = self.said.len();
        for (at, (line, point)) in checked.kept.into_iter().enumerate() {
            if let Some(point) = point {
                self.cover(point, first + at, &line.message);
            }
            self.said.push(line);
        }
        Ok(self.said[first..].to_vec())
    }

    /// A model may say that it speaks of a point. It is believed where they have a word in common.
    fn cover(&mut self, point: usize, line: usize, text: &str) {
        let coverage = &mut self.coverage[point];
        if !coverage.covered && check::is_about(text, &coverage.point) {
            (coverage.covered, coverage.line) = (true, Some(line));
        }
    }

    /// Asks for a block until it is right, or until what is right of it will have to do.
    async fn block(&mut self, cast: &[Person; 2], plan: Plan, left: Left) -> Result<Checked, ScriptError> {
        let next = self.said.last().map_or(0, |line| usize::from(line.name == cast[0].name));
        let material =
            material::Material { request: &self.request, said: &self.said, coverage: &self.coverage };
        let mut question = material.question(cast, next, plan, left);
        let frame = Frame {
            cast,
            next,
            lines: plan.lines,
            words: plan.words,
            is_closing: plan.is_closing,
            before: &self.said,
            points: self.coverage.len(),
        };
        let mut best: Option<Checked> = None;
        let mut fault = String::new();
        for _ in 0..ATTEMPTS {
            let answer = self.chat.ask(&question).await?;
            let checked = match Block::read(&answer) {
                Some(block) => check::check(block, &frame),
                None => {
                    Checked { kept: Vec::new(), faults: vec!["the answer is not JSON of the schema".into()] }
                }
            };
            if checked.faults.is_empty() {
                return Ok(checked);
            }
            fault.clone_from(&checked.faults[0]);
            question.turns.truncate(1);
            question.turns.push(Turn::Theirs(answer.chars().take(SHOWN_AGAIN).collect()));
            let wrong =
                json!({"wrong": checked.faults, "task": "Write the whole block again without these faults."});
            question.turns.push(Turn::Ours(wrong.to_string()));
            if best.as_ref().is_none_or(|best| best.kept.len() < checked.kept.len()) {
                best = Some(checked);
            }
        }
        let best = best.filter(|best| best.is_enough(&frame));
        let best = best.ok_or(ScriptError::Unusable { asked: ATTEMPTS, fault })?;
        self.left_out += plan.lines.saturating_sub(best.kept.len()).max(1);
        Ok(best)
    }

    /// Two names from the model; where it has none that will do, the usual ones.
    async fn choose_cast(&mut self) -> Result<[Person; 2], ScriptError> {
        let material = material::Material { request: &self.request, said: &[], coverage: &self.coverage };
        let answer = self.chat.ask(&material.casting()).await?;
        let cast = read_cast(&answer);
        if cast.is_none() {
            self.warnings.push("the language model gave no two names, so the usual ones speak".to_owned());
        }
        Ok(cast.unwrap_or_else(usual_cast))
    }
}

impl Writer for Author {
    fn next(&mut self, left: Left) -> BoxFuture<'_, Result<Vec<Line>, ScriptError>> {
        Box::pin(self.write(left))
    }

    fn go_on(&mut self, script: &Script) {
        self.said.clone_from(&script.lines);
        self.coverage.clone_from(&script.told.coverage);
        self.has_ended = script.has_ended;
        if self.cast.is_none() {
            self.cast = cast_of(&script.lines);
        }
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn told(&self) -> Told {
        let mut warnings = self.warnings.clone();
        if self.left_out > 0 {
            warnings.push(format!(
                "about {} line(s) of the language model were left out: repeats, stage directions or the like",
                self.left_out
            ));
        }
        let missed = self.coverage.iter().filter(|point| !point.covered).count();
        if missed > 0 && self.has_ended {
            let all = self.coverage.len();
            warnings.push(format!("{missed} of the outline's {all} points were not spoken of"));
        }
        let source = ScriptSource::Llm(self.chat.model().to_owned());
        Told { source, warnings, coverage: self.coverage.clone() }
    }
}

/// The two who speak in these lines, once both do.
fn cast_of(lines: &[Line]) -> Option<[Person; 2]> {
    let person =
        |line: &Line| Person { name: line.name.clone(), gender: line.gender, role: line.role.clone() };
    let first = lines.first()?;
    let second = lines.iter().find(|line| line.name != first.name)?;
    Some([person(first), person(second)])
}

#[derive(Deserialize)]
struct Casting {
    speakers: [Named; 2],
}

#[derive(Deserialize)]
struct Named {
    name: String,
    gender: String,
    #[serde(default)]
    role: Option<String>,
}

/// Names of one to three words, which differ in their first.
fn read_cast(answer: &str) -> Option<[Person; 2]> {
    let Casting { speakers } = serde_json::from_str(check::json_in(answer)?).ok()?;
    let person = |named: Named| {
        let name = named.name.trim().to_owned();
        let is_name = name.chars().count() <= 40
            && (1..=3).contains(&name.split_whitespace().count())
            && name.chars().all(|letter| letter.is_alphabetic() || " .'-".contains(letter))
            && Reader::default().read(&name).is_speakable();
        let gender = match named.gender.trim().to_ascii_lowercase().as_str() {
            "female" => Gender::Female,
            "male" => Gender::Male,
            _ => return None,
        };
        let role = named.role.map(|role| role.trim().chars().take(60).collect::<String>());
        is_name.then_some(Person { name, gender, role: role.filter(|role| !role.is_empty()) })
    };
    let [one, other] = speakers.map(person);
    let (one, other) = (one?, other?);
    let first = |name: &str| name.split(' ').next().unwrap_or_default().to_lowercase();
    (first(&one.name) != first(&other.name)).then_some([one, other])
}

#[cfg(test)]
mod tests;
