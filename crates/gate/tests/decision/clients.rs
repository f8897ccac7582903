//! P12: the keys of one client share its window, each held to its own limit.

use crate::support::{admitted, at_millis, gate_of, limited, row};

#[test]
fn p12_keys_of_one_client_share_its_window() {
    let gate = gate_of(vec![limited("a", "acme", 5), limited("b", "acme", 3), limited("c", "other", 3)]);
    assert_eq!(admitted(&gate, "a", at_millis(0), 2), 2);
    assert_eq!(admitted(&gate, "b", at_millis(0), 9), 1, "two of three are taken by the other key");
    assert_eq!(admitted(&gate, "a", at_millis(0), 9), 2, "its own limit is five");
    assert_eq!(admitted(&gate, "c", at_millis(0), 9), 3, "another client has its own window");
}

#[test]
fn p12_an_unlimited_key_fills_the_shared_window_too() {
    let gate = gate_of(vec![row("free", "acme"), limited("a", "acme", 3)]);
    assert_eq!(admitted(&gate, "free", at_millis(0), 4), 4);
    assert_eq!(admitted(&gate, "a", at_millis(0), 1), 0);
    assert_eq!(admitted(&gate, "free", at_millis(0), 4), 4);
    assert_eq!(admitted(&gate, "a", at_millis(60_100), 9), 3);
}

#[test]
fn p12_client_names_are_compared_exactly() {
    let gate = gate_of(vec![limited("a", "acme", 1), limited("b", "Acme", 1), limited("c", "acme ", 1)]);
    for key in ["a", "b", "c"] {
        assert_eq!(admitted(&gate, key, at_millis(0), 2), 1, "{key}");
    }
}
