//! Dates, in digits and with a month's name. The day is said as an ordinal, after the month.

use super::here::Here;
use super::numbers::{ordinal, year};
use super::said::Said;
use super::times;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    digits_only(here, said)
        .or_else(|| month_first(here, said))
        .or_else(|| day_first(here, said))
        .or_else(|| day_of_week(here, said))
}

/// A month by its name or its first three letters; `Sept` too.
pub(super) fn month(word: &str) -> Option<&'static str> {
    let is = |month: &&&str| {
        **month == word
            || (word.len() == 3 && month.starts_with(word))
            || (word == "Sept" && month.starts_with(word))
    };
    MONTHS.iter().find(is).copied()
}

/// A day by its name or its first three or four letters.
pub(super) fn weekday(word: &str) -> Option<&'static str> {
    let is = |day: &&&str| word == **day || ((3..=4).contains(&word.len()) && day.starts_with(word));
    DAYS.iter().find(is).copied().or_else(|| (word == "Thurs").then_some("Thursday"))
}

/// `2026-11-22`, `22/11/2026`, `11/22/2026`, `22.11.2026`, `2026-11`, and a moment as machines write it.
fn digits_only(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let (date, time) = word.split_once('T').map_or((word, None), |(date, time)| (date, Some(time)));
    let time = match time {
        Some(time) => Some(times::Time::parse(time)?),
        None => None,
    };
    let sign = ['-', '/', '.'].into_iter().find(|sign| date.contains(*sign))?;
    let parts: Vec<u64> = date.split(sign).map(number).collect::<Option<_>>()?;
    let lengths: Vec<usize> = date.split(sign).map(str::len).collect();
    let (year, month, day) = match (&parts[..], &lengths[..]) {
        (&[year @ 1900..2100, month], [4, 2]) if sign == '-' => (year, month, None),
        (&[year, month, day], [4, 1..=2, 1..=2]) => (year, month, Some(day)),
        // Where both could be the month, an American puts it first; with dots nobody does.
        (&[first, second, year], [1..=2, 1..=2, 4]) => {
            let is_american = first <= 12 && sign != '.';
            let (month, day) = if is_american { (first, second) } else { (second, first) };
            (year, month, Some(day))
        }
        _ => return None,
    };
    let name = MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if day.is_some_and(|day| !(1..=31).contains(&day)) {
        return None;
    }
    said.words(name);
    if let Some(day) = day {
        said.words(&ordinal(day));
        said.pause(',');
    }
    say_year(year, said);
    if let Some(time) = time {
        said.pause(',');
        time.say(said);
    }
    Some(1)
}

/// `Nov 22`, `November 22nd, 2026`, `November 2026`.
fn month_first(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let name = month(here.core())?;
    let Some(day) = day(here.next()) else {
        let year = a_year(here.next())?;
        said.words(name);
        say_year(year, said);
        return Some(2);
    };
    said.words(name);
    said.words(&ordinal(day));
    Some(2 + say_year_after(here, 1, said))
}

/// Says the year that follows the `count`th word, maybe with a comma between, and tells how many words that took.
fn say_year_after(here: Here<'_>, count: usize, said: &mut Said) -> usize {
    let has_comma = here.after(count).is_some_and(|token| token.pause == Some(','));
    let next = if has_comma { here.beyond(count + 1) } else { here.after(count + 1) };
    let Some(year) = next.filter(|token| !token.opens).and_then(|token| a_year(&token.core)) else {
        return 0;
    };
    said.pause(',');
    say_year(year, said);
    1
}

/// `22 November 2026`, `22nd of Nov`, `22 Nov`.
fn day_first(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let day = day(here.core())?;
    let of = usize::from(here.next() == "of");
    let name = month(&here.after(1 + of)?.core)?;
    if of == 1 {
        said.words(&format!("{} of {name}", ordinal(day)));
    } else {
        said.words(&format!("{name} {}", ordinal(day)));
    }
    Some(2 + of + say_year_after(here, 1 + of, said))
}

/// `Sun, 22 Nov`: a short name of a day, only before a date; and `Mon-Fri`.
fn day_of_week(here: Here<'_>, said: &mut Said) -> Option<usize> {
    if let Some((first, last)) = here.core().split_once('-') {
        let range = weekday(first).zip(weekday(last)).or_else(|| month(first).zip(month(last)));
        let (first, last) = range?;
        said.words(&format!("{first} to {last}"));
        return Some(1);
    }
    let name = weekday(here.core())?;
    let next = here.beyond(1)?;
    let is_by_digits = || here.later().is_some_and(|next| digits_only(next, &mut Said::default()).is_some());
    if !(month(&next.core).is_some()
        || is_by_digits()
        || (day(&next.core).is_some() && here.beyond(2).is_some_and(|token| month(&token.core).is_some())))
    {
        return None;
    }
    said.words(name);
    if here.token().pause.is_none() {
        said.pause(',');
    }
    Some(1)
}

fn say_year(number: u64, said: &mut Said) {
    said.words(&year(number));
}

/// A day of the month, as `22` or `22nd`.
fn day(word: &str) -> Option<u64> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    number(digits).filter(|day| (1..=31).contains(day) && digits.len() <= 2)
}

fn a_year(word: &str) -> Option<u64> {
    number(word).filter(|year| (1000..2200).contains(year))
}

fn number(digits: &str) -> Option<u64> {
    let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
