//! What a directory weighs.

use std::process::Command;

use gate::Gate;

use crate::heap;
use crate::keys::records;

/// One line for each measurement, each in a new process, whose resident memory nothing else has touched.
pub(crate) fn table() {
    for (keys, clients) in [(100_000, 100_000), (1_000_000, 100_000), (1_000_000, 1_000_000)] {
        let program = std::env::current_exe().expect("a program knows its own path");
        let output = Command::new(program)
            .args(["memory", &keys.to_string(), &clients.to_string()])
            .output()
            .expect("the program that runs can be run");
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Prints the lines for this many keys and clients. `replace` drops the rows that it is given, so what lives after it
/// is the gate; the resident memory is the whole process, with what the allocator keeps of those rows.
pub(crate) fn measure(keys: usize, clients: usize) {
    let gate = Gate::shut();
    for step in ["first read", "refreshed"] {
        gate.replace(records(keys, clients, 600), i64::MAX);
        print(&format!("{keys:>9} keys, {clients:>7} clients, {step}"), keys);
    }
    drop(gate);
}

fn print(label: &str, keys: usize) {
    let mb = |bytes: usize| bytes / 1_000_000;
    let (heap, resident, peak) = (heap::live(), status("VmRSS"), status("VmHWM"));
    println!("{label:<44} {:>6}  {:>7}  {:>7}  {:>13}", mb(heap), mb(resident), mb(peak), heap / keys);
}

/// A line of `/proc/self/status`, in bytes; 0 where there is none.
fn status(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).map_or(0, |kib: usize| kib * 1_024)
}
