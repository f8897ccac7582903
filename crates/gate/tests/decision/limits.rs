//! P11 and P13: limits of one key, as a client meets them.

use std::time::Duration;

use gate::{Cause, EXACT_UP_TO, Now, Quota};

use crate::support::{admitted, ask, at_millis, cause, gate_of, limited, retry_after, row};

#[test]
fn p11_the_window_slides() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    assert_eq!(admitted(&gate, "k", at_millis(0), 1), 1);
    assert_eq!(admitted(&gate, "k", at_millis(30_000), 5), 1);
    assert_eq!(admitted(&gate, "k", at_millis(60_000), 5), 0, "60 s hold their first instant");
    assert_eq!(admitted(&gate, "k", at_millis(60_001), 5), 1);
    assert_eq!(admitted(&gate, "k", at_millis(90_000), 5), 0);
    assert_eq!(admitted(&gate, "k", at_millis(90_001), 5), 1);
}

#[test]
fn p11_a_large_limit_is_at_most_100_ms_late() {
    let limit = EXACT_UP_TO + 1;
    let gate = gate_of(vec![limited("k", "acme", limit)]);
    assert_eq!(admitted(&gate, "k", at_millis(100), 2 * limit), limit);
    assert_eq!(admitted(&gate, "k", at_millis(60_199), 1), 0);
    assert_eq!(admitted(&gate, "k", at_millis(60_200), 2 * limit), limit);
}

#[test]
fn p11_refused_requests_do_not_count() {
    let gate = gate_of(vec![limited("k", "acme", 1)]);
    assert_eq!(admitted(&gate, "k", at_millis(0), 1), 1);
    for second in 1..=60 {
        assert_eq!(admitted(&gate, "k", at_millis(second * 1_000), 3), 0, "second {second}");
    }
    assert_eq!(admitted(&gate, "k", at_millis(60_001), 3), 1);
}

#[test]
fn p03_no_limit_admits_everything_and_zero_nothing() {
    let gate = gate_of(vec![row("free", "acme"), limited("none", "idle", 0)]);
    assert_eq!(admitted(&gate, "free", at_millis(0), 5_000), 5_000);
    assert_eq!(ask(&gate, "free", at_millis(0)).unwrap().quotas(), gate::Quotas::default());
    assert_eq!(cause(&gate, "none", at_millis(0)), Cause::OverLimit { retry_after: 60 });
    assert_eq!(cause(&gate, "none", at_millis(200_000)), Cause::OverLimit { retry_after: 60 });
}

#[test]
fn p13_the_wait_is_in_whole_seconds_rounded_up() {
    let gate = gate_of(vec![limited("k", "acme", 1)]);
    assert!(ask(&gate, "k", at_millis(500)).is_ok());
    for (millis, seconds) in [(500, 61), (501, 60), (1_501, 59), (59_501, 1), (60_500, 1)] {
        let refusal = ask(&gate, "k", at_millis(millis)).unwrap_err();
        assert_eq!(retry_after(&refusal), seconds, "at {millis} ms");
    }
}

#[test]
fn p17_the_quota_counts_down_and_says_when_it_grows() {
    let gate = gate_of(vec![limited("k", "acme", 3)]);
    let quota = |remaining, reset_seconds| Some(Quota { limit: 3, remaining, reset_seconds });
    assert_eq!(ask(&gate, "k", at_millis(0)).unwrap().quotas().minute, quota(2, 61));
    assert_eq!(ask(&gate, "k", at_millis(10_000)).unwrap().quotas().minute, quota(1, 51));
    assert_eq!(ask(&gate, "k", at_millis(20_000)).unwrap().quotas().minute, quota(0, 41));
    assert_eq!(ask(&gate, "k", at_millis(30_000)).unwrap_err().quotas().minute, quota(0, 31));
    assert_eq!(ask(&gate, "k", at_millis(60_001)).unwrap().quotas().minute, quota(0, 10));
}

#[test]
fn p17_above_a_lowered_limit_the_quota_says_when_there_is_room_again() {
    let gate = gate_of(vec![limited("k", "acme", 3)]);
    (0..3).for_each(|n| assert!(ask(&gate, "k", at_millis(n * 10_000)).is_ok()));
    gate.replace(vec![limited("k", "acme", 1)], i64::MAX);
    let refusal = ask(&gate, "k", at_millis(20_000)).unwrap_err();
    assert_eq!(retry_after(&refusal), 61, "all three must go");
    assert_eq!(refusal.quotas().minute, Some(Quota { limit: 1, remaining: 0, reset_seconds: 61 }));
}

#[test]
fn p11_no_uptime_is_too_long() {
    for limit in [1, u32::MAX] {
        let gate = gate_of(vec![limited("k", "acme", limit)]);
        let answers = [Duration::from_millis(u64::MAX), Duration::MAX, Duration::ZERO].map(|uptime| {
            let answer = ask(&gate, "k", Now { uptime, ..at_millis(0) });
            gate.sweep(Now { uptime, ..at_millis(0) });
            answer.is_ok()
        });
        assert!(answers[0]);
    }
}
