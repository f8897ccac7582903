//! Any bytes as a client's HTTP/1 connection: the machine never panics, how they are cut makes no difference, and of every
//! head that passes, httparse (hyper's parser) sees the same end and the same framing.
//!
//! `cargo +nightly fuzz run framing`. The input's first byte says where the rest is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/http/framing/chunks.rs"]
#[allow(dead_code)]
mod chunks;
#[path = "../../crates/convergence/src/http/framing/fault.rs"]
#[allow(dead_code)]
mod fault;
#[path = "../../crates/convergence/src/http/framing/head.rs"]
#[allow(dead_code)]
mod head;
#[path = "../../crates/convergence/src/http/framing/machine.rs"]
#[allow(dead_code)]
mod machine;

use machine::{Machine, Then};

const MOST: usize = 4_096;

/// What passes and whether there is a fault, where the bytes come in pieces of this length.
fn told(bytes: &[u8], piece: usize) -> (usize, bool) {
    let (mut machine, mut held, mut passed) = (Machine::new(MOST), Vec::new(), 0);
    for piece in bytes.chunks(piece) {
        held.extend_from_slice(piece);
        loop {
            let seen = machine.look(&held);
            assert!(seen.passed <= held.len());
            held.drain(..seen.passed);
            passed += seen.passed;
            match seen.then {
                Then::More => break,
                Then::Undecided => machine.go_on(),
                Then::Refused(_) | Then::BrokenOff(_) => return (passed, true),
            }
        }
    }
    (passed, false)
}

fn check_head(bytes: &[u8]) {
    let mut lines = [httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Request::new(&mut lines);
    let Ok(Some(head)) = head::read(bytes) else { return };
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => assert_eq!(length, head.length),
        Err(httparse::Error::TooManyHeaders) => return,
        // It may find other faults, but never wait for more.
        other => return assert!(other.is_err()),
    }
    let values = |name: &str| -> Vec<&[u8]> {
        let named = parsed.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
        named.map(|line| line.value).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match head.body {
        None => {
            assert!(lengths.is_empty() && codings.len() == 1 && parsed.version == Some(1));
            assert!(codings[0].eq_ignore_ascii_case(b"chunked"));
        }
        Some(length) => {
            assert!(codings.is_empty() && lengths.len() <= 1);
            let said = lengths.first().map_or(0, |digits| {
                std::str::from_utf8(digits).expect("digits").parse::<u64>().expect("a number")
            });
            assert_eq!(said, length);
        }
    }
    assert!(values("host").len() <= 1);
    assert!(values("host").len() == 1 || parsed.version == Some(0));
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, bytes)) = data.split_first() else { return };
    check_head(bytes);
    // What is too long is let go at a moment that depends on the pieces.
    if bytes.len() > MOST {
        return;
    }
    let (at_once, bad) = told(bytes, bytes.len().max(1));
    let (slowly, slowly_bad) = told(bytes, usize::from(cut).max(1));
    assert_eq!(bad, slowly_bad);
    // A request that came with its fault is not passed at all.
    assert!(at_once <= slowly && (bad || at_once == slowly));
});
