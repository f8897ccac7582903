//! `USER_ENTERED`: what a text becomes when a person types it into a cell, in the locale `en_US`.
//!
//! Known are formulas, words for true and false, numbers (grouped, in per cent, in dollars, with an exponent),
//! dates and times as ISO and US order write them. Other texts stay texts.

use jiff::civil::{Date, DateTime, Time};
use serde_json::{Value, json};

use super::cell::Cell;
use super::render;

/// Enters `value` as typed.
pub(crate) fn enter(cell: &mut Cell, value: &Value) {
    let Some(text) = value.as_str() else { return cell.enter(value.clone()) };
    if let Some(text) = text.strip_prefix('\'') {
        return cell.enter(json!(text));
    }
    if text.len() > 1 && text.starts_with('=') {
        return cell.enter_formula(text);
    }
    let format = cell.number_format().and_then(|format| format["type"].as_str());
    if format == Some("TEXT") {
        return cell.enter(json!(text));
    }
    let has_format = format.is_some();
    let Some((value, format)) = read(text.trim()) else { return cell.enter(json!(text)) };
    cell.enter(value);
    if let (Some((kind, pattern)), false) = (format, has_format) {
        cell.set_number_format(kind, pattern);
    }
}

/// Type and pattern of the number format that typing sets.
type Format = Option<(&'static str, &'static str)>;

fn read(text: &str) -> Option<(Value, Format)> {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Some((json!(text.eq_ignore_ascii_case("true")), None));
    }
    number(text).or_else(|| date(text))
}

fn number(text: &str) -> Option<(Value, Format)> {
    let (unsigned, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1.0),
        None => (text.strip_prefix('+').unwrap_or(text), 1.0),
    };
    if let Some(per_cent) = unsigned.strip_suffix('%') {
        let (value, decimals) = (plain(per_cent)?, per_cent.contains('.'));
        return Some((json!(sign * value / 100.0), Some(("PERCENT", if decimals { "0.00%" } else { "0%" }))));
    }
    if let Some(amount) = unsigned.strip_prefix('$') {
        let pattern = if amount.contains('.') { "\"$\"#,##0.00" } else { "\"$\"#,##0" };
        return Some((json!(sign * grouped(amount)?), Some(("CURRENCY", pattern))));
    }
    if unsigned.contains(',') {
        let pattern = if unsigned.contains('.') { "#,##0.00" } else { "#,##0" };
        return Some((json!(sign * grouped(unsigned)?), Some(("NUMBER", pattern))));
    }
    let format = unsigned.contains(['e', 'E']).then_some(("SCIENTIFIC", "0.00E+00"));
    Some((json!(sign * plain(unsigned)?), format))
}

/// Digits with a point and an exponent. Rust would read `inf` and `nan` as well.
fn plain(text: &str) -> Option<f64> {
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    if numeric { text.parse().ok() } else { None }
}

/// Commas only every three digits.
fn grouped(text: &str) -> Option<f64> {
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let right = whole == first || (first.len() <= 3 && groups.all(|group| group.len() == 3));
    if right { plain(&text.replace(',', "")) } else { None }
}

fn date(text: &str) -> Option<(Value, Format)> {
    let separate = text.split_once('T').or_else(|| text.split_once(' '));
    if let Some((day, time)) = separate {
        let ((day, us), time) = (self::day(day)?, time_of_day(time)?);
        let pattern = if us { "M/d/yyyy H:mm:ss" } else { "yyyy-mm-dd h:mm:ss" };
        return Some((json!(render::serial(day.to_datetime(time))), Some(("DATE_TIME", pattern))));
    }
    if let Some((day, us)) = day(text) {
        let pattern = if us { "M/d/yyyy" } else { "yyyy-mm-dd" };
        return Some((json!(render::serial(day.to_datetime(Time::midnight()))), Some(("DATE", pattern))));
    }
    let time = time_of_day(text)?;
    let at = DateTime::from_parts(render::DAY_ZERO, time);
    Some((json!(render::serial(at)), Some(("TIME", "h:mm:ss am/pm"))))
}

/// A day, and whether it was in US order.
fn day(text: &str) -> Option<(Date, bool)> {
    let (us, separator) = if text.contains('/') { (true, '/') } else { (false, '-') };
    let parts: Vec<i16> = text.split(separator).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let &[first, second, third] = parts.as_slice() else { return None };
    let (year, month, day) = if us && first < 32 { (third, first, second) } else { (first, second, third) };
    let year = if year < 100 { year + if year < 50 { 2000 } else { 1900 } } else { year };
    Some((Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?, us))
}

fn time_of_day(text: &str) -> Option<Time> {
    let parts: Vec<i8> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match *parts.as_slice() {
        [hour, minute] => Time::new(hour, minute, 0, 0).ok(),
        [hour, minute, second] => Time::new(hour, minute, second, 0).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded by gspread (MIT): `0042` reads 42, `2,000,000.01` reads as typed, 2020-01-01 is 43831.
    #[test]
    fn texts_become_what_google_made_of_them() {
        for (typed, value, shown) in [
            ("0042", json!(42.0), "42"),
            ("2,000,000.01", json!(2_000_000.01), "2,000,000.01"),
            ("2020-01-01", json!(43831.0), "2020-01-01"),
            ("1/2/1999", json!(36162.0), "1/2/1999"),
            ("2025-12-09 18:00:00", json!(46_000.75), "2025-12-09 18:00:00"),
            ("true", json!(true), "TRUE"),
            ("5%", json!(0.05), "5%"),
            ("-$1,000.50", json!(-1000.5), "-$1,000.50"),
            ("'0042", json!("0042"), "0042"),
            ("1,2", json!("1,2"), "1,2"),
            ("2020-13-01", json!("2020-13-01"), "2020-13-01"),
            ("sk-1", json!("sk-1"), "sk-1"),
            ("inf", json!("inf"), "inf"),
        ] {
            let mut cell = Cell::default();
            enter(&mut cell, &json!(typed));
            assert_eq!(cell.value, value, "{typed}");
            assert_eq!(render::shown(&cell, &cell.value), shown, "{typed}");
        }
    }

    #[test]
    fn a_text_column_keeps_what_is_typed() {
        let mut cell = Cell::default();
        cell.set_number_format("TEXT", "@");
        enter(&mut cell, &json!("0042"));
        assert_eq!(cell.value, "0042");
    }
}
