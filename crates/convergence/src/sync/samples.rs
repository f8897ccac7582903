//! Records and tables for the tests of this folder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gate::{FurtherLimits, KeyHash, Record, Restrictions};
use proptest::prelude::*;

use super::roll::Roll;

/// The Unix second around which the moments of these tables lie.
pub(crate) const NOW: i64 = 1_000;

pub(crate) fn hash(key: &str) -> KeyHash {
    KeyHash::of(key.as_bytes())
}

/// A key that works, at 60 a minute.
pub(crate) fn record(key: &str) -> Record {
    Record {
        key: hash(key),
        client: format!("Client {key}").into(),
        limit: Some(60),
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: 2,
    }
}

/// Restricted to these scopes and addresses; none of a kind is no restriction.
pub(crate) fn restricted(scopes: &[&str], addresses: &[&str]) -> Option<Arc<Restrictions>> {
    let words =
        |list: &[&str]| (!list.is_empty()).then(|| list.iter().map(|word| Box::from(*word)).collect());
    let addresses = (!addresses.is_empty())
        .then(|| addresses.iter().map(|address| address.parse().expect("a network")).collect());
    Restrictions { scopes: words(scopes), allowed_ips: addresses, ..Restrictions::default() }.shared()
}

/// Limited in how much sound is made, and in nothing else.
pub(crate) fn audible(milliseconds: u64) -> Option<Box<FurtherLimits>> {
    FurtherLimits { audio_day: Some(Duration::from_millis(milliseconds)), ..FurtherLimits::default() }.boxed()
}

/// Limited by day and by month, with a limit that is tried out.
pub(crate) fn further(
    day: Option<u64>,
    month: Option<u64>,
    shadow: Option<u32>,
) -> Option<Box<FurtherLimits>> {
    FurtherLimits { day, month, shadow, ..FurtherLimits::default() }.boxed()
}

/// Moments around `NOW`, so that each side of each bound is met often.
fn moment() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(NOW - 2..NOW + 3)
}

/// A row of one of thirty keys.
fn any_record() -> impl Strategy<Value = (u32, Record)> {
    let flags = (prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    let scopes = prop::sample::subsequence(vec!["read", "write"], 0..=2);
    let limits = (prop::option::of(0..3_u32), prop::option::of(0..3_u64), prop::option::of(0..3_u64));
    (0..30_u32, limits, moment(), moment(), flags, (scopes, 1..99_u32)).prop_map(
        |(key, (limit, day, month), expires_at, revoked_at, (active, readable), (scopes, row))| {
            let (restrictions, further_limits) = (restricted(&scopes, &[]), further(day, month, None));
            let record = Record { further_limits, restrictions, ..record(&key.to_string()) };
            (key, Record { limit, expires_at, revoked_at, active, readable, row, ..record })
        },
    )
}

/// A table, each key once.
pub(crate) fn table() -> impl Strategy<Value = BTreeMap<u32, Record>> {
    prop::collection::vec(any_record(), 0..40).prop_map(|rows| rows.into_iter().collect())
}

pub(crate) fn roll(table: &BTreeMap<u32, Record>) -> Roll {
    Roll::of(table.values().cloned().collect())
}
