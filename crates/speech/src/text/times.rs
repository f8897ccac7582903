//! The time of the day.

use super::here::Here;
use super::numbers::cardinal;
use super::said::Said;

/// `10:45`, `9:05 am`, `17:00`, `5pm`, `9am-5pm`, `10:45:30`.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let (first, last) = word.split_once('-').map_or((word, None), |(first, last)| (first, Some(last)));
    let first = Time::parse(first);
    let last = match last {
        Some(last) => Some(Time::parse(last)?),
        None => None,
    };
    let half = half_of_day(here.next());
    // `9-5pm` begins with an hour alone, and `5 pm` has its half of the day in the next word.
    let first = first.or_else(|| {
        let hour = word.split('-').next()?.parse().ok().filter(|hour| (1..=12).contains(hour))?;
        let is_hour = last.as_ref().map_or(half.is_some(), |last| last.half.is_some());
        is_hour.then_some(Time { hour, minute: None, second: None, half: None, zone: None })
    })?;
    // The half of the day in the next word belongs to the time before it.
    let (first, last, taken) = match (half, last) {
        (Some(_), None) if first.half.is_none() => (Time { half, ..first }, None, 2),
        (Some(_), Some(last)) if last.half.is_none() => (first, Some(Time { half, ..last }), 2),
        (_, last) => (first, last, 1),
    };
    first.say(said);
    if let Some(last) = last {
        said.words("to");
        last.say(said);
    }
    Some(taken)
}

/// A time of the day as it is written in one word.
pub(super) struct Time {
    hour: u64,
    minute: Option<u64>,
    second: Option<u64>,
    half: Option<&'static str>,
    /// `Z`, or how far from it.
    zone: Option<String>,
}

impl Time {
    /// Reads a time with minutes, or an hour with its half of the day.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let (word, zone) = match word.split_once(['Z', '+']) {
            Some((word, "")) => (word, Some("Z".to_owned())),
            Some((word, zone)) if word.contains(':') => (word, Some(zone.to_owned())),
            Some(_) => return None,
            None => (word, None),
        };
        let end = word.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(word.len());
        let (digits, half) = word.split_at(end);
        let half = if half.is_empty() { None } else { Some(half_of_day(half)?) };
        // Parts of a second are for machines.
        let digits = digits.split_once('.').filter(|_| zone.is_some()).map_or(digits, |(digits, _)| digits);
        let mut parts = digits.split(':');
        let hour =
            parts.next().filter(|hour| (1..=2).contains(&hour.len())).and_then(|hour| hour.parse().ok())?;
        let mut sixtieth = || match parts.next() {
            None => Some(None),
            Some(part) if part.len() == 2 => part.parse().ok().filter(|part| *part < 60).map(Some),
            Some(_) => None,
        };
        let (minute, second) = (sixtieth()?, sixtieth()?);
        if parts.next().is_some() || hour > 24 || (minute.is_none() && half.is_none()) {
            return None;
        }
        Some(Self { hour, minute, second, half, zone })
    }

    pub(super) fn say(&self, said: &mut Said) {
        let has_half = self.half.is_some();
        match (self.hour, self.minute) {
            (0, Some(0)) if self.second.is_none() => said.words("midnight"),
            (hour @ 13.., Some(0)) if !has_half => said.words(&format!("{} hundred", cardinal(hour))),
            (hour, Some(0)) if !has_half && hour > 0 => said.words(&format!("{} o'clock", cardinal(hour))),
            (hour, None | Some(0)) => said.words(&cardinal(hour)),
            (hour, Some(minute @ 1..10)) => {
                said.words(&format!("{} oh {}", cardinal(hour), cardinal(minute)));
            }
            (hour, Some(minute)) => said.words(&format!("{} {}", cardinal(hour), cardinal(minute))),
        }
        if let Some(second) = self.second.filter(|second| *second > 0) {
            let ending = if second == 1 { "" } else { "s" };
            said.words(&format!("and {} second{ending}", cardinal(second)));
        }
        if let Some(half) = self.half {
            said.letters(half, "");
        }
        match self.zone.as_deref() {
            None => {}
            Some("Z") => said.letters("UTC", ""),
            Some(zone) => {
                said.letters("UTC", "");
                said.words("plus");
                let hours = zone.get(..2).and_then(|hours| hours.parse().ok());
                said.words(&hours.map_or_else(|| super::numbers::digits(zone), cardinal));
                let minutes = zone.trim_start_matches(|digit: char| digit.is_ascii_digit()).trim_matches(':');
                if let Some(minutes) = minutes.parse().ok().filter(|minutes| *minutes > 0 && hours.is_some())
                {
                    said.words(&cardinal(minutes));
                }
            }
        }
    }
}

/// `am`, `p.m` (its last stop is a mark after the word), in any case.
fn half_of_day(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m" => Some("AM"),
        "pm" | "p.m" => Some("PM"),
        _ => None,
    }
}
