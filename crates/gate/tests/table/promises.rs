//! The promises about a table, in the guide's own words and beyond the single cell.

use gate::{Cell, HeaderFault, KeyHash, Layout, Rules, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::fixture;

/// Reads a grid in UTC, without a default limit.
fn read(values: &Value) -> Result<Table, HeaderFault> {
    Table::read(&fixture::grid(values), &Rules { time_zone: TimeZone::UTC, default_limit: None })
}

/// The moments of one row, whose cells are given as text.
fn expiry(text: &str) -> Option<i64> {
    let table = read(&json!([
        ["api_key", "client_name", "is_active", "expires_at"],
        ["sk-convergence-abc123xyz", "Acme", true, text]
    ]));
    let table = table.unwrap();
    assert!(table.records[0].readable, "{text}");
    table.records[0].expires_at
}

#[test]
fn p02_the_guides_own_row_reads() {
    let table = read(&json!([
        ["api_key", "client_name", "created_at", "expires_at", "is_active", "rate_limit"],
        ["sk-convergence-abc123xyz", "Test Client", "2024-01-01 00:00:00", "2025-12-31 23:59:59", true, 60]
    ]));
    let table = table.unwrap();
    assert_eq!(table.problems, []);
    let record = &table.records[0];
    assert_eq!(record.key, KeyHash::of(b"sk-convergence-abc123xyz"));
    assert_eq!((&*record.client, record.limit, record.active), ("Test Client", Some(60), true));
    assert_eq!(record.expires_at, Some("2025-12-31T23:59:59Z".parse::<Timestamp>().unwrap().as_second()));
}

#[test]
fn p02_each_missing_required_column_is_named() {
    let required = ["api_key", "client_name", "is_active"];
    for missing in required {
        let header: Vec<_> = required.into_iter().filter(|name| *name != missing).collect();
        assert_eq!(read(&json!([header])).unwrap_err(), HeaderFault::MissingColumns(vec![missing]));
    }
}

#[test]
fn p03_a_limit_of_its_own_beats_the_default_and_an_empty_cell_takes_it() {
    let grid = fixture::grid(&json!([
        ["api_key", "client_name", "is_active", "rate_limit"],
        ["one", "Acme", true, 0],
        ["two", "Acme", true, ""],
    ]));
    for default_limit in [None, Some(100)] {
        let table = Table::read(&grid, &Rules { time_zone: TimeZone::UTC, default_limit }).unwrap();
        assert_eq!(table.records[0].limit, Some(0));
        assert_eq!(table.records[1].limit, default_limit);
    }
}

#[test]
fn p03_the_last_day_of_the_calendar_is_a_date_that_any_clock_can_hold() {
    for text in ["9999-12-31", "9999-12-31 23:59:59", "9999-12-31T23:59:59-23:59"] {
        assert_eq!(expiry(text), Some(Timestamp::MAX.as_second()), "{text}");
    }
    assert_eq!(expiry("0000-01-01"), Some(-62_167_219_200));
}

#[test]
fn p03_parts_of_a_second_are_dropped() {
    let whole = expiry("2027-01-01T00:00:00Z");
    for text in ["2027-01-01 00:00:00.999", "2027-01-01T00:00:00.999999999999Z", "2027-01-01t00:00:00.9z"] {
        assert_eq!(expiry(text), whole, "{text}");
    }
    assert_eq!(expiry("2016-12-31T23:59:60Z"), expiry("2016-12-31T23:59:59Z"));
}

#[test]
fn p04_one_bad_row_loses_no_other() {
    let table = read(&json!([
        ["api_key", "client_name", "is_active", "expires_at"],
        ["one", "Acme", true, "tomorrow"],
        ["two", "Acme", true, 46388],
    ]));
    let table = table.unwrap();
    assert_eq!(table.records.iter().map(|r| r.readable).collect::<Vec<_>>(), [false, true]);
    let problem = &table.problems[0];
    assert_eq!((problem.row, &*problem.cell, problem.column, problem.refused), (2, "D2", "expires_at", true));
}

#[test]
fn p04_addresses_go_past_the_column_z() {
    for (index, address) in [(25, "Z1"), (26, "AA1"), (51, "AZ1"), (52, "BA1"), (701, "ZZ1"), (702, "AAA1")] {
        let mut header = vec![""; index];
        header[..3].copy_from_slice(&["api_key", "client_name", "is_active"]);
        header.push("api_key");
        assert_eq!(read(&json!([header])).unwrap().problems[0].cell, address);
    }
}

#[test]
fn p04_a_problem_is_one_line_whatever_the_cell_holds() {
    let table = read(&json!([
        ["api_key", "client_name", "is_active", "expires_at"],
        ["one", "A\r\nX-Evil: 1", true, "a\r\nb\u{2028}\u{1b}[31m\u{202e}\""],
        ["two", "Acme", true, "ä ö ü ".repeat(10_000)],
    ]));
    let table = table.unwrap();
    assert_eq!(&*table.records[0].client, "A\r\nX-Evil: 1", "kept as it is; whoever writes headers encodes");
    for problem in &table.problems {
        let line = problem.to_string();
        assert!(line.len() < 200 && !line.contains(|c: char| c.is_control() || c == '\u{2028}'), "{line}");
    }
}

#[test]
fn p04_a_cell_shows_no_content_in_a_dump() {
    assert_eq!(format!("{:?}", Cell::Text("sk-convergence-abc123xyz".into())), "Text(..)");
}

#[test]
fn p02_a_header_is_shown_where_it_was_found_and_never_a_key() {
    let layout = |values: &Value| Layout::of(&fixture::grid(values));
    let found = layout(&json!([
        ["Our keys"],
        [],
        ["", "API Key", "client", "is_active"],
        ["", "sk-convergence-abc123xyz", "Acme", true]
    ]))
    .unwrap();
    assert_eq!(found.row, 3);
    let cells: Vec<_> = found.cells.iter().map(|(at, shown)| format!("{at} {shown}")).collect();
    assert_eq!(cells, [r#"B3 "API Key""#, r#"C3 "client""#, r#"D3 "is_active""#]);
    assert_eq!((found.index("api_key"), found.index("client_name")), (Some(1), None));
    assert_eq!(found.columns.len(), 15);

    let headless = layout(&json!([[], ["sk-convergence-abc123xyz", "Acme", true]])).unwrap();
    assert_eq!(headless.row, 2);
    assert!(!format!("{headless:?}").contains("abc123xyz"), "{headless:?}");
    assert_eq!(layout(&json!([[], [" "]])), None);
    assert_eq!(layout(&json!([])), None);
}
