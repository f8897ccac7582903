//! Any bytes as a client's HTTP/1 connection: the machine never panics, how they are cut makes no difference, and of every
//! head that is taken, httparse (hyper's parser) sees the same end, the same lines and the same framing.
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
#[path = "."]
#[allow(dead_code)]
mod wire {
    #[path = "../../crates/convergence/src/wire/line.rs"]
    pub(crate) mod line;
}

use chunks::Piece;
use machine::Machine;

const MOST: usize = 4_096;

/// What is taken - heads whole, and of bodies their own bytes - and whether there is a fault, where the bytes come in pieces of
/// this length.
fn told(bytes: &[u8], piece: usize) -> (Vec<u8>, bool) {
    let (mut machine, mut held, mut taken) = (Machine::new(MOST), Vec::new(), Vec::new());
    let mut in_body = false;
    for piece in bytes.chunks(piece) {
        held.extend_from_slice(piece);
        while !held.is_empty() || in_body {
            if in_body {
                let Ok((framing, piece)) = machine.body(&held) else { return (taken, true) };
                assert!(framing <= held.len());
                held.drain(..framing);
                match piece {
                    Piece::Data(length) => {
                        assert!(length > 0, "an empty piece looks like no progress");
                        taken.extend(held.drain(..length));
                        in_body = !machine.has_ended();
                    }
                    Piece::End => {
                        taken.extend(machine.end());
                        in_body = false;
                    }
                    Piece::More => break,
                }
            } else {
                match machine.head(&held) {
                    Ok(Some(head)) => taken.extend(held.drain(..head.length())),
                    Ok(None) => break,
                    Err(_) => return (taken, true),
                }
                in_body = !machine.has_ended();
            }
        }
    }
    (taken, false)
}

fn check_head(bytes: &[u8]) {
    let mut lines = [httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Request::new(&mut lines);
    let Ok(Some(head)) = head::read(bytes) else { return };
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => assert_eq!(length, head.length()),
        Err(httparse::Error::TooManyHeaders) => return,
        // It may find other faults, but never wait for more.
        other => return assert!(other.is_err()),
    }
    assert_eq!(head.lines.len(), parsed.headers.len());
    for (line, theirs) in head.lines.iter().zip(parsed.headers.iter()) {
        assert_eq!((line.name(bytes), line.value(bytes)), (theirs.name.as_bytes(), theirs.value));
    }
    assert_eq!(parsed.method.map(str::as_bytes), bytes.get(head.method.clone()));
    assert_eq!(parsed.path.map(str::as_bytes), bytes.get(head.target.clone()));
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
    // A request that came with its fault is not taken at all.
    assert!(slowly.starts_with(&at_once) && (bad || at_once == slowly));
});
