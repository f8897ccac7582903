//! P04 and P09: whether a known key is good at this second.

use gate::{Cause, Cell, Now, Record, Rules, Table};
use jiff::tz::TimeZone;

use crate::support::{ANYTHING, START, admitted, ask, at_millis, cause, gate_of, limited, row};

/// A second of the wall clock; the uptime never matters here.
fn second(unix: i64) -> Now {
    Now { unix, ..at_millis(0) }
}

#[test]
fn p09_a_key_is_valid_through_the_second_of_its_expiry() {
    let gate = gate_of(vec![Record { expires_at: Some(START), ..row("k", "acme") }]);
    assert!(ask(&gate, "k", second(START)).is_ok());
    assert_eq!(cause(&gate, "k", second(START + 1)), Cause::Expired { last_valid: START });
}

#[test]
fn p09_a_key_is_refused_from_the_second_of_its_revocation() {
    let gate = gate_of(vec![Record { revoked_at: Some(START), ..row("k", "acme") }]);
    assert!(ask(&gate, "k", second(START - 1)).is_ok());
    assert_eq!(cause(&gate, "k", second(START)), Cause::Revoked { since: START });
}

#[test]
fn p09_an_inactive_key_and_an_unreadable_row_are_refused() {
    let inactive = Record { active: false, ..row("off", "acme") };
    let unreadable = Record { readable: false, ..row("odd", "") };
    let gate = gate_of(vec![inactive, unreadable, row("on", "acme")]);
    assert_eq!(cause(&gate, "off", second(START)), Cause::Inactive);
    assert_eq!(cause(&gate, "odd", second(START)), Cause::UnreadableRow);
    assert!(ask(&gate, "on", second(START)).is_ok());
    assert_eq!(ask(&gate, "off", second(START)).unwrap_err().client(), Some("acme"));
    assert_eq!(ask(&gate, "odd", second(START)).unwrap_err().client(), None, "its row names none");
}

#[test]
fn p09_a_key_that_is_refused_takes_nothing_from_the_window() {
    let expired = Record { expires_at: Some(START - 1), ..limited("old", "acme", 2) };
    let gate = gate_of(vec![expired, limited("k", "acme", 2)]);
    assert_eq!(admitted(&gate, "old", second(START), 9), 0);
    assert_eq!(
        ask(&gate, "old", second(START)).unwrap_err().quotas().minute.map(|quota| quota.remaining),
        Some(2)
    );
    assert_eq!(admitted(&gate, "k", second(START), 9), 2);
}

/// What a table makes of several rows with the same key: client, active, expiry, limit.
fn copies(rows: &[[&str; 4]]) -> gate::Gate {
    let text = |word: &str| if word.is_empty() { Cell::Empty } else { Cell::Text(word.to_owned()) };
    let mut grid =
        vec![["api_key", "client_name", "is_active", "expires_at", "rate_limit"].map(text).to_vec()];
    for [client, active, expires, limit] in rows {
        grid.push(["k", client, active, expires, limit].map(text).to_vec());
    }
    let rules = Rules { time_zone: TimeZone::UTC, default_limit: None };
    gate_of(Table::read(&grid, &rules).unwrap().records)
}

#[test]
fn p04_a_key_in_two_rows_is_valid_while_every_copy_is() {
    let good = ["acme", "true", "", ""];
    assert!(ask(&copies(&[good, good]), "k", second(START)).is_ok());
    for (copy, expected) in [
        (["acme", "no", "", ""], Cause::Inactive),
        (["acme", "true", "soon", ""], Cause::UnreadableRow),
        (["acme", "true", "", "many"], Cause::UnreadableRow),
        (["", "true", "", ""], Cause::UnreadableRow),
    ] {
        assert_eq!(cause(&copies(&[good, copy]), "k", second(START)), expected, "{copy:?} second");
        assert_eq!(cause(&copies(&[copy, good]), "k", second(START)), expected, "{copy:?} first");
    }
}

#[test]
fn p04_copies_that_expire_apart_end_the_key_with_the_first() {
    let (first, later) = (["acme", "true", "1970-01-02", ""], ["acme", "true", "1970-01-03", ""]);
    let day = 86_400;
    for rows in [[first, later], [later, first], [first, ["acme", "true", "", ""]]] {
        assert!(ask(&copies(&rows), "k", second(day)).is_ok(), "{rows:?}");
        assert_eq!(
            cause(&copies(&rows), "k", second(day + 1)),
            Cause::Revoked { since: day + 1 },
            "{rows:?}"
        );
    }
    assert_eq!(cause(&copies(&[first, first]), "k", second(day + 1)), Cause::Expired { last_valid: day });
}

#[test]
fn p04_copies_with_different_limits_are_held_to_the_strictest() {
    for limits in [["", "2"], ["2", ""], ["2", "9"], ["9", "2"]] {
        let gate = copies(&limits.map(|limit| ["acme", "true", "", limit]));
        assert_eq!(admitted(&gate, "k", second(START), 9), 2, "{limits:?}");
    }
}

#[test]
fn p09_a_record_by_itself_stands_as_the_gate_decides() {
    let moments = [None, Some(START - 1), Some(START), Some(START + 1)];
    let flags = [(true, true), (true, false), (false, true), (false, false)];
    for (readable, active) in flags {
        for (expires_at, revoked_at) in moments.iter().flat_map(|e| moments.map(|r| (*e, r))) {
            let record = Record { readable, active, expires_at, revoked_at, ..row("k", "acme") };
            let gate = gate_of(vec![record.clone()]);
            let decided = ask(&gate, "k", second(START)).map(|_| ()).map_err(|refusal| refusal.cause());
            let judged = gate
                .judge(record.key, Some(&ANYTHING), second(START))
                .map(|_| ())
                .map_err(|refusal| refusal.cause());
            assert_eq!((record.standing(START), judged), (decided, decided), "{record:?}");
        }
    }
}
