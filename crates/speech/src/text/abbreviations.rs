//! Abbreviations, and whether the full stop after one ends the sentence too.

use super::dates;
use super::here::Here;
use super::names;
use super::said::Said;
use super::tokens::Token;

/// What may follow an abbreviation's stop.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    /// It is read with and without one, and never ends a sentence within a text.
    Optional,
    /// It is nothing without one, and never ends a sentence.
    Required,
    /// It is nothing unless a number follows.
    Number,
    /// It may end a sentence, if the next word begins one.
    MayEnd,
}
use Stop::{MayEnd, Number, Optional, Required};

const TABLE: &[(&str, Stop, &str)] = &[
    ("Dr", Optional, "Doctor"),
    ("Mr", Optional, "Mister"),
    ("Mrs", Optional, "Missus"),
    ("Ms", Optional, "Miz"),
    ("Prof", Required, "Professor"),
    ("Gen", Required, "General"),
    ("Col", Required, "Colonel"),
    ("Capt", Required, "Captain"),
    ("Lt", Required, "Lieutenant"),
    ("Sgt", Required, "Sergeant"),
    ("Sen", Required, "Senator"),
    ("Gov", Required, "Governor"),
    ("Rev", Required, "Reverend"),
    ("Hon", Required, "Honorable"),
    ("Mt", Required, "Mount"),
    ("Ft", Required, "Fort"),
    ("St", Required, "Saint"),
    ("e.g", Optional, "for example"),
    ("eg", Optional, "for example"),
    ("i.e", Optional, "that is"),
    ("ie", Optional, "that is"),
    ("vs", Optional, "versus"),
    ("cf", Required, "compare"),
    ("approx", Optional, "approximately"),
    ("ca", Required, "circa"),
    ("viz", Required, "namely"),
    ("incl", Required, "including"),
    ("excl", Required, "excluding"),
    ("a.k.a", Optional, "also known as"),
    ("No", Number, "number"),
    ("no", Number, "number"),
    ("Nos", Number, "numbers"),
    ("Fig", Number, "figure"),
    ("fig", Number, "figure"),
    ("Vol", Number, "volume"),
    ("vol", Number, "volume"),
    ("Sec", Number, "section"),
    ("Ch", Number, "chapter"),
    ("Eq", Number, "equation"),
    ("p", Number, "page"),
    ("pp", Number, "pages"),
    ("etc", MayEnd, "et cetera"),
    ("Inc", MayEnd, "Incorporated"),
    ("Ltd", MayEnd, "Limited"),
    ("Corp", MayEnd, "Corporation"),
    ("Co", MayEnd, "Company"),
    ("Bros", MayEnd, "Brothers"),
    ("Jr", MayEnd, "Junior"),
    ("Sr", MayEnd, "Senior"),
    ("Ave", MayEnd, "Avenue"),
    ("Blvd", MayEnd, "Boulevard"),
    ("Rd", MayEnd, "Road"),
    ("Dept", MayEnd, "Department"),
    ("dept", MayEnd, "department"),
    ("est", MayEnd, "established"),
    ("max", MayEnd, "maximum"),
    ("Ph.D", MayEnd, "P H D"),
    ("w/", Optional, "with"),
    ("w/o", Optional, "without"),
    ("b/c", Optional, "because"),
    ("n/a", Optional, "not applicable"),
    ("N/A", Optional, "not applicable"),
];

/// Takes the pause from each full stop that only belongs to an abbreviation, once for the whole text.
pub(super) fn settle(tokens: &mut [Token]) {
    for at in 0..tokens.len().saturating_sub(1) {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if tokens[at].stop && belongs(&tokens[at], before, &tokens[at + 1]) {
            tokens[at].pause = tokens[at].without_stop;
        }
    }
}

fn belongs(token: &Token, before: Option<&Token>, next: &Token) -> bool {
    let word = token.core.as_str();
    let has_number = next.core.starts_with(|digit: char| digit.is_ascii_digit());
    let ends = begins_sentence(next);
    // A bracket makes a pause.
    let before = before.filter(|_| !token.opens);
    if dates::month(word).is_some() && word.len() < 5 && has_number {
        return true;
    }
    if word == "St" || word == "Dr" {
        return !ends;
    }
    match find(word) {
        Some((_, Optional | Required, _)) => true,
        Some((_, Number, _)) => has_number,
        Some((_, MayEnd, _)) => !ends,
        None if is_initials(word) => !ends,
        // An initial of somebody's name, between two names.
        None => {
            // A name, or another initial; a capital alone may be the first of several that are spelled.
            let is_name = next.is_capitalized() && (next.core.len() > 1 || next.stop);
            is_initial(word, before) && is_name && !ends
        }
    }
}

/// Whether a word ends with a capital alone, behind a name or at the beginning. The last of several letters that are
/// spelled, as of `A P I`, is none. What counts are the parts as they will be said, so that it holds for these too.
fn is_initial(word: &str, before: Option<&Token>) -> bool {
    let parts = names::parts(word);
    let Some((last, inner)) = parts.split_last() else { return false };
    let is_capital =
        last.len() == 1 && *last != "I" && last.bytes().all(|letter| letter.is_ascii_uppercase());
    let is_name = |part: &str| part.len() > 1 && part.starts_with(|letter: char| letter.is_ascii_uppercase());
    let follows_name = || match (inner.last(), before) {
        (Some(part), _) => is_name(part),
        (None, None) => true,
        (None, Some(before)) => {
            before.pause.is_some()
                || before.stop
                || names::parts(&before.core).last().is_some_and(|part| is_name(part))
        }
    };
    is_capital && follows_name()
}

/// A capital alone does not begin a sentence, since names have one; these words do.
fn begins_sentence(token: &Token) -> bool {
    const BEGINS: [&str; 48] = [
        "A", "After", "All", "An", "And", "Are", "As", "At", "But", "By", "Can", "Did", "Do", "Every", "For",
        "From", "He", "Her", "His", "How", "However", "I", "If", "In", "Is", "It", "It's", "Its", "My", "No",
        "Nobody", "Now", "On", "One", "Our", "She", "So", "That", "The", "Then", "There", "They", "This",
        "We", "What", "When", "Why", "You",
    ];
    let word = token.core.as_str();
    BEGINS.contains(&word) || token.opens || dates::month(word).is_some() || dates::weekday(word).is_some()
}

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let token = here.token();
    let word = here.core();
    if is_initials(word) && find(word).is_none() {
        let plain: String = word.chars().filter(|letter| *letter != '.').collect();
        said.letters(&plain, "");
        return Some(1);
    }
    let has_stop = token.stop;
    let next_number = here.next().starts_with(|digit: char| digit.is_ascii_digit());
    // After a name it is a place: `Main St.`, `Mulholland Dr.`
    let is_place = here.before(1).starts_with(|letter: char| letter.is_ascii_uppercase())
        && !here.next().starts_with(|letter: char| letter.is_ascii_uppercase());
    match word {
        "St" if has_stop && is_place => said.words("Street"),
        "Dr" if has_stop && is_place => said.words("Drive"),
        _ => {
            let (_, stop, name) = find(word)?;
            let applies = match stop {
                Optional => true,
                Required => has_stop,
                MayEnd => has_stop || word == "etc",
                Number => has_stop && next_number,
            };
            if !applies {
                return None;
            }
            said.words(name);
        }
    }
    Some(1)
}

fn find(word: &str) -> Option<&'static (&'static str, Stop, &'static str)> {
    // `E.g.` and `I.e.` begin a sentence.
    let small = word.contains('.').then(|| word.to_ascii_lowercase());
    TABLE.iter().find(|(written, ..)| *written == word || small.as_deref() == Some(*written))
}

/// `U.S`, `a.m`, `J.R.R`: letters with stops between them; the last stop is a mark after the word.
pub(super) fn is_initials(word: &str) -> bool {
    word.len() > 2
        && word
            .split('.')
            .all(|part| part.len() == 1 && part.bytes().all(|letter| letter.is_ascii_alphabetic()))
}
