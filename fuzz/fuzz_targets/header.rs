//! Any bytes as `Authorization` values: the gate never panics, and opens only for a scheme and a key that it knows.
//!
//! `cargo +nightly fuzz run header`. The input's lines are the header's values.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use gate::{Asked, Cause, Gate, HeaderProblem, KeyHash, Now, Record, Scopes};
use libfuzzer_sys::fuzz_target;

const KEYS: [&[u8]; 4] = [b"k", b"sk-convergence-abc123xyz", b"sha256:00", b"~!@#$%^&*()[]{}<>,;:\\\"/?="];
const ASKED: Asked<'_> = Asked {
    address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    method: "GET",
    scopes: Scopes::Needed(&[]),
    environment: "",
};
const NOW: Now = Now { unix: 0, uptime: Duration::ZERO };

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let gate = Gate::shut();
    gate.replace(KEYS.map(row).to_vec(), i64::MAX);
    gate
});

fn row(key: &[u8]) -> Record {
    Record {
        key: KeyHash::of(key),
        client: "acme".into(),
        limit: None,
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: 2,
    }
}

/// Whether this value ought to open the gate, told from the end: a known key, white space, a scheme.
fn opens(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    KEYS.iter().any(|key| {
        let Some(scheme) = value.strip_suffix(*key) else { return false };
        let word = scheme.trim_ascii_end();
        word.len() < scheme.len() && [&b"bearer"[..], b"apikey"].contains(&&word.to_ascii_lowercase()[..])
    })
}

fuzz_target!(|data: &[u8]| {
    let values: Vec<&[u8]> =
        if data.is_empty() { vec![] } else { data.split(|&byte| byte == b'\n').collect() };
    let decision = GATE.admit(values.iter().copied(), &ASKED, NOW);
    assert_eq!(decision.is_ok(), values.len() == 1 && opens(values[0]));
    if let Err(refusal) = decision {
        let missing = refusal.cause() == Cause::Header(HeaderProblem::Missing);
        let repeated = refusal.cause() == Cause::Header(HeaderProblem::Repeated);
        assert_eq!((missing, repeated), (values.is_empty(), values.len() > 1));
        let _ = format!("{refusal:?} {}", refusal.cause());
    }
});
