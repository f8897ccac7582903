//! P24: whatever is shown of a decision or a table, no key is in it.

use std::fmt::Debug;

use gate::{Cell, KeyHash, Record, Rules, Table};
use jiff::tz::TimeZone;

use crate::support::{ANYTHING, ask, at_millis, gate_of, limited};

const KEY: &str = "sk-convergence-recognisable-Zx81";

/// Neither the key nor the whole of its hash, which would let a guess be checked.
#[track_caller]
fn holds_no_key(shown: &str) {
    assert!(!shown.is_empty());
    assert!(!shown.contains("recognisable") && !shown.contains("Zx81"), "{shown}");
    assert!(!shown.contains(&KeyHash::of(KEY.as_bytes()).to_hex()), "{shown}");
}

#[track_caller]
fn debug_holds_no_key(value: &impl Debug) {
    holds_no_key(&format!("{value:?} {value:#?}"));
}

#[test]
fn p24_no_decision_shows_a_key() {
    let gate = gate_of(vec![
        limited(KEY, "acme", 1),
        Record { expires_at: Some(0), ..limited(&format!("{KEY}-old"), "acme", 1) },
    ]);
    let permit = ask(&gate, KEY, at_millis(0)).unwrap();
    debug_holds_no_key(&permit);
    debug_holds_no_key(&(permit.quotas(), permit.key(), at_millis(0)));
    holds_no_key(&permit.key().to_string());
    let values = [
        KEY.to_owned(),
        format!("{KEY}-old"),
        format!("{KEY}-unknown"),
        format!("{KEY} {KEY}"),
        format!("{KEY}\u{e9}"),
    ];
    for value in &values {
        let refusal = ask(&gate, value, at_millis(0)).unwrap_err();
        debug_holds_no_key(&refusal);
        debug_holds_no_key(&refusal.cause());
        holds_no_key(&refusal.cause().to_string());
    }
    let bare = gate.admit([KEY.as_bytes()], &ANYTHING, at_millis(0)).unwrap_err();
    debug_holds_no_key(&bare);
    holds_no_key(&bare.cause().to_string());
}

#[test]
fn p24_no_table_shows_a_key() {
    let rules = Rules { time_zone: TimeZone::UTC, default_limit: Some(5) };
    let header =
        ["api_key", "client_name", "is_active", "created_at", "expires_at", "rate_limit", "revoked_at"];
    // The key stands in its own row, then in a copy, and at last in every cell of a row by mistake.
    let rows = [
        header,
        [KEY, "acme", "true", "", "", "", ""],
        [KEY, "other", "true", "", "", "", ""],
        [KEY, KEY, KEY, KEY, KEY, KEY, KEY],
    ];
    let grid: Vec<Vec<Cell>> =
        rows.iter().map(|row| row.map(|cell| Cell::Text(cell.into())).to_vec()).collect();
    let table = Table::read(&grid, &rules).unwrap();
    debug_holds_no_key(&grid);
    debug_holds_no_key(&rules);
    debug_holds_no_key(&table.records[0].key);
    assert!(table.problems.len() > 3);
    debug_holds_no_key(&table);
    table.problems.iter().for_each(|problem| holds_no_key(&problem.to_string()));
}

#[test]
fn p24_no_header_fault_shows_a_key() {
    let rules = Rules { time_zone: TimeZone::UTC, default_limit: None };
    for first in [vec![], vec![KEY], vec!["api_key", KEY]] {
        let grid = vec![first.into_iter().map(|cell| Cell::Text(cell.into())).collect()];
        let fault = Table::read(&grid, &rules).unwrap_err();
        debug_holds_no_key(&fault);
        holds_no_key(&fault.to_string());
    }
}
