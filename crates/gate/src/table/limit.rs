//! A `rate_limit` cell: a whole number of requests per minute.

use super::value::Value;

/// Reads a cell that is not empty. A number that a person may have meant otherwise is not read.
pub(super) fn read(value: Value<'_>) -> Option<u32> {
    match value {
        Value::Number(number) => whole(number),
        Value::Text(text) => from_text(text),
        Value::Empty | Value::Bool(_) => None,
    }
}

fn whole(number: f64) -> Option<u32> {
    let fits = (0.0..=f64::from(u32::MAX)).contains(&number) && number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked the line before")]
    fits.then_some(number as u32)
}

/// `60`, `60.0`, and `60` with words that say nothing else than per minute.
fn from_text(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    is_per_minute(without_fraction(rest)?).then(|| digits.parse().ok()).flatten()
}

/// What follows `.0` or `.00`. Any other fraction is none that could be left out, and `.000` may be a thousand.
fn without_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let words = fraction.trim_start_matches('0');
    let zeros = fraction.len() - words.len();
    ((1..=2).contains(&zeros) && !words.starts_with(|c: char| c.is_ascii_digit())).then_some(words)
}

fn is_per_minute(words: &str) -> bool {
    let lower = words.to_lowercase().replace('/', " per ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let words = match words.as_slice() {
        ["request" | "requests" | "req" | "reqs", period @ ..] if !period.is_empty() => period,
        all => all,
    };
    matches!(words, [] | ["rpm"] | ["per", "min" | "minute"])
}
