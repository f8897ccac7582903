//! The cell that limits how much sound is made: minutes per day, whole or with a fraction.

use std::time::Duration;

use super::value::Value;

/// What such a cell must be.
pub(super) const WANTED: &str = "a number of minutes per day, such as 30 or 0.5";

/// The most minutes that it may say: two years of sound.
pub const LARGEST_AUDIO_MINUTES: u32 = 1_000_000;

/// Reads a cell that is not empty, to the millisecond. A number that a person may have meant otherwise is not read.
pub(super) fn read(value: Value<'_>) -> Option<Duration> {
    let minutes = match value {
        Value::Number(number) => number,
        Value::Text(text) => from_text(text)?,
        Value::Empty | Value::Bool(_) => return None,
    };
    let allowed = 0.0..=f64::from(LARGEST_AUDIO_MINUTES);
    let milliseconds = (minutes * 60_000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole and in the range"
    )]
    allowed.contains(&minutes).then(|| Duration::from_millis(milliseconds as u64))
}

/// `30`, `0.5`, and the same with words that say nothing else than minutes per day.
fn from_text(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, words) = text.split_at(end);
    (is_plain(number) && says_only(words)).then(|| number.parse().ok()).flatten()
}

/// Digits, and one or two behind a point: `1.500` may be a thousand and a half.
fn is_plain(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty() && is_digits(whole) && (1..=2).contains(&fraction.len()) && is_digits(fraction)
}

fn says_only(words: &str) -> bool {
    let lower = words.to_lowercase().replace('/', " per ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let words = match words.as_slice() {
        ["min" | "mins" | "minute" | "minutes", period @ ..] => period,
        all => all,
    };
    matches!(words, [] | ["daily"] | ["per", "d" | "day"])
}
