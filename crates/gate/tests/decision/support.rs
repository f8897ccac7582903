//! Short words for what every test here does.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gate::{Asked, Cause, Gate, KeyHash, Now, Permit, Record, Refusal, Scopes};

/// The Unix second at which the uptime of these tests starts.
pub(crate) const START: i64 = 1_800_000_000;

/// What a request asks for that is of no importance: from this machine, to look at something.
pub(crate) const ANYTHING: Asked<'static> = Asked {
    address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    method: "GET",
    scopes: Scopes::Needed(&[]),
    environment: "",
};

/// A moment, by the microseconds of uptime.
pub(crate) fn at_micros(micros: u64) -> Now {
    let uptime = Duration::from_micros(micros);
    Now { unix: START + i64::try_from(uptime.as_secs()).unwrap(), uptime }
}

/// A moment, by the milliseconds of uptime.
pub(crate) fn at_millis(millis: u64) -> Now {
    at_micros(millis * 1_000)
}

/// A row in order, with no limit and no end.
pub(crate) fn row(key: &str, client: &str) -> Record {
    Record {
        key: KeyHash::of(key.as_bytes()),
        client: client.into(),
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

/// The same with a limit.
pub(crate) fn limited(key: &str, client: &str, limit: u32) -> Record {
    Record { limit: Some(limit), ..row(key, client) }
}

/// A gate that knows these rows, for ever.
pub(crate) fn gate_of(records: Vec<Record>) -> Gate {
    let gate = Gate::shut();
    gate.replace(records, i64::MAX);
    gate
}

/// One request with this key.
pub(crate) fn ask(gate: &Gate, key: &str, now: Now) -> Result<Permit, Refusal> {
    gate.admit([format!("Bearer {key}").as_bytes()], &ANYTHING, now)
}

/// Why a request with this key is refused now.
pub(crate) fn cause(gate: &Gate, key: &str, now: Now) -> Cause {
    ask(gate, key, now).expect_err("the request was admitted").cause()
}

/// How many of `times` requests with this key are admitted now.
pub(crate) fn admitted(gate: &Gate, key: &str, now: Now, times: u32) -> u32 {
    u32::try_from((0..times).filter(|_| ask(gate, key, now).is_ok()).count()).unwrap()
}

/// The seconds to wait that a refusal over the limit names.
pub(crate) fn retry_after(refusal: &Refusal) -> u32 {
    match refusal.cause() {
        Cause::OverLimit { retry_after } => retry_after,
        other => panic!("refused for another cause: {other}"),
    }
}
