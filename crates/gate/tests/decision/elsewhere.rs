//! Requests that a window of several servers has decided on.

use gate::{Candidate, Cause, OverLimit, Quota};

use crate::support::{ANYTHING, admitted, at_millis, cause, gate_of, limited, retry_after};

fn candidate(gate: &gate::Gate, key: &str) -> Candidate {
    gate.look_up([format!("Bearer {key}").as_bytes()], &ANYTHING, at_millis(0)).expect("the key stands")
}

#[test]
fn a_look_spends_nothing() {
    let gate = gate_of(vec![limited("k", "acme", 1)]);
    for _ in 0..3 {
        let candidate = candidate(&gate, "k");
        assert_eq!((candidate.client(), candidate.limit()), ("acme", Some(1)));
    }
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 1);
}

#[test]
fn what_others_have_admitted_is_known_here_when_this_process_decides_alone() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    let quota = Some(Quota { limit: 2, remaining: 0, reset_seconds: 9 });
    let permit = candidate(&gate, "k").settle(Ok(quota), at_millis(0)).expect("admitted elsewhere");
    assert_eq!((permit.client(), permit.quotas().minute), ("acme", quota));
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 1, "one of two was admitted here");
}

#[test]
fn a_refusal_from_elsewhere_is_told_as_it_is_and_takes_nothing() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    let over = OverLimit { quota: Quota { limit: 2, remaining: 0, reset_seconds: 9 }, retry_after: 9 };
    let refusal = candidate(&gate, "k").settle(Err(over), at_millis(0)).expect_err("refused elsewhere");
    assert_eq!(refusal.cause(), Cause::OverLimit { retry_after: 9 });
    assert_eq!((refusal.client(), retry_after(&refusal)), (Some("acme"), 9));
    assert_eq!(admitted(&gate, "k", at_millis(0), 3), 2);
    assert!(matches!(cause(&gate, "k", at_millis(0)), Cause::OverLimit { .. }));
}
