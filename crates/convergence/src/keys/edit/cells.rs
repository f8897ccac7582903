//! Cells as they are written, and when two count as the same.
//!
//! A moment goes to Google as a serial number with a date format on its cell, so that it is a date to everything else
//! in the spreadsheet, in whatever language; to a file as `YYYY-MM-DD HH:MM:SS` on the wall clocks of the table's time
//! zone. Where those clocks show a time twice, and mean the other one by it, it is written with its offset instead.

use gate::Cell;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const UNIX_EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// The serial number of 1970-01-01.
const SERIAL_OF_UNIX_EPOCH: f64 = 25_569.0;

/// As text that is read back to the same second.
pub(super) fn text_moment(unix: i64, zone: &TimeZone) -> Cell {
    let text = wall_clock(unix, zone).strftime("%Y-%m-%d %H:%M:%S").to_string();
    if_read_back(Cell::Text(text), unix, zone)
}

/// As the number of days since 1899-12-30.
pub(super) fn serial_moment(unix: i64, zone: &TimeZone) -> Cell {
    let seconds = wall_clock(unix, zone).duration_since(UNIX_EPOCH).as_secs_f64();
    if_read_back(Cell::Number(seconds / 86_400.0 + SERIAL_OF_UNIX_EPOCH), unix, zone)
}

fn if_read_back(cell: Cell, unix: i64, zone: &TimeZone) -> Cell {
    if cell.moment(zone) == Some(unix) { cell } else { Cell::Text(timestamp(unix).to_string()) }
}

fn wall_clock(unix: i64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(timestamp(unix))
}

fn timestamp(unix: i64) -> Timestamp {
    let clamped = unix.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(clamped).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whether two rows hold the same. Numbers may differ by less than a second of a day: they travel as decimal text.
pub(super) fn equal(one: &[&Cell], other: &[&Cell]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

/// Whether two cells hold the same.
pub(super) fn same(one: &Cell, other: &Cell) -> bool {
    match (one, other) {
        (Cell::Number(one), Cell::Number(other)) => (one - other).abs() < 1e-6,
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p03_a_moment_is_read_back_to_the_second_whatever_the_clocks_do() {
        let paris = TimeZone::get("Europe/Paris").expect("a zone");
        // 2025-10-26 01:00:00 UTC: the clocks show 02:00 for the second time.
        for unix in [0, 1_761_440_400, 1_761_440_399, 1_761_436_800, 1_798_761_599, 4_102_444_799] {
            for cell in [text_moment(unix, &paris), serial_moment(unix, &paris)] {
                assert_eq!(cell.moment(&paris), Some(unix));
            }
        }
        assert!(text_moment(1_798_761_599, &TimeZone::UTC) == Cell::Text("2026-12-31 23:59:59".to_owned()));
        assert!(text_moment(1_761_440_400, &paris) == Cell::Text("2025-10-26T01:00:00Z".to_owned()));
        assert!(matches!(serial_moment(1_761_436_800, &paris), Cell::Number(_)));
    }
}
