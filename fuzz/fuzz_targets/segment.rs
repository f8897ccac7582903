//! Any bytes as a segment of counts, as a process that was killed or a machine that lost power may have left it: reading it
//! never panics and takes no more than it was given, and whatever is read is read again from what stands ahead of it.
//!
//! `cargo +nightly fuzz run segment`.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/usage"]
#[allow(dead_code)]
mod usage {
    #[path = "totals.rs"]
    pub(crate) mod totals;
    #[path = "tally"]
    pub(crate) mod tally {
        #[path = "record.rs"]
        pub(crate) mod record;
        #[path = "words.rs"]
        mod words;
    }
}

use usage::tally::record;

fuzz_target!(|data: &[u8]| {
    let words = record::words(data);
    let Some(contents) = record::read(&words) else { return };
    assert!(contents.lines.len() <= words.len() / 11, "more records than there is room for");
    // What follows a record changes nothing of it: a file is read while it grows.
    let mut longer = words.clone();
    longer.push(0);
    let again = record::read(&longer).expect("the same head");
    assert!(again.lines.starts_with(&contents.lines));
});
