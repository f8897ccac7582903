//! The cells that limit how often a key may be used: a whole number of requests per minute, day or month.

use super::value::Value;

/// Of what a limit is one.
#[derive(Clone, Copy)]
pub(super) enum Per {
    Minute,
    Day,
    Month,
}

/// The largest quota of a day or a month: integers in header fields have 15 digits (RFC 9651, 3.3.1).
pub const LARGEST_QUOTA: u64 = 999_999_999_999_999;

/// Reads a cell that is not empty. A number that a person may have meant otherwise is not read.
pub(super) fn read(value: Value<'_>, per: Per) -> Option<u64> {
    let limit = match value {
        Value::Number(number) => whole(number),
        Value::Text(text) => from_text(text, per),
        Value::Empty | Value::Bool(_) => None,
    };
    limit.filter(|limit| *limit <= per.largest())
}

impl Per {
    /// What such a cell must be.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Minute => "a whole number of requests per minute",
            Self::Day => "a whole number of requests per day",
            Self::Month => "a whole number of requests per month",
        }
    }

    fn largest(self) -> u64 {
        match self {
            Self::Minute => u32::MAX.into(),
            Self::Day | Self::Month => LARGEST_QUOTA,
        }
    }

    /// Whether words, in lower case and with `per` for `/`, say just this.
    fn is_said(self, words: &[&str]) -> bool {
        match self {
            Self::Minute => matches!(words, ["rpm"] | ["per", "min" | "minute"]),
            Self::Day => matches!(words, ["rpd" | "daily"] | ["per", "d" | "day"]),
            // Not `m`, nor `rpm`: a minute's.
            Self::Month => matches!(words, ["monthly"] | ["per", "mo" | "month"]),
        }
    }
}

fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let fits = (0.0..=LARGEST_QUOTA as f64).contains(&number) && number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked the line before")]
    fits.then_some(number as u64)
}

/// `60`, `60.0`, and `60` with words that say nothing else than per minute, where that is what the column is of.
fn from_text(text: &str, per: Per) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    says_only(without_fraction(rest)?, per).then(|| digits.parse().ok()).flatten()
}

/// What follows `.0` or `.00`. Any other fraction is none that could be left out, and `.000` may be a thousand.
fn without_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let words = fraction.trim_start_matches('0');
    let zeros = fraction.len() - words.len();
    ((1..=2).contains(&zeros) && !words.starts_with(|c: char| c.is_ascii_digit())).then_some(words)
}

fn says_only(words: &str, per: Per) -> bool {
    let lower = words.to_lowercase().replace('/', " per ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let words = match words.as_slice() {
        ["request" | "requests" | "req" | "reqs", period @ ..] if !period.is_empty() => period,
        all => all,
    };
    words.is_empty() || per.is_said(words)
}
