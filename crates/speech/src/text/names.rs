//! Names as programs have them: letters and digits in one, in several cases, each part as people say it.

use super::acronyms;
use super::lexicon::Lexicons;
use super::numbers;
use super::said::Said;

/// A name that may have letters, digits and apostrophes: listed, an acronym, or its parts one after another.
pub(super) fn say(name: &str, lexicons: &Lexicons, said: &mut Said) {
    if !lexicons.say(name, said) && !acronyms::say(name, said) {
        say_parts(name, lexicons, said);
    }
}

/// The parts of a name: `camelCase`, `HTTPServer`, `sha256`.
pub(super) fn say_parts(name: &str, lexicons: &Lexicons, said: &mut Said) {
    let parts = parts(name);
    let is_prose = parts.len() == 1;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        if part.starts_with(|letter: char| letter.is_ascii_digit())
            && parts.next_if(|next| ["s", "'s"].contains(next)).is_some()
        {
            said.words(&numbers::plural(&numbers::code(part)));
        } else if part.starts_with(|letter: char| letter.is_ascii_digit()) {
            said.words(&numbers::code(part));
        } else if lexicons.say(part, said) || acronyms::say(part, said) {
        } else if !is_prose && (part.len() == 1 || acronyms::has_no_vowel(part)) {
            said.letters(part, "");
        } else {
            said.words(part.trim_matches('\''));
        }
    }
}

/// Cuts before a capital that follows a small letter, before the last of several capitals if small letters follow,
/// and between letters and digits.
pub(super) fn parts(name: &str) -> Vec<&str> {
    let letters = name.as_bytes();
    let at = |index: usize| letters.get(index).copied().unwrap_or(b' ');
    let cuts = |index: &usize| {
        let (before, here, next) = (letters[index - 1], letters[*index], at(index + 1));
        let turns = before.is_ascii_digit() != here.is_ascii_digit();
        let hump = before.is_ascii_lowercase() && here.is_ascii_uppercase() && !is_mc(&letters[..*index]);
        // The `s` of `URLs` is an ending, not a word.
        let is_plural = next == b's' && !at(index + 2).is_ascii_lowercase();
        let last_capital =
            before.is_ascii_uppercase() && here.is_ascii_uppercase() && next.is_ascii_lowercase();
        turns || hump || (last_capital && !is_plural)
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in (1..letters.len()).filter(cuts) {
        parts.push(&name[start..cut]);
        start = cut;
    }
    parts.push(&name[start..]);
    parts.retain(|part| part.bytes().any(|letter| letter.is_ascii_alphanumeric()));
    parts
}

/// `McDonald` is one word.
fn is_mc(before: &[u8]) -> bool {
    before == b"Mc"
}

/// Something that is spelled out with its signs, such as an address or a path; `names` tells what a sign is called.
pub(super) fn say_aloud(text: &str, names: &[(char, &str)], lexicons: &Lexicons, said: &mut Said) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            if let Some((_, name)) = names.iter().find(|(sign, _)| *sign == first) {
                said.words(name);
            }
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (name, after) = rest.split_at(end);
        say_short(name, lexicons, said);
        rest = after;
    }
}

fn is_abbreviation(name: &str) -> bool {
    let is_letter = name.len() == 1 && name.bytes().all(|letter| letter.is_ascii_alphabetic());
    is_letter || ((2..=5).contains(&name.len()) && acronyms::has_no_vowel(name))
}

/// A part of an address or a path: what has no vowel is an abbreviation, and spelled.
pub(super) fn say_short(name: &str, lexicons: &Lexicons, said: &mut Said) {
    let is_listed = lexicons.say(name, said);
    if !is_listed && is_abbreviation(name) {
        said.letters(name, "");
    } else if !is_listed {
        say(name, lexicons, said);
    }
}
