//! Any bytes as a call of the webhook, before its signature is believed: reading them never panics, and what is read is what
//! stands there.
//!
//! `cargo +nightly fuzz run webhook`. The input's first line is the header's value, the rest is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/http/webhook/message.rs"]
#[allow(dead_code)]
mod message;

use message::{Notice, Signature};

/// The values of a header's parts of one name, told by another way than the reader's.
fn values<'a>(header: &'a str, name: &str) -> Vec<&'a str> {
    header.split(',').filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).collect()
}

fn check_signature(header: &[u8]) {
    let Some(signature) = Signature::parse(header) else { return };
    let header = std::str::from_utf8(header).expect("only text is read");
    assert_eq!(values(header, "t"), [signature.time]);
    assert_eq!(signature.time.parse(), Ok(signature.at));
    assert!(signature.at >= 0 && signature.at < 1_000_000_000_000);
    let hex: String = signature.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(values(header, "v1").concat().to_ascii_lowercase(), hex);
    let again = format!("t={},v1={hex}", signature.time);
    assert_eq!(Signature::parse(again.as_bytes()), Some(signature));
}

fn check_notice(body: &[u8]) {
    let Some(notice) = Notice::from_json(body) else { return };
    // Serde reads a struct from an array as well, in the order of its members.
    let Ok(value) = serde_json::from_slice::<Value>(body) else { panic!("a notice that is not JSON") };
    let member = |name: &str, place: usize| value.get(name).or_else(|| value.get(place)).cloned().unwrap_or_default();
    let edited_at = member("edited_at", 2);
    let changed_at = if edited_at.is_null() { member("sent_at", 1) } else { edited_at };
    assert_eq!(changed_at.as_i64(), Some(notice.changed_at()));
    assert_eq!(member("id", 0).as_str().and_then(|id| id.parse().ok()), Some(notice.id));
}

fuzz_target!(|data: &[u8]| {
    let line = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    check_signature(&data[..line]);
    check_notice(data.get(line + 1..).unwrap_or_default());
});
