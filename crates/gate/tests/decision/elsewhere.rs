//! Requests that a window of several servers has decided on.

use std::num::NonZeroU32;

use gate::{
    Candidate, Cause, FurtherLimits, Gate, Known, Now, OverLimit, Quota, Quotas, Record, Used, Verdict,
};
use proptest::prelude::*;

use crate::support::{ANYTHING, admitted, at_millis, cause, gate_of, limited, retry_after, row};

/// What is said elsewhere of the minute alone.
fn minute(verdict: Result<Quota, OverLimit>) -> Verdict {
    Verdict { is_admitted: verdict.is_ok(), minute: Some(verdict), used: None }
}

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
    let quota = Quota { limit: 2, remaining: 0, reset_seconds: 9 };
    let permit = candidate(&gate, "k").settle(minute(Ok(quota)), at_millis(0)).expect("admitted elsewhere");
    assert_eq!((permit.client(), permit.quotas().minute), ("acme", Some(quota)));
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 1, "one of two was admitted here");
}

#[test]
fn a_refusal_from_elsewhere_is_told_as_it_is_and_takes_nothing() {
    let gate = gate_of(vec![limited("k", "acme", 2)]);
    let over = OverLimit { quota: Quota { limit: 2, remaining: 0, reset_seconds: 9 }, retry_after: 9 };
    let refusal =
        candidate(&gate, "k").settle(minute(Err(over)), at_millis(0)).expect_err("refused elsewhere");
    assert_eq!(refusal.cause(), Cause::OverLimit { retry_after: 9 });
    assert_eq!((refusal.client(), retry_after(&refusal)), (Some("acme"), 9));
    assert_eq!(admitted(&gate, "k", at_millis(0), 3), 2);
    assert!(matches!(cause(&gate, "k", at_millis(0)), Cause::OverLimit { .. }));
}

#[test]
fn what_was_admitted_elsewhere_counts_for_the_share_of_this_process() {
    let gate = gate_of(vec![limited("k", "acme", 7)]);
    let three = NonZeroU32::new(3).expect("not 0");
    let quota = Quota { limit: 7, remaining: 5, reset_seconds: 60 };
    candidate(&gate, "k").settle(minute(Ok(quota)), at_millis(0)).expect("admitted elsewhere");
    let permit = candidate(&gate, "k").admit_share(three, at_millis(0)).expect("one of two is left");
    assert_eq!(permit.quotas().minute, Some(Quota { limit: 7, remaining: 0, reset_seconds: 61 }));
    let refusal =
        candidate(&gate, "k").admit_share(three, at_millis(0)).expect_err("two of seven are the share");
    assert_eq!((refusal.client(), refusal.quotas().minute.map(|quota| quota.limit)), (Some("acme"), Some(7)));
    assert!(candidate(&gate, "k").admit(at_millis(0)).is_ok(), "the limit itself has room");
}

#[test]
fn what_a_quota_refuses_need_not_be_asked_elsewhere() {
    let further_limits = FurtherLimits { day: Some(1), ..FurtherLimits::default() }.boxed();
    let gate = gate_of(vec![Record { further_limits, ..limited("k", "acme", 9) }, limited("l", "acme", 9)]);
    let asked = |key| candidate(&gate, key).known(at_millis(0));
    assert!(asked("k").is_ok() && asked("k").is_ok(), "a look spends nothing");
    assert_eq!(admitted(&gate, "l", at_millis(0), 1), 1);
    let refusal = asked("k").expect_err("the client's day is used up");
    assert!(matches!(refusal.cause(), Cause::QuotaExceeded { .. }), "{}", refusal.cause());
    assert_eq!(refusal.quotas().minute.map(|quota| quota.remaining), Some(8));
    assert!(asked("l").is_ok(), "a key without a quota");
}

/// A client with a quota of the day and one of the month.
fn with_quotas(day: u64, month: u64) -> Gate {
    let further_limits =
        FurtherLimits { day: Some(day), month: Some(month), ..FurtherLimits::default() }.boxed();
    gate_of(vec![Record { further_limits, ..row("k", "acme") }, row("free", "acme")])
}

fn of_quotas(is_admitted: bool, day: u64, month: u64) -> Verdict {
    Verdict { is_admitted, minute: None, used: Some(Used { day, month }) }
}

#[test]
fn what_all_servers_have_used_is_known_here_from_then_on() {
    let gate = with_quotas(9, 99);
    let permit =
        candidate(&gate, "k").settle(of_quotas(true, 7, 70), at_millis(0)).expect("admitted elsewhere");
    let left =
        |quotas: Quotas| (quotas.day.map(|day| day.remaining), quotas.month.map(|month| month.remaining));
    assert_eq!(left(permit.quotas()), (Some(2), Some(29)));
    let known = |key| candidate(&gate, key).known(at_millis(0)).map(|known| known.expect("a quota").used);
    assert_eq!(known("k").ok(), Some(Used { day: 7, month: 70 }));
    // A word that comes late changes nothing; one of a Redis that has forgotten neither.
    candidate(&gate, "k").settle(of_quotas(true, 1, 1), at_millis(0)).expect("admitted elsewhere");
    assert_eq!(known("free").ok(), Some(Used { day: 7, month: 70 }), "of a key without one as well");
    let refusal = candidate(&gate, "k").settle(of_quotas(false, 9, 70), at_millis(0)).expect_err("used up");
    assert!(matches!(refusal.cause(), Cause::QuotaExceeded { .. }), "{}", refusal.cause());
    assert!(known("k").is_err(), "nobody has to be asked again");
    assert!(known("free").is_ok());
}

#[test]
fn alone_a_server_keeps_to_its_part_of_what_was_left() {
    let gate = with_quotas(16, 99);
    let three = NonZeroU32::new(3).expect("not 0");
    candidate(&gate, "k").settle(of_quotas(true, 10, 10), at_millis(0)).expect("admitted elsewhere");
    // Six were left.
    let permit = candidate(&gate, "k").admit_share(three, at_millis(0)).expect("one of two");
    assert_eq!(permit.quotas().day.map(|day| day.remaining), Some(1));
    candidate(&gate, "free").admit(at_millis(0)).expect("no limit");
    let refusal = candidate(&gate, "k").admit_share(three, at_millis(0)).expect_err("its part is used up");
    assert!(matches!(refusal.cause(), Cause::QuotaExceeded { .. }), "{}", refusal.cause());
    // It does not know of what it admits by itself: that is told apart, and once.
    let known = candidate(&gate, "k").known(at_millis(0)).expect("there is room").expect("a quota");
    assert_eq!(known.used, Used { day: 10, month: 10 });
    candidate(&gate, "k").settle(of_quotas(true, 13, 13), at_millis(0)).expect("Redis was told of two");
    assert!(candidate(&gate, "k").admit_share(three, at_millis(0)).is_ok(), "one of three that are left");
    assert!(candidate(&gate, "k").admit_share(three, at_millis(0)).is_err());
}

#[test]
fn p14_what_was_let_in_before_there_was_a_quota_is_told_once() {
    let gate = gate_of(vec![row("k", "acme")]);
    let known = || candidate(&gate, "k").known(at_millis(0)).expect("there is room");
    assert_eq!((admitted(&gate, "k", at_millis(0), 3), known()), (3, None));
    let with = |day| {
        let further_limits = FurtherLimits { day, ..FurtherLimits::default() }.boxed();
        gate.replace(vec![Record { further_limits, ..row("k", "acme") }], i64::MAX);
    };
    let before = || known().map(|known| known.before);
    with(Some(9));
    assert_eq!([before(), before()], [Some(Used { day: 3, month: 3 }), Some(Used::default())]);
    candidate(&gate, "k").settle(of_quotas(true, 4, 4), at_millis(0)).expect("admitted elsewhere");
    // Taken away, and given again.
    with(None);
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 2);
    with(Some(9));
    assert_eq!([before(), before()], [Some(Used { day: 2, month: 2 }), Some(Used::default())]);
    assert_eq!(known().map(|known| known.used), Some(Used { day: 4, month: 4 }));
}

#[test]
fn an_answer_that_comes_after_midnight_is_about_the_day_before() {
    let gate = with_quotas(9, 99);
    let midnight = Now { unix: 20_000 * 86_400, ..at_millis(0) };
    let before = Now { unix: midnight.unix - 1, ..midnight };
    let waits =
        |unix| gate.look_up([b"Bearer k".as_slice()], &ANYTHING, Now { unix, ..midnight }).expect("a key");
    let (one, other) = (waits(before.unix), waits(before.unix));
    // Nobody has asked in the new day yet, and then somebody has.
    one.settle(of_quotas(true, 8, 8), midnight).expect("admitted elsewhere");
    let today = waits(midnight.unix).known(midnight).expect("there is room").expect("a quota");
    assert_eq!(today.used, Used { day: 0, month: 8 });
    let refusal = other.settle(of_quotas(false, 9, 9), midnight).expect_err("yesterday had no room");
    assert_eq!(retry_after(&refusal), 1);
    assert_eq!(
        waits(midnight.unix).known(midnight).expect("there is room"),
        Some(Known { used: Used { day: 0, month: 9 }, ..today })
    );
}

#[test]
fn who_cannot_be_decided_about_is_named_and_nothing_is_counted() {
    let gate = gate_of(vec![limited("k", "acme", 1)]);
    let refusal = candidate(&gate, "k").undecided();
    assert_eq!((refusal.cause(), refusal.client()), (Cause::Undecided, Some("acme")));
    assert_eq!(refusal.quotas(), Quotas::default());
    assert_eq!(admitted(&gate, "k", at_millis(0), 2), 1);
}

proptest! {
    #[test]
    fn the_shares_of_all_servers_are_the_limit_or_one_each(limit in 0..200_u32, servers in 1..50_u32) {
        let all: usize = (0..servers).map(|_| {
            let gate = gate_of(vec![limited("k", "acme", limit)]);
            let servers = NonZeroU32::new(servers).expect("not 0");
            (0..limit + 2).filter(|_| candidate(&gate, "k").admit_share(servers, at_millis(0)).is_ok()).count()
        }).sum();
        let (limit, servers) = (limit as usize, servers as usize);
        let most = if limit == 0 { 0 } else { limit.max(servers) };
        prop_assert!(all <= most && all + servers > limit);
    }
}
