//! Roman numerals, only where they cannot be anything else.

use super::here::Here;
use super::numbers::{cardinal, ordinal};
use super::said::Said;

/// Words that are numbered: `Chapter IV`.
const PARTS: [&str; 22] = [
    "Act", "Annex", "Appendix", "Apollo", "Article", "Book", "Bowl", "Chapter", "Class", "Grade", "Level",
    "Part", "Phase", "Rocky", "Scene", "Section", "Stage", "Title", "Type", "Vol", "Volume", "War",
];

/// Names of kings and popes: `Henry the Eighth`.
const NAMES: [&str; 20] = [
    "Alexander",
    "Alfonso",
    "Benedict",
    "Catherine",
    "Charles",
    "Edward",
    "Elizabeth",
    "Francis",
    "Frederick",
    "George",
    "Henry",
    "James",
    "John",
    "Louis",
    "Napoleon",
    "Paul",
    "Philip",
    "Pius",
    "Richard",
    "William",
];

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let before = here.before(1);
    let value = value(word).filter(|value| *value < 100)?;
    // A single letter after a single letter is something that is spelled.
    let is_spelled = here.after(1).is_some_and(|next| next.core.len() == 1 && next.is_capitalized());
    if word.len() == 1
        && (is_spelled || (before != "War" && !NAMES.contains(&before)) || (word == "I" && before != "War"))
    {
        return None;
    }
    if NAMES.contains(&before) {
        said.words("the");
        said.words(&ordinal(value));
        return Some(1);
    }
    // Two and three ones are no word and no acronym after any name.
    let is_plain = ["II", "III", "VII", "VIII", "XII", "XIII"].contains(&word);
    let after_name = before.len() > 1 && before.starts_with(|letter: char| letter.is_ascii_uppercase());
    if !(PARTS.contains(&before) || (is_plain && after_name)) {
        return None;
    }
    said.words(&cardinal(value));
    Some(1)
}

/// The value of a numeral that is written by the rules.
fn value(numeral: &str) -> Option<u64> {
    const SIGNS: [(&str, u64); 9] =
        [("C", 100), ("XC", 90), ("L", 50), ("XL", 40), ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1)];
    if numeral.is_empty() || numeral.len() > 8 {
        return None;
    }
    let mut value = 0;
    let mut rest = numeral;
    for (sign, worth) in SIGNS {
        let most = if sign.len() == 1 && sign != "V" && sign != "L" { 3 } else { 1 };
        for _ in 0..most {
            if let Some(after) = rest.strip_prefix(sign) {
                value += worth;
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(value)
}
