//! Figures as a document has them.

use crate::agenda::{MICRO, SECOND, Time};

/// Lines of a Markdown table. All columns but the first are of numbers.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head);
    text.extend(["|---|", &"---:|".repeat(N - 1), "\n"]);
    for row in rows {
        text.push_str(&line(&row.each_ref().map(String::as_str)));
    }
    text
}

/// With commas.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    grouped.join(",")
}

pub(super) fn count(value: usize) -> String {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}

/// To two digits that say something.
pub(super) fn about(value: u64) -> String {
    let mut unit = 1;
    while value / unit >= 100 {
        unit *= 10;
    }
    number((value + unit / 2) / unit * unit)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number below 1,000")]
pub(super) fn percent(part: f64) -> String {
    format!("{} %", (part * 100.0 + 0.5) as u64)
}

/// Milliseconds, to the hundredth.
pub(super) fn milliseconds(time: Time) -> String {
    let hundredths = (time + 5 * MICRO) / (10 * MICRO);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Seconds, to the tenth.
pub(super) fn seconds(time: Time) -> String {
    let tenths = (time + SECOND / 20) / (SECOND / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Bytes, in the unit that fits.
pub(super) fn bytes(value: u64) -> String {
    match value {
        0..1_000_000 => format!("{} kB", number((value + 500) / 1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", number((value + 500_000) / 1_000_000)),
        _ => format!("{} GB", number((value + 500_000_000) / 1_000_000_000)),
    }
}
