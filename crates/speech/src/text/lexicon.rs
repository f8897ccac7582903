//! Words whose sound cannot be guessed from their letters: a list of ours, and one that users extend.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::said::Said;
use crate::phonemes::Phonemes;

/// Words and how each is said.
///
/// One entry a line: `word = respelling`, `word = /phonemes/`, or `word = respelling /phonemes/`. `#` begins a comment.
/// A word with a capital is matched in exactly this case, any other in all cases.
#[derive(Debug, Clone, Default)]
pub struct Lexicon(HashMap<String, Entry>);

#[derive(Debug, Clone)]
struct Entry {
    /// Words that a voice without phonemes says; `None` reads the word by the rules for names.
    respelling: Option<String>,
    /// In Kokoro's alphabet.
    phonemes: Option<String>,
}

/// A line of a lexicon that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct LexiconFault {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it and what would be right.
    pub wrong: String,
}

impl Lexicon {
    /// Reads a lexicon file; of two entries for one word the later counts. Tells all faults at once.
    pub fn parse(text: &str) -> Result<Self, Vec<LexiconFault>> {
        let mut lexicon = Self::default();
        let mut faults = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match entry(line) {
                Ok(None) => {}
                Ok(Some((word, entry))) => drop(lexicon.0.insert(word, entry)),
                Err(wrong) => faults.push(LexiconFault { line: index + 1, wrong }),
            }
        }
        if faults.is_empty() { Ok(lexicon) } else { Err(faults) }
    }

    fn find(&self, word: &str) -> Option<&Entry> {
        self.0.get(word).or_else(|| self.0.get(&word.to_lowercase()))
    }
}

/// A line's word and entry; `None` for an empty one or a comment.
fn entry(line: &str) -> Result<Option<(String, Entry)>, String> {
    // A `#` within a word, as in `C#`, begins no comment.
    let comment =
        line.match_indices('#').find(|(at, _)| line[..*at].chars().last().is_none_or(char::is_whitespace));
    let line = comment.map_or(line, |(at, _)| &line[..at]).trim();
    if line.is_empty() {
        return Ok(None);
    }
    let (word, said) = line.split_once(" =").ok_or("must be `word = respelling` or `word = /phonemes/`")?;
    let word: String = word.trim().nfc().collect();
    if word.is_empty() || word.contains(char::is_whitespace) {
        return Err("must have one word before the `=`".to_owned());
    }
    let (respelling, phonemes) = said.split_once('/').unwrap_or((said, ""));
    let respelling = respelling.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_speakable = |letter: char| letter.is_ascii_alphabetic() || letter == '\'' || letter == ' ';
    if let Some(letter) = respelling.chars().find(|letter| !is_speakable(*letter)) {
        return Err(format!(
            "the respelling has `{}`; it may have letters a to z, spaces and apostrophes",
            letter.escape_default()
        ));
    }
    let phonemes = match phonemes.trim_end().strip_suffix('/') {
        Some(phonemes) => Some(ipa(phonemes.trim())?),
        None if said.contains('/') => return Err("the phonemes must stand between two `/`".to_owned()),
        None => None,
    };
    let respelling =
        Some(respelling).filter(|words| words.contains(|letter: char| letter.is_ascii_alphabetic()));
    if respelling.is_none() && phonemes.is_none() {
        return Err("says nothing after the `=`".to_owned());
    }
    Ok(Some((word, Entry { respelling, phonemes })))
}

/// Dictionaries write two signs where Kokoro has one.
const AS_KOKORO: [(&str, &str); 10] = [
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("oʊ", "O"),
    ("əʊ", "Q"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("tʃ", "ʧ"),
    ("dʒ", "ʤ"),
    ("g", "ɡ"),
    ("r", "ɹ"),
];

fn ipa(phonemes: &str) -> Result<String, String> {
    let phonemes =
        AS_KOKORO.iter().fold(phonemes.to_owned(), |text, (written, symbol)| text.replace(written, symbol));
    if phonemes.is_empty() {
        return Err("has no phonemes between the two `/`".to_owned());
    }
    match Phonemes::by_hand(&phonemes) {
        Err(unknown) => Err(unknown.to_string()),
        Ok(_) => Ok(phonemes),
    }
}

/// The user's lexicon over the built-in one.
#[derive(Default)]
pub(super) struct Lexicons(Lexicon);

static BUILT_IN: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::parse(include_str!("lexicon.txt")).expect("a test reads each line of it"));

impl Lexicons {
    pub(super) fn new(users: Lexicon) -> Self {
        Self(users)
    }

    /// Says the word if it is listed, and tells whether it is. `'s` may follow a listed word.
    pub(super) fn say(&self, word: &str, said: &mut Said) -> bool {
        let find = |word: &str| self.0.find(word).or_else(|| BUILT_IN.find(word)).cloned();
        let (stem, ending) = word.strip_suffix("'s").map_or((word, ""), |stem| (stem, "'s"));
        let found = find(word).map(|entry| (word, "", entry));
        let Some((stem, ending, entry)) = found.or_else(|| Some((stem, ending, find(stem)?))) else {
            return false;
        };
        let spelled = entry.respelling.unwrap_or_else(|| Self::by_rule(stem)) + ending;
        match entry.phonemes {
            None => said.words(&spelled),
            Some(phonemes) => said.sounds(&spelled, &super::letters::ending(&phonemes, ending)),
        }
        true
    }

    /// A word as it would be said without any entry.
    fn by_rule(word: &str) -> String {
        let mut said = Said::default();
        super::names::say_parts(word, &Self::default(), &mut said);
        said.into_spoken(0).words()
    }
}
