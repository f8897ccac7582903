//! Words with hyphens and slashes in them, of which each part is something by itself: `5-minute`, `GPT-4`, `TCP/IP`.

use super::abbreviations;
use super::here::Here;
use super::number::Number;
use super::said::Said;
use super::tokens::Token;
use super::units;

/// Reads each part as a word of its own, so that a number at the front is a count, and one behind a name is a name.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    if let Some((counted, unit)) = word.split_once('/')
        && counted.len() > 2
        && let Some(unit) = units::of_time(unit)
    {
        say_part(counted, here, said);
        said.words("per");
        said.words(unit);
        return Some(1);
    }
    let parts: Vec<&str> = word.split(['-', '/']).filter(|part| !part.is_empty()).collect();
    let is_known =
        |part: &&str| Number::parse(part).is_some() || abbreviations::is_initials(part.trim_end_matches('.'));
    let begins = parts.first().is_some_and(is_known);
    if parts.len() < 2 || !begins || word.starts_with(['-', '/']) {
        return None;
    }
    for part in parts {
        say_part(part.trim_end_matches('.'), here, said);
    }
    Some(1)
}

fn say_part(part: &str, here: Here<'_>, said: &mut Said) {
    let token = Token {
        written: part.to_owned(),
        core: part.to_owned(),
        opens: false,
        pause: None,
        stop: false,
        without_stop: None,
    };
    super::read_word(Here::new(&[token], 0, here.lexicons), said);
}
