//! Moments and lengths of time as they are typed.

use anyhow::{Context, bail};
use gate::Cell;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const NO_LENGTH: &str = "this is not a length of time; give 30m, 24h, 7d or 2w";

/// What `--help` says of a moment.
pub(super) const FORMS: &str = "now, 24h or 7d from now, 2026-12-31, \"2026-12-31 23:59:59\" or RFC 3339";

/// Reads a moment, in Unix seconds: what a cell may hold, with the table's time zone, or a length of time from now on.
pub(super) fn moment(text: &str, now: i64, zone: &TimeZone) -> anyhow::Result<i64> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    let relative = || length(text).ok().and_then(|seconds| now.checked_add(seconds));
    let moment = Cell::Text(text.to_owned()).moment(zone).or_else(relative);
    let moment = moment.with_context(|| format!("this is not a moment; give {FORMS}"))?;
    Timestamp::from_second(moment).with_context(|| "this moment is out of the calendar's reach")?;
    Ok(moment)
}

/// Reads a length of time, in seconds: a whole number and `s`, `m`, `h`, `d` or `w`.
pub(super) fn length(text: &str) -> anyhow::Result<i64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => bail!(NO_LENGTH),
    };
    let number: Option<i64> =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.and_then(|number| number.checked_mul(unit)).with_context(|| NO_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_cells_are_or_from_now_on() {
        let paris = TimeZone::get("Europe/Paris").expect("a zone");
        let read = |text: &str| moment(text, 1_000, &paris).ok();
        assert_eq!(read("now"), Some(1_000));
        assert_eq!(read("90s"), Some(1_090));
        assert_eq!(read(" 7d "), Some(1_000 + 604_800));
        assert_eq!(read("2026-01-01"), Some(1_767_222_000));
        assert_eq!(read("2026-01-01 00:00:00"), Some(1_767_222_000));
        assert_eq!(read("2026-01-01T00:00:00Z"), Some(1_767_225_600));
        for bad in ["", "d", "7", "7 d", "-7d", "7D", "31/12/2026", "99999999999999d", "soon", "+7d", "1e3d"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_have_a_unit() {
        assert_eq!(length("2w").ok(), Some(1_209_600));
        assert_eq!(length("30m").ok(), Some(1_800));
        assert!(length("now").is_err() && length("7").is_err() && length("é7d").is_err());
    }
}
