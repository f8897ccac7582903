//! P10 and P14: a refresh swaps the keys and keeps the windows.

use gate::{Cause, EXACT_UP_TO};

use crate::support::{admitted, at_millis, cause, gate_of, limited, row};

#[test]
fn p10_a_refresh_brings_and_takes_keys() {
    let gate = gate_of(vec![row("old", "acme")]);
    gate.replace(vec![row("new", "acme")], i64::MAX);
    assert_eq!(cause(&gate, "old", at_millis(0)), Cause::UnknownKey);
    assert_eq!(admitted(&gate, "new", at_millis(0), 1), 1);
    assert_eq!((gate.keys(), gate.knows(b"new"), gate.knows(b"old")), (1, true, false));
    gate.replace(vec![], i64::MAX);
    assert_eq!(cause(&gate, "new", at_millis(0)), Cause::UnknownKey);
}

#[test]
fn p14_a_refresh_keeps_the_window_and_a_new_key_of_the_client_shares_it() {
    let gate = gate_of(vec![limited("a", "acme", 2)]);
    assert_eq!(admitted(&gate, "a", at_millis(0), 1), 1);
    gate.replace(vec![limited("b", "acme", 2)], i64::MAX);
    assert_eq!(admitted(&gate, "b", at_millis(1), 9), 1);
}

#[test]
fn p14_a_changed_limit_applies_to_what_the_window_holds() {
    let gate = gate_of(vec![limited("k", "acme", 5)]);
    let change = |limit| gate.replace(vec![limited("k", "acme", limit)], i64::MAX);
    assert_eq!(admitted(&gate, "k", at_millis(0), 4), 4);
    change(2);
    assert_eq!(admitted(&gate, "k", at_millis(1), 9), 0);
    change(6);
    assert_eq!(admitted(&gate, "k", at_millis(2), 9), 2);
    gate.replace(vec![row("k", "acme")], i64::MAX);
    assert_eq!(admitted(&gate, "k", at_millis(3), 9), 9);
    change(17);
    assert_eq!(admitted(&gate, "k", at_millis(4), 9), 2, "fifteen are counted");
}

#[test]
fn p14_a_limit_that_crosses_from_exact_to_coarse_and_back_keeps_the_count() {
    let gate = gate_of(vec![limited("k", "acme", EXACT_UP_TO)]);
    let change = |limit| gate.replace(vec![limited("k", "acme", limit)], i64::MAX);
    assert_eq!(admitted(&gate, "k", at_millis(10), 2_000), EXACT_UP_TO);
    change(EXACT_UP_TO + 5);
    assert_eq!(admitted(&gate, "k", at_millis(20), 2_000), 5);
    change(EXACT_UP_TO);
    assert_eq!(admitted(&gate, "k", at_millis(60_099), 2_000), 0, "held as the coarse window held them");
    assert_eq!(admitted(&gate, "k", at_millis(60_110), 2_000), EXACT_UP_TO);
}

#[test]
fn p14_a_client_that_is_gone_for_less_than_a_minute_finds_its_window() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 2);
    for _ in 0..3 {
        gate.replace(vec![], i64::MAX);
        gate.sweep(at_millis(30_000));
    }
    gate.replace(vec![limited("k", "acme", 2)], i64::MAX);
    assert_eq!(admitted(&gate, "k", at_millis(60_000), 2), 0);
    assert_eq!(admitted(&gate, "k", at_millis(60_001), 2), 2);
}

#[test]
fn p11_a_swept_window_starts_anew_and_an_unswept_one_goes_on() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    assert_eq!(admitted(&gate, "k", at_millis(0), 1), 1);
    gate.sweep(at_millis(60_000));
    assert_eq!(admitted(&gate, "k", at_millis(60_000), 2), 1, "nothing was free yet");
    gate.sweep(at_millis(300_000));
    assert_eq!(admitted(&gate, "k", at_millis(300_000), 3), 2);
}
