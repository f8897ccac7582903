//! Whatever no other reader knows: words as they stand, and signs by their names.

use super::here::Here;
use super::names;
use super::said::Said;
use super::units;

/// What a sign that stands between spaces is called; a comma for one that is but a pause.
pub(super) fn alone(sign: &str) -> Option<&'static str> {
    ALONE.iter().find(|(written, _)| *written == sign).map(|(_, name)| *name)
}

const ALONE: &[(&str, &str)] = &[
    ("-", ","),
    ("--", ","),
    ("---", ","),
    ("*", "times"),
    ("<", "less than"),
    (">", "greater than"),
    ("<=", "at most"),
    (">=", "at least"),
    ("=", "equals"),
    ("==", "equals"),
    ("===", "equals"),
    ("!=", "is not"),
    ("=>", "to"),
    ("->", "to"),
    ("<-", "from"),
    ("&", "and"),
    ("&&", "and"),
    ("||", "or"),
    ("+", "plus"),
    ("@", "at"),
    ("%", "percent"),
    ("#", "number"),
    ("~", "about"),
    ("/", "or"),
    ("|", ","),
    ("$", "dollars"),
    ("€", "euros"),
    ("£", "pounds"),
    ("°", "degrees"),
    ("^", "to the power of"),
];

/// Always knows the word.
#[expect(clippy::unnecessary_wraps, reason = "it is one of the readers, and the last")]
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    match alone(here.core()) {
        Some(",") => said.pause(','),
        Some("or") if here.core() == "/" && units::of_time(here.next()).is_some() => said.words("per"),
        Some(name) => said.words(name),
        None => say(here, said),
    }
    Some(1)
}

fn say(here: Here<'_>, said: &mut Said) {
    let word = here.core();
    let is_code = word.contains('_') || word.contains("::");
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let is_name = |letter: char| letter.is_ascii_alphanumeric();
        let mut end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        // An apostrophe between letters belongs to the word.
        while end > 0 && rest[end..].starts_with('\'') && rest[end + 1..].starts_with(is_name) {
            let more = &rest[end + 1..];
            end += 1 + more.find(|letter| !is_name(letter)).unwrap_or(more.len());
        }
        if end > 0 {
            let say = if is_code { names::say_short } else { names::say };
            say(&rest[..end], here.lexicons, said);
            rest = &rest[end..];
            continue;
        }
        if let Some((name, after)) = power(rest) {
            said.words(name);
            rest = after;
            continue;
        }
        let before = word[..word.len() - rest.len()].chars().last().unwrap_or(' ');
        rest = &rest[first.len_utf8()..];
        let after = rest.chars().next().unwrap_or(' ');
        say_sign(first, before, after, said);
    }
}

/// `^2` and `^3`, which have names of their own, and what follows.
fn power(text: &str) -> Option<(&'static str, &str)> {
    let powers = [("^2", "squared"), ("^3", "cubed")];
    let (name, rest) =
        powers.iter().find_map(|(written, name)| Some((*name, text.strip_prefix(written)?)))?;
    (!rest.starts_with(|next: char| next.is_ascii_digit())).then_some((name, rest))
}

/// A sign within a word, between the characters `before` and `after` it.
fn say_sign(sign: char, before: char, after: char, said: &mut Said) {
    let ends = after == ' ';
    match sign {
        '.' if before.is_ascii_lowercase() && after.is_ascii_uppercase() => said.pause('.'),
        '.' if after.is_ascii_alphanumeric() => said.words("dot"),
        '.' | ',' | ';' | '!' | '?' => said.pause(sign),
        ':' if before != ':' && after != ':' => said.pause(sign),
        '-' if ends => said.pause(','),
        '&' => said.words("and"),
        '+' => said.words("plus"),
        '=' if before != '=' => said.words("equals"),
        '@' => said.words("at"),
        '%' => said.words("percent"),
        '\\' => said.words("backslash"),
        '^' => said.words("to the power of"),
        '*' if before.is_ascii_digit() && after.is_ascii_digit() => said.words("times"),
        '#' if after.is_ascii_digit() => said.words("number"),
        '#' if before.is_ascii_alphabetic() => said.words("sharp"),
        '#' if after.is_ascii_alphabetic() => said.words("hashtag"),
        '$' => said.words(if before.is_ascii_digit() { "dollars" } else { "dollar" }),
        '€' => said.words("euros"),
        '£' => said.words("pounds"),
        '¥' => said.words("yen"),
        '₹' => said.words("rupees"),
        '¢' => said.words("cents"),
        '°' => said.words("degrees"),
        _ => {}
    }
}
