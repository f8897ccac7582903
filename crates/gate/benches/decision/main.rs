//! What a decision costs, in time and in memory: `cargo bench -p gate`, or only the times with so many keys:
//! `cargo bench -p gate -- 100000`.
//!
//! Each line is the median of many batches, with the best batch and the 99th percentile beside it. Nothing is judged
//! here; the targets are 300 ns at the median with 100,000 keys, and 200 MB for 1,000,000.

mod heap;
mod keys;
mod memory;
mod refresh;
mod time;

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // Memory is measured in a process of its own, started by `memory::table`.
    if let [_, word, keys, clients] = &arguments[..]
        && word == "memory"
    {
        return memory::measure(number(keys), number(clients));
    }
    let chosen: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    println!("\nns per decision                               median      min      p99");
    if !chosen.is_empty() {
        return chosen.into_iter().for_each(time::table);
    }
    SIZES.into_iter().for_each(time::table);
    println!("\nmemory                                     heap MB   RSS MB  peak MB  bytes per key");
    memory::table();
    println!("\nGate::replace                                   ms");
    refresh::table();
}

fn number(word: &str) -> usize {
    word.parse().expect("memory::table writes numbers")
}
