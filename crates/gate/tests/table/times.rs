//! Serial numbers and local times against jiff.

use gate::{Cell, Rules, Table};
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

/// Zones whose clock changes differ in size, season, hour and side of midnight.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Havana",
];

/// What an `expires_at` cell says in a zone.
fn read(cell: Cell, zone: &TimeZone) -> Option<i64> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let header = vec![text("api_key"), text("client_name"), text("is_active"), text("expires_at")];
    let row = vec![text("one"), text("Acme"), Cell::Bool(true), cell];
    let rules = Rules { time_zone: zone.clone(), default_limit: None };
    let table = Table::read(&[header, row], &rules).unwrap();
    assert_eq!(table.records[0].readable, table.records[0].expires_at.is_some());
    table.records[0].expires_at
}

/// Days since 1899-12-30, counted without the code under test.
fn serial(wall: DateTime) -> f64 {
    let midnight = date(1899, 12, 30).at(0, 0, 0, 0);
    wall.since(midnight).unwrap().total((jiff::Unit::Day, midnight)).unwrap()
}

fn earliest(wall: DateTime, zone: &TimeZone) -> i64 {
    zone.to_ambiguous_timestamp(wall).earlier().unwrap().as_second()
}

#[test]
fn p03_recorded_serials_are_the_days_that_google_says() {
    let day = |year, month, day| {
        date(year, month, day).at(0, 0, 0, 0).in_tz("UTC").unwrap().timestamp().as_second()
    };
    for (serial, expected) in [
        (43831.0, day(2020, 1, 1)),
        (36162.0, day(1999, 1, 2)),
        (0.0, day(1899, 12, 30)),
        (1.0, day(1899, 12, 31)),
        (59.0, day(1900, 2, 27)),
        (60.0, day(1900, 2, 28)),
        (61.0, day(1900, 3, 1)),
        (-1.0, day(1899, 12, 29)),
        (2_958_465.0, Timestamp::MAX.as_second()),
    ] {
        assert_eq!(read(Cell::Number(serial), &TimeZone::UTC), Some(expected), "{serial}");
    }
}

#[test]
fn p03_serials_out_of_range_are_refused() {
    for serial in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 2_958_466.0, -5e6, 1.8e9] {
        assert_eq!(read(Cell::Number(serial), &TimeZone::UTC), None, "{serial}");
    }
}

/// Every half hour of the days on which a zone's clocks change, so that all gaps and folds are met.
#[test]
fn p03_a_time_that_a_clock_change_skips_or_repeats_is_the_earlier_instant() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let from: Timestamp = "2005-01-01T00:00:00Z".parse().unwrap();
        for change in zone.following(from).take(30) {
            let around = zone.to_datetime(change.timestamp()).checked_sub(25.hours()).unwrap();
            for step in 0..100 {
                let wall = around.checked_add((30 * step).minutes()).unwrap();
                let expected = Some(earliest(wall, &zone));
                assert_eq!(read(Cell::Number(serial(wall)), &zone), expected, "{wall} {name}");
                let text = wall.strftime("%Y-%m-%d %H:%M:%S").to_string();
                assert_eq!(read(Cell::Text(text), &zone), expected, "{wall} {name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn p03_any_moment_comes_back_through_serial_text_and_offset(
        second in Timestamp::MIN.as_second() / 8..Timestamp::MAX.as_second() - 200_000,
        name in prop::sample::select(ZONES.to_vec()),
    ) {
        let zone = TimeZone::get(name).unwrap();
        let moment = Timestamp::from_second(second).unwrap().to_zoned(zone.clone());
        let wall = moment.datetime();
        let expected = earliest(wall, &zone);
        prop_assert!(expected <= second);
        prop_assert_eq!(read(Cell::Number(serial(wall)), &zone), Some(expected));
        if wall.year() >= 0 {
            let text = |format: &str| Cell::Text(wall.strftime(format).to_string());
            prop_assert_eq!(read(text("%Y-%m-%dT%H:%M:%S"), &zone), Some(expected));
            prop_assert_eq!(read(Cell::Text(moment.timestamp().to_string()), &zone), Some(second));
        }
    }
}
