//! How a value reads: raw, or as the text that a person sees under the cell's number format.
//!
//! Of number formats there is what Sheets itself sets when somebody types a number, a percentage, an amount or a
//! date, and what our client and gspread's users set: digits, groups, `%`, a currency before or after, and the
//! letters of dates and times. Sections for negative numbers, colours and fractions are not known: such a pattern
//! shows the number as if it had none. The locale is always `en_US`.

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan};
use serde_json::{Value, json};

use super::Tab;
use super::cell::Cell;

/// How values are to be written (`valueRenderOption`, `dateTimeRenderOption`).
#[derive(Clone, Copy)]
pub(crate) struct Rendering {
    pub(crate) values: Values,
    /// Dates as serial numbers. Google ignores this where everything is formatted.
    pub(crate) serial_dates: bool,
}

/// `ValueRenderOption`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Everything as the text that a person sees.
    Formatted,
    Unformatted,
    /// As [`Self::Unformatted`], but the formula instead of what it comes to.
    Formula,
}

impl Rendering {
    pub(crate) const RAW: Self = Self { values: Values::Unformatted, serial_dates: true };

    pub(crate) fn render(self, tab: &Tab, row: usize, column: usize) -> Value {
        let Some(cell) = tab.cell(row, column) else { return json!("") };
        if let (Values::Formula, Some(formula)) = (self.values, cell.formula()) {
            return json!(formula);
        }
        let value = tab.value(row, column);
        match &value {
            Value::Null => json!(""),
            _ if self.values == Values::Formatted => json!(shown(cell, &value)),
            Value::Number(_) if !self.serial_dates && is_date(cell) => json!(shown(cell, &value)),
            Value::Number(_) => whole_if_whole(&value),
            _ => value,
        }
    }
}

/// Whether the cell's number stands for a date or a time.
fn is_date(cell: &Cell) -> bool {
    let kind = cell.number_format().and_then(|format| format["type"].as_str());
    matches!(kind, Some("DATE" | "TIME" | "DATE_TIME"))
        || cell.dress().is_some_and(|dress| dress.shown.is_some())
}

/// The text that a person sees for `value` in `cell`.
pub(crate) fn shown(cell: &Cell, value: &Value) -> String {
    if let Some(shown) = cell.dress().and_then(|dress| dress.shown.as_ref()) {
        return shown.clone();
    }
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Value::String(text) => text.clone(),
        number => {
            let number = number.as_f64().unwrap_or(0.0);
            cell.number_format().and_then(|format| under(number, format)).unwrap_or_else(|| general(number))
        }
    }
}

fn under(number: f64, format: &Value) -> Option<String> {
    let pattern = format["pattern"].as_str();
    match format["type"].as_str()? {
        "DATE" => Some(date_text(number, pattern.unwrap_or("M/d/yyyy"))),
        "TIME" => Some(date_text(number, pattern.unwrap_or("h:mm:ss am/pm"))),
        "DATE_TIME" => Some(date_text(number, pattern.unwrap_or("M/d/yyyy H:mm:ss"))),
        "PERCENT" => number_text(number, pattern.unwrap_or("0.00%")),
        "CURRENCY" => number_text(number, pattern.unwrap_or("$#,##0.00")),
        "NUMBER" => number_text(number, pattern.unwrap_or("#,##0.00")),
        _ => None,
    }
}

/// A number without a format: as many as ten decimals, and powers of ten from 1e15 on (observed in issues).
pub(crate) fn general(number: f64) -> String {
    if number.abs() >= 1e15 {
        let text = format!("{number:.5e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}E+{power}", trim_zeros(mantissa));
    }
    trim_zeros(&format!("{number:.10}")).to_owned()
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// `#,##0.00` and its like, with text around the digits.
fn number_text(number: f64, pattern: &str) -> Option<String> {
    let is_digit = |c: char| "#0,.".contains(c);
    let (start, end) = (pattern.find(is_digit)?, pattern.rfind(is_digit)? + 1);
    if pattern.contains(';') || pattern[start..end].chars().any(|c| !is_digit(c)) {
        return None;
    }
    let (digits, tail) = (&pattern[start..end], &pattern[end..]);
    let scaled = if tail.contains('%') { number * 100.0 } else { number };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let text = format!("{:.*}", decimals.len(), scaled.abs());
    let (integer, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let integer = format!("{integer:0>width$}", width = whole.matches('0').count());
    let grouped = if whole.contains(',') { group(&integer) } else { integer };
    let optional = decimals.matches('#').count();
    let kept = fraction.len() - fraction.chars().rev().take(optional).take_while(|&c| c == '0').count();
    let point = if kept > 0 { "." } else { "" };
    let sign = if scaled < 0.0 { "-" } else { "" };
    let literal = |text: &str| text.replace(['"', '\\', '[', ']'], "");
    Some(format!(
        "{sign}{}{grouped}{point}{}{}",
        literal(&pattern[..start]),
        &fraction[..kept],
        literal(tail)
    ))
}

fn group(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The day that serial number 0 stands for.
pub(crate) const DAY_ZERO: Date = jiff::civil::date(1899, 12, 30);

const DAY: f64 = 86_400.0;

/// A serial number's day and time, to the second.
fn moment(serial: f64) -> Option<DateTime> {
    let seconds = format!("{:.0}", serial * DAY).parse::<i64>().ok()?;
    let span: Span = Span::new().try_seconds(seconds).ok()?;
    DAY_ZERO.to_datetime(jiff::civil::Time::midnight()).checked_add(span).ok()
}

/// The letters of a date pattern, from the left. `m` is a minute after hours or before seconds, else a month.
fn date_text(serial: f64, pattern: &str) -> String {
    let Some(at) = moment(serial) else { return general(serial) };
    let half = pattern.to_lowercase().contains("am/pm");
    let (mut text, mut rest, mut after_hour) = (String::new(), pattern, false);
    while let Some(first) = rest.chars().next() {
        let lower = first.to_ascii_lowercase();
        if lower == 'a' && rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("am/pm")) {
            text.push_str(if at.hour() < 12 { "AM" } else { "PM" });
            rest = &rest[5..];
            continue;
        }
        let run = rest.chars().take_while(|c| c.eq_ignore_ascii_case(&first)).count();
        let seconds_follow = || {
            let later = rest[run * first.len_utf8()..].chars().find(char::is_ascii_alphabetic);
            later.is_some_and(|c| c.eq_ignore_ascii_case(&'s'))
        };
        match lower {
            'y' => text.push_str(&at.strftime(if run > 2 { "%Y" } else { "%y" }).to_string()),
            'm' if after_hour || seconds_follow() => text.push_str(&padded(at.minute(), run)),
            'm' if run > 2 => text.push_str(&at.strftime(if run > 3 { "%B" } else { "%b" }).to_string()),
            'm' => text.push_str(&padded(at.month(), run)),
            'd' if run > 2 => text.push_str(&at.strftime(if run > 3 { "%A" } else { "%a" }).to_string()),
            'd' => text.push_str(&padded(at.day(), run)),
            'h' if half => text.push_str(&padded((at.hour() + 11) % 12 + 1, run)),
            'h' => text.push_str(&padded(at.hour(), run)),
            's' => text.push_str(&padded(at.second(), run)),
            '"' | '\\' => {}
            _ => text.extend(std::iter::repeat_n(first, run)),
        }
        after_hour = lower == 'h' || (after_hour && !first.is_ascii_alphabetic());
        rest = &rest[run * first.len_utf8()..];
    }
    text
}

fn padded(number: i8, width: usize) -> String {
    format!("{number:0>width$}", width = width.min(2))
}

/// The serial number of a moment on the sheet's wall.
pub(crate) fn serial(at: DateTime) -> f64 {
    let midnight = DAY_ZERO.to_datetime(jiff::civil::Time::midnight());
    let span = at.since((jiff::Unit::Second, midnight)).unwrap_or_else(|_| 0.seconds());
    let seconds = i32::try_from(span.get_seconds() / 86_400).unwrap_or(0);
    let rest = i32::try_from(span.get_seconds() % 86_400).unwrap_or(0);
    f64::from(seconds) + f64::from(rest) / DAY
}

/// Google writes 60.0 as 60.
pub(crate) fn whole_if_whole(number: &Value) -> Value {
    match number.as_f64() {
        // Every whole number of this size is exact in a double, so the text is the number.
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
            format!("{value:.0}").parse().map_or_else(|_| number.clone(), |whole: i64| json!(whole))
        }
        _ => number.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of grafana's recording (Apache-2.0), as far as their patterns are known here.
    #[test]
    fn formats_show_what_google_showed() {
        for (number, kind, pattern, text) in [
            (43831.0, "DATE", "M/d/yyyy", "1/1/2020"),
            (0.447_916_666_666_666_7, "TIME", "h:mm:ss am/pm", "10:45:00 AM"),
            (43831.0, "DATE_TIME", "M/d/yyyy H:mm:ss", "1/1/2020 0:00:00"),
            (122.0, "NUMBER", "#,##0.00", "122.00"),
            (0.501, "PERCENT", "0.00%", "50.10%"),
            (97.0, "CURRENCY", "\"$\"#,##0.00", "$97.00"),
            (2_000_000.01, "NUMBER", "#,##0.00", "2,000,000.01"),
            (46_000.75, "DATE_TIME", "yyyy-mm-dd hh:mm:ss", "2025-12-09 18:00:00"),
            (46_000.75, "DATE_TIME", "mmm d, h:mm am/pm", "Dec 9, 6:00 PM"),
            (7.0, "NUMBER", "000", "007"),
            (-1234.5, "NUMBER", "#,##0.##", "-1,234.5"),
        ] {
            let format = json!({ "type": kind, "pattern": pattern });
            assert_eq!(under(number, &format).as_deref(), Some(text), "{pattern}");
        }
        assert_eq!(general(0.12), "0.12");
        assert_eq!(general(1_705_970_000_000_000.0), "1.70597E+15");
        assert_eq!(general(1.0 / 3.0), "0.3333333333");
    }
}
