//! What a language model has written, looked at for sense. A schema makes sure of the form alone: a model that keeps to it
//! can still repeat itself, say goodbye in the middle, or write what nobody should read aloud.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::super::request::{Line, Person};
use super::{line, words};
use speech::text::Reader;

/// Characters of one line: a minute of speech and more.
const LONGEST: usize = 1_200;
/// Of two lines with as many words as this, or more, so large a share in common makes one a repeat of the other.
const ALIKE: f64 = 0.8;
const ALIKE_WORDS: usize = 6;

/// A block of lines as a model writes it.
#[derive(Deserialize)]
pub(super) struct Block {
    lines: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    speaker: String,
    text: String,
    /// The number of a point of the outline, from 1; what is no such number is none.
    #[serde(default)]
    point: Value,
}

impl Block {
    /// Reads an answer. Some models think aloud before the JSON or put a fence around it.
    pub(super) fn read(answer: &str) -> Option<Self> {
        serde_json::from_str(json_in(answer)?).ok()
    }
}

/// From the first brace to the last, after what the model has thought aloud.
pub(super) fn json_in(answer: &str) -> Option<&str> {
    let answer = answer.rsplit_once("</think>").map_or(answer, |(_, answer)| answer);
    answer.get(answer.find('{')?..=answer.rfind('}')?)
}

/// What a block has to fit into.
pub(super) struct Frame<'a> {
    pub(super) cast: &'a [Person; 2],
    /// Whose turn it is at the beginning: 0 or 1.
    pub(super) next: usize,
    /// How many lines, and about how many words in all, were asked for.
    pub(super) lines: usize,
    pub(super) words: usize,
    /// Whether the conversation may end in it.
    pub(super) is_closing: bool,
    /// What has been said before.
    pub(super) before: &'a [Line],
    /// Points of the outline.
    pub(super) points: usize,
}

/// What is left of a block, and what is wrong with it.
pub(super) struct Checked {
    /// The lines without fault, by turns, each with the point (from 0) that it is said to be about.
    pub(super) kept: Vec<(Line, Option<usize>)>,
    /// What is wrong, in words of ours that name lines from 1.
    pub(super) faults: Vec<String>,
}

impl Checked {
    /// Whether what is kept will do even so.
    pub(super) fn is_enough(&self, frame: &Frame<'_>) -> bool {
        self.kept.len() >= frame.lines.div_ceil(2)
    }
}

/// Looks at every line.
pub(super) fn check(block: Block, frame: &Frame<'_>) -> Checked {
    let mut checked = Checked { kept: Vec::new(), faults: Vec::new() };
    let mut memory: Vec<Words> = frame.before.iter().map(|line| Words::of(&line.message)).collect();
    let (mut turn, mut last, mut spent) = (frame.next, None, 0);
    let written = block.lines.len();
    for (number, said) in (1..).zip(block.lines) {
        let who = frame.cast.iter().position(|person| person.name == said.speaker.trim());
        let text = said.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let own = Words::of(&text);
        let twice = who.is_some() && who == last;
        last = who;
        let fault = match who {
            None => Some("its speaker is neither of the two"),
            Some(_) if twice => Some("the same speaker has just spoken; the two take turns"),
            Some(who) if number == 1 && who != frame.next => Some("it is the other one's turn"),
            Some(_) => fault_of(&text, frame).or_else(|| {
                memory.iter().any(|earlier| earlier.is_like(&own)).then_some("it repeats an earlier line")
            }),
        };
        if let Some(fault) = fault {
            checked.faults.push(format!("line {number}: {fault}"));
            continue;
        }
        let fits = checked.kept.len() < frame.lines && spent < most_words(frame);
        if let Some(who) = who.filter(|who| *who == turn && fits) {
            spent += words(&text);
            memory.push(own);
            let point = said.point.as_u64().and_then(|point| usize::try_from(point).ok()?.checked_sub(1));
            let point = point.filter(|point| *point < frame.points);
            checked.kept.push((line(&frame.cast[who], text), point));
            turn = 1 - turn;
        }
    }
    if written < frame.lines.div_ceil(2) || written > 2 * frame.lines {
        checked.faults.push(format!("there are {written} lines where {} were asked for", frame.lines));
    }
    checked
}

/// More words than were asked for, and still welcome.
fn most_words(frame: &Frame<'_>) -> usize {
    frame.words + frame.words / 3 + 10
}

fn fault_of(text: &str, frame: &Frame<'_>) -> Option<&'static str> {
    let lower = text.to_lowercase();
    if !Reader::default().read(text).is_speakable() {
        return Some("it has no word that can be spoken");
    }
    if text.chars().count() > LONGEST || words(text) > (most_words(frame) / 2).max(40) {
        return Some("it is much too long");
    }
    if has_direction(&lower) {
        return Some("it has a stage direction; write only what is spoken");
    }
    if has_label(&lower, frame.cast) {
        return Some("it begins with a label; write only what is spoken");
    }
    if !frame.is_closing && FAREWELLS.iter().any(|farewell| lower.contains(farewell)) {
        return Some("it ends the conversation, which goes on");
    }
    None
}

/// Words by which a conversation ends.
const FAREWELLS: &[&str] = &[
    "goodbye",
    "good-bye",
    "good bye",
    "bye for now",
    "bye-bye",
    "bye everyone",
    "see you next time",
    "see you next week",
    "until next time",
    "thanks for listening",
    "thank you for listening",
    "thanks for tuning in",
    "thank you for tuning in",
    "thanks for joining",
    "thank you for joining us today",
    "that's all for today",
    "that is all for today",
    "that wraps up",
    "signing off",
];

/// What people do in stage directions, by the beginning of the word.
const DOINGS: &[&str] = &[
    "laugh",
    "chuckl",
    "giggl",
    "sigh",
    "paus",
    "smil",
    "grin",
    "nod",
    "gasp",
    "whisper",
    "clap",
    "cough",
    "clear",
    "music",
    "applause",
    "beat",
    "shrug",
    "wink",
    "cry",
    "cries",
    "sob",
    "snort",
    "lean",
    "look",
    "turn",
    "silence",
    "excited",
    "softly",
    "sarcastic",
    "intro",
    "outro",
    "sound",
    "transition",
    "fade",
    "pensive",
    "thoughtful",
];

/// `[...]` anywhere, and `(...)` or `*...*` around something that is done and not said.
fn has_direction(text: &str) -> bool {
    if text.split_once('[').is_some_and(|(_, rest)| rest.contains(']')) {
        return true;
    }
    let does = |inner: &str| {
        let inner = inner.trim();
        words(inner) <= 4 && DOINGS.iter().any(|doing| inner.starts_with(doing))
    };
    let in_brackets = || text.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
    in_brackets().any(|(inner, _)| does(inner)) || text.split('*').skip(1).step_by(2).any(does)
}

/// `Narrator: ...`, or one of the two names with a colon.
fn has_label(text: &str, cast: &[Person; 2]) -> bool {
    let Some((label, _)) = text.split_once(':') else { return false };
    let label = label.trim_matches(|mark: char| !mark.is_alphanumeric());
    let general =
        ["narrator", "host", "guest", "speaker", "speaker 1", "speaker 2", "announcer", "sfx", "scene"];
    general.contains(&label) || cast.iter().any(|person| person.name.to_lowercase() == label)
}

/// The words of a line, to compare it with others.
struct Words {
    all: Vec<String>,
    different: HashSet<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let letters = |word: &str| word.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        let all: Vec<String> =
            text.to_lowercase().split_whitespace().map(letters).filter(|word| !word.is_empty()).collect();
        let different = all.iter().cloned().collect();
        Self { all, different }
    }

    /// The same words, or nearly the same in a longer line. Two words may be said again: people do.
    #[expect(clippy::cast_precision_loss, reason = "a line has some hundred words")]
    fn is_like(&self, other: &Self) -> bool {
        if self.all.len() <= 2 || other.all.len() <= 2 {
            return false;
        }
        if self.all == other.all {
            return true;
        }
        let both = self.different.intersection(&other.different).count();
        let either = self.different.len() + other.different.len() - both;
        self.all.len().min(other.all.len()) >= ALIKE_WORDS && both as f64 >= ALIKE * either as f64
    }
}

/// Whether a line can be about a point: they have a word in common that says something.
pub(super) fn is_about(text: &str, point: &str) -> bool {
    let stems = |text: &str| -> HashSet<String> {
        let words = Words::of(text).all;
        words
            .into_iter()
            .filter(|word| word.chars().count() > 3)
            .map(|word| word.chars().take(5).collect())
            .collect()
    };
    let wanted = stems(point);
    wanted.is_empty() || !wanted.is_disjoint(&stems(text))
}

#[cfg(test)]
mod tests;
