//! A text cut at its spaces: each word, the marks around it, and the pause after it.

use unicode_normalization::UnicodeNormalization;

use super::fold::{KEPT, fold};
use super::said::PAUSES;
use super::{groups, signs};

/// A word longer than this, in bytes, is nothing that a reader knows. It bounds what one word can cost.
const LONGEST: usize = 400;

/// One word between spaces.
pub(super) struct Token {
    /// As it was written, without the marks around it; for the lexicon.
    pub(super) written: String,
    /// In ASCII and a few signs, without the marks around it.
    pub(super) core: String,
    /// A bracket opens before it.
    pub(super) opens: bool,
    /// The pause after it.
    pub(super) pause: Option<char>,
    /// A full stop follows, which may belong to an abbreviation.
    pub(super) stop: bool,
    /// The pause after it if the stop does.
    pub(super) without_stop: Option<char>,
}

impl Token {
    /// A word without marks around it.
    pub(super) fn plain(word: &str) -> Self {
        let (written, core) = (word.to_owned(), word.to_owned());
        Self { written, core, opens: false, pause: None, stop: false, without_stop: None }
    }

    pub(super) fn is_long(&self) -> bool {
        self.core.len() > LONGEST
    }

    pub(super) fn is_capitalized(&self) -> bool {
        self.core.starts_with(|letter: char| letter.is_ascii_uppercase())
    }
}

/// The words of a text without layout, and how many characters have no sound.
pub(super) fn tokens(text: &str) -> (Vec<Token>, usize) {
    let text: String = groups::joined(text).nfc().collect();
    let mut left_out = 0;
    let mut tokens = Vec::new();
    for written in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        let mut folded = String::with_capacity(written.len());
        left_out += written.chars().filter(|letter| !fold(*letter, &mut folded)).count();
        let folded = folded.replace("...", "... ");
        let mut words = folded.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let whole = words.peek().is_none() && word.len() == folded.trim().len();
            let mut rest = word;
            while let Some(cut) = inner_end(rest) {
                push(&rest[..cut], &rest[..cut], &mut tokens);
                rest = &rest[cut..];
            }
            push(rest, if whole && rest.len() == word.len() { written } else { rest }, &mut tokens);
        }
    }
    (tokens, left_out)
}

/// Where a word ends within this one, since somebody forgot the space: `start?Yes`, `done.Next`. Addresses and the
/// words of programs may have such marks in them.
fn inner_end(word: &str) -> Option<usize> {
    if word.len() > LONGEST || word.contains(['/', '\\', '@', '=', '&', '_']) {
        return None;
    }
    let letters = word.as_bytes();
    let ends = |at: &usize| {
        let (before, mark, after) = (letters[at - 1], letters[*at], letters[at + 1]);
        let is_next = letters.get(at + 2).is_some_and(u8::is_ascii_lowercase);
        match mark {
            b'?' | b'!' | b';' | b',' => before.is_ascii_alphanumeric() && after.is_ascii_alphabetic(),
            b'.' => before.is_ascii_lowercase() && after.is_ascii_uppercase() && is_next,
            _ => false,
        }
    };
    (1..letters.len().saturating_sub(1)).find(ends).map(|at| at + 1)
}

/// Marks that are not spoken before and after a word.
const OPENING: &[char] = &['"', '\'', '(', '[', '{', '<', '*', '_', '`', '~', ',', ';', ':', '!', '?'];
const CLOSING: &[char] =
    &['.', ',', '!', '?', ';', ':', ')', ']', '}', '>', '"', '\'', '*', '_', '`', '~', '|'];

/// Marks beyond ASCII around a word as it was written.
const QUOTES: &[char] = &['“', '”', '„', '«', '»', '‘', '’', '‚', '…', '¿', '¡'];

fn push(word: &str, written: &str, tokens: &mut Vec<Token>) {
    if signs::alone(word).is_some_and(|name| name != ",") {
        return tokens.push(Token::plain(word));
    }
    if let Some((sign, number)) = sign_before_number(word) {
        tokens.push(Token::plain(sign));
        return push(number, number, tokens);
    }
    let start = lead(word);
    let end = word.trim_end_matches(CLOSING).len();
    // Marks alone are a pause after the word before them.
    let inner = word.get(start..end).unwrap_or_default();
    let core = inner.trim_end_matches(['(', '"', '\'', '[', '{', '<', '`']);
    let is_mark =
        core.chars().all(|letter| letter == '-' || PAUSES.contains(letter) || CLOSING.contains(&letter));
    let tail = if is_mark { word } else { &word[end..] };
    let pause = |tail: &str| {
        let closes =
            (tail.contains([')', ']', '}']) && !inner.contains('(')) || (is_mark && tail.contains('-'));
        PAUSES.chars().find(|mark| tail.contains(*mark)).or(closes.then_some(','))
    };
    let after_stop = tail.trim_start_matches(|mark| !PAUSES.contains(mark)).strip_prefix('.');
    let (stop, without_stop) = (after_stop.is_some(), after_stop.and_then(pause));
    if is_mark {
        if let Some(last) = tokens.last_mut().filter(|last| last.pause.is_none()) {
            (last.pause, last.stop, last.without_stop) = (pause(tail), stop, without_stop);
        }
        return;
    }
    tokens.push(Token {
        core: core.strip_suffix("(s").map_or_else(|| core.to_owned(), |stem| format!("{stem}s")),
        written: written
            .trim_matches(QUOTES)
            .trim_start_matches(OPENING)
            .trim_end_matches(CLOSING)
            .to_owned(),
        opens: word[..start].contains(['(', '[', '{']),
        pause: pause(tail),
        stop,
        without_stop,
    });
}

/// A sign before a number is a word of its own: `<5`, `~10`, `#1`. But `~/` is a path, and `--` begins a flag.
fn sign_before_number(word: &str) -> Option<(&str, &str)> {
    let bare = word.trim_start_matches(['(', '[', '{', '"']);
    let sign = ["<=", ">=", "<", ">", "~", "#"].into_iter().find(|sign| bare.starts_with(sign))?;
    let (sign, number) = bare.split_at(sign.len());
    let begins = |next: char| next.is_ascii_digit() || "$-.".contains(next) || KEPT.contains(next);
    let is_number = number.starts_with(begins)
        && number.contains(|next: char| next.is_ascii_digit())
        && !number.starts_with("--")
        && !number.starts_with("./");
    is_number.then_some((sign, number))
}

/// The length of the marks before a word. `~/` belongs to a path, and `'90s` is a decade.
fn lead(word: &str) -> usize {
    let letters = word.as_bytes();
    let next = |at: usize| letters.get(at + 1).copied().unwrap_or(b' ');
    let is_mark = |at: &usize| match letters[*at] {
        b'~' => next(*at) != b'/',
        b'\'' => !next(*at).is_ascii_digit(),
        mark => OPENING.contains(&char::from(mark)),
    };
    (0..letters.len()).take_while(is_mark).count()
}
