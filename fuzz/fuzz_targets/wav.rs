//! Any bytes as a WAV: reading them never panics, and gives no more samples than there are bytes, each from -1 to 1.
//!
//! `cargo +nightly fuzz run wav`. The bytes are tried as they are, and behind a good head.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[allow(dead_code)]
#[path = "../../crates/convergence/src/providers/wav.rs"]
mod wav;

fuzz_target!(|data: &[u8]| {
    let with_head = [b"RIFF\xff\xff\xff\xffWAVE", data].concat();
    for bytes in [data, &with_head] {
        let Ok(sound) = wav::read(bytes) else { continue };
        assert!(sound.samples.len() <= bytes.len());
        assert!(sound.samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
    }
});
