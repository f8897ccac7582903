//! What holds for any grid.

use std::time::Duration;

use gate::{Cell, Record, Rules, Table};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const COLUMNS: [&str; 15] = [
    "api_key",
    "client_name",
    "is_active",
    "created_at",
    "expires_at",
    "rate_limit",
    "revoked_at",
    "scopes",
    "allowed_ips",
    "methods",
    "environment",
    "rate_limit_day",
    "rate_limit_month",
    "shadow_rate_limit",
    "audio_minutes_day",
];

fn rules() -> Rules {
    Rules { time_zone: TimeZone::get("America/New_York").unwrap(), default_limit: None }
}

/// A header as people write it, or any text at all.
fn header() -> impl Strategy<Value = Cell> {
    let known = (prop::sample::select(COLUMNS.to_vec()), "[ \u{a0}\u{200b}]{0,2}")
        .prop_map(|(name, blank)| Cell::Text(format!("{blank}{name}{blank}")));
    prop_oneof![5 => known, 1 => cell()]
}

fn cell() -> impl Strategy<Value = Cell> {
    let people_write =
        "sk-[a-z\u{200b}\u{2013}]{0,3}|sha256:[0-9a-f]{0,64}|[0-9]{1,3}(/min)?|#[A-Z]{3}!|yes|TRUE";
    let dates = "[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]|)(Z|[+-][0-9]{2}:[0-9]{2}|))?";
    prop_oneof![
        Just(Cell::Empty),
        any::<bool>().prop_map(Cell::Bool),
        any::<f64>().prop_map(Cell::Number),
        (-5e6..5e6).prop_map(Cell::Number),
        any::<String>().prop_map(Cell::Text),
        people_write.prop_map(Cell::Text),
        dates.prop_map(Cell::Text),
    ]
}

fn grid() -> impl Strategy<Value = Vec<Vec<Cell>>> {
    let top = prop::collection::vec(header(), 0..12);
    let rows = prop::collection::vec(prop::collection::vec(cell(), 0..12), 0..20);
    (0..3usize, top, rows).prop_map(|(above, top, mut rows)| {
        rows.insert(above.min(rows.len()), top);
        rows
    })
}

/// A grid with all columns in their usual order, and a row whose cells all read.
fn good_row(key: &str) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let (created, expires, revoked) =
        (Cell::Number(46_000.0), text("2027-01-01"), text("2028-01-01T00:00:00Z"));
    vec![
        text(key),
        text("Acme"),
        Cell::Bool(true),
        created,
        expires,
        Cell::Number(60.0),
        revoked,
        text("read, write"),
        text("10.0.0.0/8 ::1"),
        text("GET"),
        text("production"),
        Cell::Number(1_000.0),
        text("20000/month"),
        Cell::Number(30.0),
        text("0.5"),
    ]
}

fn read(rows: impl IntoIterator<Item = Vec<Cell>>) -> Table {
    let header = COLUMNS.map(|name| Cell::Text(name.to_owned())).to_vec();
    let grid: Vec<_> = std::iter::once(header).chain(rows).collect();
    Table::read(&grid, &rules()).unwrap()
}

fn place(column: &str) -> usize {
    COLUMNS.iter().position(|name| *name == column).unwrap()
}

/// Text that no column but `client_name` can read.
fn garbage() -> impl Strategy<Value = Cell> {
    prop_oneof![
        "[a-z!?]{1,20}".prop_map(Cell::Text),
        "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}".prop_map(Cell::Text),
        "#(REF|NAME|VALUE|DIV/0|NUM|NULL|ERROR)!".prop_map(Cell::Text),
        "[\u{201c}\u{201d}\u{2018}\u{ab}]{1,2}".prop_map(Cell::Text),
        any::<bool>().prop_map(Cell::Bool),
        prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16, -1e300])
            .prop_map(Cell::Number),
    ]
}

/// Whether `record` may be admitted at some moment at which `other` may not.
fn is_more_open(record: &Record, other: &Record) -> bool {
    let last = |r: &Record| {
        let admits = r.readable && r.active && r.limit != Some(0);
        let revoked = r.revoked_at.map_or(i64::MAX, |at| at - 1);
        if admits { r.expires_at.unwrap_or(i64::MAX).min(revoked) } else { i64::MIN }
    };
    let per_minute = |r: &Record| r.limit.unwrap_or(u32::MAX);
    let per_day = |r: &Record| r.further_limits.as_ref().and_then(|limits| limits.day).unwrap_or(u64::MAX);
    let per_month =
        |r: &Record| r.further_limits.as_ref().and_then(|limits| limits.month).unwrap_or(u64::MAX);
    let sound =
        |r: &Record| r.further_limits.as_ref().and_then(|limits| limits.audio_day).unwrap_or(Duration::MAX);
    let anywhere = |r: &Record| r.restrictions.is_none();
    last(record) > last(other)
        || (last(record) > i64::MIN && per_minute(record) > per_minute(other))
        || (last(record) > i64::MIN
            && (per_day(record) > per_day(other) || per_month(record) > per_month(other)))
        || (last(record) > i64::MIN && sound(record) > sound(other))
        || (last(record) > i64::MIN && anywhere(record) && !anywhere(other))
}

proptest! {
    #[test]
    fn p04_any_grid_reads_without_panic_and_each_record_has_a_row(grid in grid()) {
        let Ok(table) = Table::read(&grid, &rules()) else { return Ok(()) };
        let rows = 1..=u32::try_from(grid.len()).unwrap();
        prop_assert!(table.records.iter().all(|record| rows.contains(&record.row)));
        prop_assert!(table.problems.iter().all(|problem| rows.contains(&problem.row)));
        let mut keys: Vec<_> = table.records.iter().map(|record| record.key).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), table.records.len());
        let refused = |row| table.problems.iter().any(|problem| problem.refused && problem.row == row);
        prop_assert!(table.records.iter().all(|record| !(record.readable && refused(record.row))));
        prop_assert!(table.records.iter().all(|record| record.readable) || table.problems.iter().any(|p| p.refused));
    }

    #[test]
    fn p04_garbage_in_a_cell_that_matters_refuses_the_row(
        column in prop::sample::select(vec![
            "expires_at", "rate_limit", "revoked_at", "allowed_ips", "rate_limit_day", "rate_limit_month",
            "audio_minutes_day",
        ]),
        garbage in garbage(),
    ) {
        let mut row = good_row("one");
        row[place(column)] = garbage;
        let table = read([row, good_row("two")]);
        prop_assert!(!table.records[0].readable);
        prop_assert!(table.records[1].readable);
        prop_assert_eq!(table.problems.len(), 1);
        prop_assert!(table.problems[0].refused && table.problems[0].row == 2 && table.problems[0].column == column);
    }

    #[test]
    fn p04_garbage_in_a_limit_that_is_tried_out_is_said_and_harmless(garbage in garbage()) {
        let mut row = good_row("one");
        row[place("shadow_rate_limit")] = garbage;
        let table = read([row]);
        let limits = table.records[0].further_limits.as_deref().copied().unwrap_or_default();
        prop_assert!(table.records[0].readable && limits.day == Some(1_000) && limits.shadow.is_none());
        prop_assert_eq!(table.problems.len(), 1);
        prop_assert!(!table.problems[0].refused && table.problems[0].column == "shadow_rate_limit");
    }

    #[test]
    fn p04_a_client_without_a_name_is_refused(blank in "[ \u{a0}\u{200b}\u{feff}\u{201c}\u{201d}]{0,4}|#REF!|Loading\\.\\.\\.") {
        let mut row = good_row("one");
        row[place("client_name")] = Cell::Text(blank);
        let table = read([row]);
        prop_assert!(!table.records[0].readable && table.records[0].client.is_empty());
    }

    /// The row with the cell emptied is what a table without the cell says; nothing in the cell says more.
    #[test]
    fn p04_no_cell_opens_more_than_an_empty_one_and_a_checked_box(
        column in prop::sample::select(COLUMNS[2..].to_vec()),
        cell in cell(),
    ) {
        let with = |cell| {
            let mut row = good_row("one");
            row[place(column)] = cell;
            read([row]).records[0].clone()
        };
        let open = with(if column == "is_active" { Cell::Bool(true) } else { Cell::Empty });
        prop_assert!(!is_more_open(&with(cell), &open));
    }

    #[test]
    fn p04_a_copy_of_a_key_opens_nothing(first in prop::collection::vec(cell(), 13), copy in prop::collection::vec(cell(), 13)) {
        let row = |cells: &[Cell]| [&[Cell::Text("one".to_owned())], cells].concat();
        let alone = |cells: &[Cell]| read([row(cells)]).records[0].clone();
        let both = read([row(&first), row(&copy)]);
        prop_assert_eq!(both.records.len(), 1);
        prop_assert!(!is_more_open(&both.records[0], &alone(&first)));
        prop_assert!(!is_more_open(&both.records[0], &alone(&copy)));
        prop_assert!(both.problems.iter().any(|p| p.row == 3 && p.message.contains("row 2")));
    }

    /// The key may stand in any other cell as well, whole or with invisible characters in it.
    #[test]
    fn p04_no_problem_tells_a_key(
        key in "sk-convergence-[a-zA-Z0-9]{6,20}|[A-Z0-9]{8}q[a-z]{4}",
        before in "[ -~]{0,4}",
        split in 0..6usize,
        columns in prop::collection::vec(any::<bool>(), 6),
    ) {
        let mut row = good_row(&key);
        let pasted = format!("{before} {}\u{200b}{} x", &key[..split], &key[split..]);
        for (cell, paste) in row[1..].iter_mut().zip(columns) {
            if paste { *cell = Cell::Text(pasted.clone()); }
        }
        let mut bad = row.clone();
        bad[0] = Cell::Text(format!("{key}\u{2013}"));
        let table = read([row.clone(), bad, row]);
        for line in table.problems.iter().map(ToString::to_string) {
            prop_assert!(!line.contains(&key) && !line.contains(&key[split..]), "{line}");
        }
    }
}
