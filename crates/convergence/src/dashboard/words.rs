//! Numbers, times and names as people read them.

use std::fmt::Write;

use jiff::Timestamp;

/// How good a piece of news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    Bad,
    Warn,
    Good,
    Plain,
}

impl Tone {
    /// The name of its style.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Good => "good",
            Self::Plain => "neutral",
        }
    }
}

/// So many characters of a name are shown.
const LONGEST: usize = 64;

/// A name from the sheet: on one line, not too long, and no character that could make it look like another. HTML is the
/// template's affair.
pub(crate) fn name(name: &str) -> String {
    let mut shown = String::new();
    for (place, c) in name.chars().enumerate() {
        if place == LONGEST {
            shown.push('\u{2026}');
            break;
        }
        if c.is_control() || is_unseen(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Characters without width, and those that turn the direction of the text.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// With a comma for each thousand.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// So many of something: `1 key`, `2 keys`.
pub(crate) fn count(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", self::number(number))
}

/// A length in its largest unit, in seconds: `42 s`, `3 min`, `2 h`, `5 days`.
pub(crate) fn length(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", number(seconds.unsigned_abs() / 86_400)),
    }
}

/// How long ago a Unix second was.
pub(crate) fn ago(then: i64, now: i64) -> String {
    match now - then {
        ..5 => "just now".to_owned(),
        seconds => format!("{} ago", length(seconds)),
    }
}

/// A Unix second, as `2025-12-31 23:59:59 UTC`.
pub(crate) fn moment(unix: i64) -> String {
    let written = |moment: Timestamp| moment.strftime("%F %T UTC").to_string();
    Timestamp::from_second(unix).map_or_else(|_| "beyond the calendar".to_owned(), written)
}

/// The same without the day: `23:59:59`.
pub(crate) fn time(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(|_| String::new(), |moment| moment.strftime("%T").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_pretend() {
        assert_eq!(name("Zoë's app (日本)"), "Zoë's app (日本)");
        assert_eq!(name("a\u{202e}gpj.exe"), "a\\u{202e}gpj.exe");
        assert_eq!(name("My\u{200b}App\r\n\u{7}"), "My\\u{200b}App\\u{d}\\u{a}\\u{7}");
        assert_eq!(name("<script>"), "<script>", "the template escapes it");
        assert_eq!(name(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn numbers_and_times_are_read_at_a_glance() {
        let shown = |numbers: [u64; 5]| numbers.map(number);
        assert_eq!(shown([0, 999, 1_000, 12_345, 1_234_567]), ["0", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!([count(1, "key"), count(0, "key")], ["1 key", "0 keys"]);
        let lengths = [-1, 0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(length);
        assert_eq!(lengths, ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
        assert_eq!([ago(100, 100), ago(40, 100)], ["just now", "60 s ago"]);
        assert_eq!(moment(1_764_547_200), "2025-12-01 00:00:00 UTC");
        assert_eq!(moment(i64::MAX), "beyond the calendar");
    }
}
