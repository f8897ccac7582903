//! P11 with real threads: however they race, a window admits its limit and no more.

use std::sync::Barrier;
use std::thread;

use gate::{EXACT_UP_TO, Gate};

use crate::support::{admitted, at_millis, gate_of, limited, row};

const THREADS: usize = 4;

/// Each thread asks `times` times at one instant; how many are admitted in all.
fn hammer(gate: &Gate, times: u32) -> u32 {
    let start = Barrier::new(THREADS);
    let ask = || {
        start.wait();
        admitted(gate, "k", at_millis(0), times)
    };
    thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(ask));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn p11_four_threads_get_exactly_the_limit() {
    for limit in [1, 7, EXACT_UP_TO, EXACT_UP_TO + 1, 5_000] {
        let gate = gate_of(vec![limited("k", "acme", limit)]);
        assert_eq!(hammer(&gate, limit), limit);
    }
}

#[test]
fn p14_four_threads_get_exactly_the_limit_while_the_sheet_is_refreshed_and_swept() {
    const LIMIT: u32 = 900;
    let gate = gate_of(vec![limited("k", "acme", LIMIT)]);
    let total = thread::scope(|scope| {
        let requests = scope.spawn(|| hammer(&gate, LIMIT));
        let mut refreshes = 0;
        while !requests.is_finished() {
            // The second row, which comes and goes, makes the window a fine one and a coarse one by turns.
            let other = if refreshes % 2 == 0 { limited("other", "acme", 1) } else { row("other", "acme") };
            gate.replace(vec![limited("k", "acme", LIMIT), other], i64::MAX);
            gate.sweep(at_millis(0));
            refreshes += 1;
        }
        requests.join().unwrap()
    });
    assert_eq!(total, LIMIT);
}
