//! P11 under every order of events: the check and the record of a window are one step, whatever else goes on.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p gate --release --test loom --target-dir target/loom`
#![cfg(loom)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gate::{Asked, FurtherLimits, Gate, KeyHash, Now, Record, Scopes, Spent};
use loom::sync::Arc;
use loom::thread;

const NOW: Now = Now { unix: 1_800_000_000, uptime: Duration::from_secs(100) };

const ANYTHING: Asked<'static> = Asked {
    address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    method: "GET",
    scopes: Scopes::Needed(&[]),
    environment: "",
};

fn row(key: &str, client: &str, limit: u32) -> Record {
    Record {
        key: KeyHash::of(key.as_bytes()),
        client: client.into(),
        limit: Some(limit),
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: 2,
    }
}

/// With a quota of the day and a limit beside it that stands in nobody's way.
fn with_quota(key: &str, client: &str, day: u64) -> Record {
    let further_limits = FurtherLimits { day: Some(day), ..FurtherLimits::default() }.boxed();
    Record { further_limits, ..row(key, client, 9) }
}

fn spent(client: &str, day: u64) -> [Spent; 1] {
    let midnight = NOW.unix - NOW.unix.rem_euclid(86_400);
    [Spent { client: client.to_owned(), day: Some((midnight, day)), month: None }]
}

fn gate_of(limit: u32) -> Arc<Gate> {
    let gate = Gate::shut();
    gate.replace(vec![row("k", "acme", limit)], i64::MAX);
    Arc::new(gate)
}

/// How many of two requests are admitted.
fn ask_twice(gate: &Gate) -> u32 {
    ask(gate) + ask(gate)
}

fn ask(gate: &Gate) -> u32 {
    u32::from(gate.admit([b"Bearer k".as_slice()], &ANYTHING, NOW).is_ok())
}

fn spawn<T: 'static>(gate: &Arc<Gate>, work: impl FnOnce(&Gate) -> T + 'static) -> thread::JoinHandle<T> {
    let gate = Arc::clone(gate);
    thread::spawn(move || work(&gate))
}

#[test]
fn p11_two_threads_share_one_request() {
    loom::model(|| {
        let gate = gate_of(1);
        let other = spawn(&gate, ask_twice);
        let admitted = ask_twice(&gate) + other.join().unwrap();
        assert_eq!(admitted, 1);
    });
}

#[test]
fn p11_three_threads_share_two_requests() {
    loom::model(|| {
        let gate = gate_of(2);
        let others = [(); 2].map(|()| spawn(&gate, ask));
        let mine = ask(&gate);
        let theirs: u32 = others.into_iter().map(|other| other.join().unwrap()).sum();
        assert_eq!(mine + theirs, 2);
    });
}

#[test]
fn two_threads_share_the_last_request_of_a_quota() {
    loom::model(|| {
        let gate = Gate::shut();
        gate.replace(vec![with_quota("k", "acme", 1)], i64::MAX);
        let gate = Arc::new(gate);
        let other = spawn(&gate, ask_twice);
        assert_eq!(ask_twice(&gate) + other.join().unwrap(), 1);
    });
}

#[test]
fn what_was_used_before_is_added_once_whatever_goes_on_beside() {
    loom::model(|| {
        let gate = Gate::shut();
        gate.replace(vec![with_quota("k", "acme", 3)], i64::MAX);
        let gate = Arc::new(gate);
        let other = spawn(&gate, ask);
        let refresh = spawn(&gate, |gate| gate.replace(vec![with_quota("k", "acme", 3)], i64::MAX));
        gate.resume(spent("acme", 2));
        let admitted = other.join().unwrap();
        refresh.join().unwrap();
        assert_eq!(admitted + ask_twice(&gate), 1);
    });
}

#[test]
fn what_a_new_client_has_used_is_not_lost_between_its_first_row_and_its_count() {
    loom::model(|| {
        let gate = gate_of(1);
        let resume = spawn(&gate, |gate| gate.resume(spent("new", 1)));
        gate.replace(vec![with_quota("new", "new", 1)], i64::MAX);
        resume.join().unwrap();
        assert!(gate.admit([b"Bearer new".as_slice()], &ANYTHING, NOW).is_err());
    });
}

#[test]
fn p14_a_refresh_with_another_limit_never_lets_more_through() {
    loom::model(|| {
        let gate = gate_of(1);
        let other = spawn(&gate, ask_twice);
        let refresh = spawn(&gate, |gate| {
            // Above 1,000, so that the window's grain changes as well; the row's own limit stays.
            gate.replace(vec![row("k", "acme", 1), row("large", "acme", 5_000)], i64::MAX);
        });
        let admitted = ask(&gate) + other.join().unwrap();
        refresh.join().unwrap();
        assert_eq!(admitted + ask(&gate), 1);
    });
}

#[test]
fn p14_a_raised_limit_lets_the_difference_through() {
    loom::model(|| {
        let gate = gate_of(1);
        let other = spawn(&gate, ask);
        let refresh = spawn(&gate, |gate| gate.replace(vec![row("k", "acme", 2)], i64::MAX));
        let admitted = ask(&gate) + other.join().unwrap();
        refresh.join().unwrap();
        assert!((1..=2).contains(&admitted));
        assert_eq!(admitted + ask_twice(&gate), 2);
    });
}

#[test]
fn p14_a_client_that_goes_and_comes_back_finds_what_was_admitted_meanwhile() {
    loom::model(|| {
        let gate = gate_of(1);
        let other = spawn(&gate, ask);
        for rows in [vec![], vec![], vec![row("k", "acme", 1)]] {
            gate.replace(rows, i64::MAX);
        }
        let admitted = other.join().unwrap();
        assert_eq!(admitted + ask(&gate), 1);
    });
}

#[test]
fn p14_two_refreshes_at_once_give_a_new_client_one_window() {
    loom::model(|| {
        let gate = gate_of(1);
        let rows = || vec![row("new", "new", 1)];
        let other = spawn(&gate, move |gate| {
            gate.replace(rows(), i64::MAX);
            u32::from(gate.admit([b"Bearer new".as_slice()], &ANYTHING, NOW).is_ok())
        });
        gate.replace(rows(), i64::MAX);
        let admitted =
            u32::from(gate.admit([b"Bearer new".as_slice()], &ANYTHING, NOW).is_ok()) + other.join().unwrap();
        assert_eq!(admitted, 1);
    });
}

#[test]
fn p11_a_sweep_between_check_and_record_frees_nothing_that_counts() {
    loom::model(|| {
        let gate = gate_of(1);
        // The window is there and idle, so that the sweep does free it.
        let long_ago = Now { uptime: Duration::ZERO, ..NOW };
        let hours_later = Now { uptime: Duration::from_hours(2), ..NOW };
        assert!(gate.admit([b"Bearer k".as_slice()], &ANYTHING, long_ago).is_ok());
        let ask = move |gate: &Gate| {
            u32::from(gate.admit([b"Bearer k".as_slice()], &ANYTHING, hours_later).is_ok())
        };
        let other = spawn(&gate, ask);
        let sweep = spawn(&gate, move |gate| gate.sweep(hours_later));
        let admitted = ask(&gate) + other.join().unwrap();
        sweep.join().unwrap();
        assert_eq!(admitted, 1);
    });
}
