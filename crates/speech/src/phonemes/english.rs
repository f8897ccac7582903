//! English text to phonemes. Words come from a lexicon, with heteronyms told apart by their part of speech; a word that is
//! in none is pronounced by a small network from its letters.
//!
//! Text is to come as words: how `2026-11-22` or `x_y` are read is decided before.

use loqui_g2p::{Dialect, G2p, OovFallback, PhonemeToken};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Accent, Phonemes, vocabulary};

/// The longest word that is pronounced as one. The network that knows new words hears no more than 62 letters of one, and
/// says no more than 63 phonemes.
const LONGEST_WORD: usize = 30;

/// Reads English of one accent. It holds lexicons of 90 MB and takes half a second to make: make one, and share it.
pub struct English {
    reader: G2p,
}

/// A word that cannot be spoken as English.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not written in letters that English has")]
pub struct Unspeakable {
    /// The word.
    pub word: String,
}

impl English {
    /// Reads the lexicons, which are part of the program.
    pub fn new(accent: Accent) -> Self {
        let dialect = match accent {
            Accent::American => Dialect::American,
            Accent::British => Dialect::British,
        };
        let reader = G2p::new(dialect, OovFallback::Neural);
        Self { reader: reader.expect("data that is built in, and read by a test") }
    }

    /// The phonemes of a text. No word is left out: one that cannot be spoken is an error.
    pub fn read(&self, text: &str) -> Result<Phonemes, Unspeakable> {
        let text = in_english_letters(text)?;
        let mut spoken = String::new();
        for word in self.reader.tokens(&text) {
            spoken.push_str(&self.pronounce(&word)?);
            if word.whitespace {
                spoken.push(' ');
            }
        }
        let mut tokens: Vec<u8> = Vec::with_capacity(spoken.len());
        for token in spoken.trim().chars().filter_map(vocabulary::token) {
            // What was silent may leave two spaces.
            if token != vocabulary::SPACE || tokens.last() != Some(&token) {
                tokens.push(token);
            }
        }
        Ok(Phonemes { tokens })
    }

    /// One word. If the reader is at a loss with it, as with a number of 70 digits, it is spelled.
    fn pronounce(&self, word: &PhonemeToken) -> Result<String, Unspeakable> {
        let is_silent = |phonemes: &str| !phonemes.chars().any(|symbol| vocabulary::token(symbol).is_some());
        if !is_silent(&word.phonemes) || !word.text.contains(|c: char| c.is_alphanumeric()) {
            return Ok(word.phonemes.clone());
        }
        let letters = word.text.chars().filter(|letter| letter.is_alphanumeric());
        let spelled: Vec<String> = letters.map(|letter| self.reader.phonemize(&letter.to_string())).collect();
        if spelled.iter().any(|name| is_silent(name)) {
            return Err(Unspeakable { word: word.text.clone() });
        }
        Ok(spelled.join(" "))
    }
}

/// Letters without their accents, and long words in pieces. Square brackets become round ones: to the reader they mark
/// pronunciations, which no text is to set.
fn in_english_letters(text: &str) -> Result<String, Unspeakable> {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let is_long = word.len() > LONGEST_WORD;
        let mut letters = 0;
        for c in word.nfd().filter(|&c| !is_combining_mark(c)) {
            let c = match c {
                '[' => '(',
                ']' => ')',
                '-' if is_long => ' ',
                '’' | '‘' => '\'',
                c if c.is_ascii() || matches!(c, '—' | '…' | '“' | '”' | '£' | '€') => c,
                c if c.is_alphanumeric() => return Err(Unspeakable { word: word.trim().to_owned() }),
                _ => ' ',
            };
            letters = if c.is_ascii_alphabetic() || c == '\'' { letters + 1 } else { 0 };
            plain.push(c);
            if letters == LONGEST_WORD {
                plain.push(' ');
                letters = 0;
            }
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests;
