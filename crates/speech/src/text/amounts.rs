//! Numbers by themselves: counts, years, ranges, fractions, percentages, powers.

use super::here::Here;
use super::number::Number;
use super::numbers::{self, cardinal, code, ordinal, plural, year};
use super::said::Said;

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let (number, rest) = Number::parse(here.core())?;
    let said_so = match rest {
        "" if number.may_be_two() && !COUNTED.contains(&here.next()) => None,
        "" => Some(alone(here, number)),
        "%" => Some(format!("{} percent", number.said())),
        "+" => Some(format!("{} plus", number.said())),
        "st" | "nd" | "rd" | "th" => number.plain().map(ordinal),
        "x" | "X" => Some(format!("{} x", number.said())),
        // Four thousand dots on a screen are no four thousand.
        "K" if number.plain().is_some_and(|number| number <= 8) => Some(format!("{} K", number.said())),
        "k" | "K" => Some(format!("{} thousand", number.said())),
        "M" => Some(format!("{} million", number.said())),
        "bn" => Some(format!("{} billion", number.said())),
        _ => compound(here, number, rest),
    };
    said.words(&said_so?);
    let part = if rest.is_empty() { part_of_one(here.next()) } else { None };
    let Some(part) = part.filter(|_| number.plain().is_some()) else { return Some(1) };
    said.words("and");
    said.words(if part == "one half" { "a half" } else { &part });
    Some(2)
}

/// What there is one and a half of, and never one and five.
const COUNTED: [&str; 7] = ["percent", "per", "thousand", "million", "billion", "trillion", "times"];

/// `1/2` behind a whole number.
fn part_of_one(word: &str) -> Option<String> {
    let (above, below) = word.split_once('/')?;
    let above = Number::all(above)?;
    let is_part = above.plain()? < Number::all(below)?.plain()? && below.len() < 3;
    if is_part { fraction(above, below) } else { None }
}

/// A number that is a whole word: a year, a code, or a count.
fn alone(here: Here<'_>, number: Number<'_>) -> String {
    if is_release(here)
        && let (whole, Some(part)) = number.parts()
    {
        return format!("{} point {}", numbers::whole(&whole), numbers::whole(part));
    }
    let Some(value) = number.plain() else { return number.said() };
    if is_code(here, number) {
        return code(here.core());
    }
    if is_year(here, value) { year(value) } else { number.said() }
}

/// Releases are counted: what comes after 3.9 is three point ten.
fn is_release(here: Here<'_>) -> bool {
    const BEFORE: [&str; 12] = [
        "version",
        "Version",
        "release",
        "Python",
        "Rust",
        "Java",
        "Go",
        "Ubuntu",
        "Kubernetes",
        "PostgreSQL",
        "Redis",
        "Debian",
    ];
    BEFORE.contains(&here.before(1))
}

/// After the name of a standard, a port or an error a number is a name.
fn is_code(here: Here<'_>, number: Number<'_>) -> bool {
    const BEFORE: [&str; 21] = [
        "port", "Port", "error", "Error", "errors", "status", "Status", "code", "codes", "HTTP", "RFC",
        "ISO", "room", "Room", "flight", "Flight", "returns", "returned", "a", "A", "the",
    ];
    // `a 404` is an answer, and a book of 450 pages may be said like that as well; `the 2048` is a count.
    let fits = |before: &str| match number.length() {
        3 => BEFORE.contains(&before),
        4 => BEFORE.contains(&before) && !["a", "A", "the"].contains(&before),
        _ => false,
    };
    let is_second = ["and", "or"].contains(&here.before(1)) && here.before(2).len() == number.length();
    fits(here.before(1)) || (is_second && fits(here.before(3)))
}

/// Whether a number of four digits is a year, by the words around it.
fn is_year(here: Here<'_>, value: u64) -> bool {
    const BEFORE: [&str; 30] = [
        "in",
        "since",
        "by",
        "until",
        "till",
        "before",
        "after",
        "during",
        "year",
        "early",
        "late",
        "mid",
        "circa",
        "around",
        "summer",
        "spring",
        "autumn",
        "fall",
        "winter",
        "In",
        "Since",
        "By",
        "Until",
        "Before",
        "After",
        "During",
        "Copyright",
        "copyright",
        "Around",
        "years",
    ];
    if !(1100..2100).contains(&value) {
        return false;
    }
    let (before, next) = (here.before(1), here.next());
    // What is counted stands in the plural: `in 2048 bytes`.
    let counts = next.ends_with('s') && !["is", "was", "has", "as", "its", "this", "does"].contains(&next);
    let is_recent = (1900..2100).contains(&value);
    let after_year =
        ["and", "or", "to", "from", "of", "between", "Between", "From", "than"].contains(&before);
    let follows_name = before.starts_with(|letter: char| letter.is_ascii_uppercase()) && before.len() > 1;
    let begins =
        before.is_empty() && ["was", "is", "will", "has", "saw", "brought", "and", "to"].contains(&next);
    let ends_year = next.is_empty() && here.token().opens;
    let is_dated = BEFORE.contains(&before) || super::dates::month(before).is_some();
    (is_dated && !counts)
        || (is_recent && !counts && (after_year || follows_name || begins || ends_year || before == "the"))
}

/// `1990s`, `'90s`, and `90s` after a word that goes with decades.
pub(super) fn read_decade(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let bare = here.core().strip_prefix('\'').unwrap_or(here.core());
    let digits = bare.strip_suffix("'s").or_else(|| bare.strip_suffix('s'))?;
    let value = Number::all(digits)?.plain()?;
    let has_mark = bare.len() < here.core().len();
    let is_short =
        digits.len() == 2 && (has_mark || ["the", "early", "late", "mid", "The"].contains(&here.before(1)));
    let is_long = digits.len() == 4 && (1100..2100).contains(&value);
    if value % 10 != 0 || !(is_short || is_long) {
        return None;
    }
    said.words(&plural(&if is_long { year(value) } else { cardinal(value) }));
    Some(1)
}

/// A number and more in one word.
fn compound(here: Here<'_>, number: Number<'_>, rest: &str) -> Option<String> {
    let mut letters = rest.chars();
    let sign = letters.next()?;
    let tail = letters.as_str();
    match sign {
        'e' | 'E' => {
            let power = Number::all(tail)?;
            Some(format!(
                "{} times ten to the power of {}",
                number.said(),
                power.said().trim_start_matches("plus ")
            ))
        }
        '^' => power(number, tail),
        '/' => fraction(number, tail),
        '-' => range(here, number, tail),
        ':' => Some(format!("{} to {}", number.said(), Number::all(tail)?.said())),
        'x' | 'X' => {
            let side = |number: Number<'_>| {
                number.plain().filter(|side| *side < 10_000).map(|side| code(&side.to_string()))
            };
            Some(format!("{} by {}", side(number)?, side(Number::all(tail)?)?))
        }
        '*' => Some(format!("{} times {}", number.said(), Number::all(tail)?.said())),
        '+' => Some(format!("{} plus {}", number.said(), Number::all(tail)?.said())),
        '=' => Some(format!("{} equals {}", number.said(), Number::all(tail)?.said())),
        _ => None,
    }
}

fn power(number: Number<'_>, tail: &str) -> Option<String> {
    Some(match tail {
        "2" => format!("{} squared", number.said()),
        "3" => format!("{} cubed", number.said()),
        _ => format!("{} to the power of {}", number.said(), Number::all(tail)?.said()),
    })
}

/// `1/2`, `3/4`, `24/7`; what is more than a whole is so many out of so many.
fn fraction(above: Number<'_>, tail: &str) -> Option<String> {
    let (above_said, below) = (above.said(), Number::all(tail)?);
    let (Some(above), Some(below)) = (above.plain(), below.plain()) else {
        return Some(format!("{above_said} out of {}", below.said()));
    };
    Some(match (above, below) {
        (24, 7) => "twenty four seven".to_owned(),
        (9, 11) => "nine eleven".to_owned(),
        (1, 2) => "one half".to_owned(),
        (_, 2) => format!("{above_said} halves"),
        (1, 4) => "one quarter".to_owned(),
        (1..4, 4) => format!("{above_said} quarters"),
        (1, 3..=100) => format!("one {}", ordinal(below)),
        (1.., 3..=20) if above < below => format!("{above_said} {}s", ordinal(below)),
        _ if above + below == 100 => format!("{above_said} {}", cardinal(below)),
        _ => format!("{above_said} out of {}", cardinal(below)),
    })
}

/// `3-5`, `5-10%`, `2019-2021`, `2019-21`.
fn range(here: Here<'_>, first: Number<'_>, tail: &str) -> Option<String> {
    let (last, rest) = Number::parse(tail)?;
    let ending = match rest {
        "" => "",
        "%" => " percent",
        "k" | "K" => " thousand",
        "M" => " million",
        _ => return None,
    };
    let years = |number: Number<'_>| number.plain().filter(|value| (1900..2100).contains(value));
    if let (Some(from), true) = (years(first), ending.is_empty()) {
        let counts = here.next().ends_with('s');
        match (years(last), last.plain().filter(|_| last.length() == 2)) {
            (Some(to), _) if !counts => return Some(format!("{} to {}", year(from), year(to))),
            (_, Some(to)) if to > from % 100 => return Some(format!("{} to {}", year(from), cardinal(to))),
            _ => {}
        }
    }
    Some(format!("{} to {}{ending}", first.said(), last.said()))
}
