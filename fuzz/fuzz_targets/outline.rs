//! Any text as an outline: reading it never panics, no point is empty or has a line end, and there are no more letters in the
//! points than in the text.
//!
//! `cargo +nightly fuzz run outline`.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/audio/script/outline.rs"]
mod outline;

use outline::Outline;

fuzz_target!(|text: &str| {
    let outline = Outline::read(text);
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).count();
    let mut read = 0;
    for point in &outline.points {
        assert!(letters(&point.text) > 0 && !point.text.contains(['\n', '\r']), "{point:?}");
        read += letters(&point.text);
    }
    assert!(read <= letters(text));
    // Points on their own come to no more. To fewer only where brackets were left over, which make a link by themselves.
    let again = Outline::of(outline.points.iter().cloned());
    let is_plain = |text: &str| !text.contains("](");
    assert!(again.points.len() <= outline.points.len());
    assert!(again.points.len() == outline.points.len() || !outline.points.iter().all(|point| is_plain(&point.text)));
});
