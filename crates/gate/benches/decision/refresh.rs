//! How long a new directory takes to build and to swap in.

use std::time::{Duration, Instant};

use gate::Gate;

use crate::keys::records;

const ROUNDS: usize = 7;

pub(crate) fn table() {
    for keys in [100_000, 1_000_000] {
        let gate = Gate::shut();
        println!("{keys:>9} keys, first read                      {:>5}", replace(&gate, keys).as_millis());
        let mut times: Vec<_> = (0..ROUNDS).map(|_| replace(&gate, keys)).collect();
        times.sort();
        println!(
            "{keys:>9} keys, refreshed (median of {ROUNDS})         {:>5}",
            times[ROUNDS / 2].as_millis()
        );
    }
}

fn replace(gate: &Gate, keys: usize) -> Duration {
    let records = records(keys, keys, 600);
    let started = Instant::now();
    gate.replace(records, i64::MAX);
    started.elapsed()
}
