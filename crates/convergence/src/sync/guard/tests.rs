//! The guard against a naive model, and against the gate itself.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use gate::{Asked, Cause, Gate, Now, Record, Scopes};
use proptest::prelude::*;

use super::*;
use crate::sync::samples::{NOW, hash, record, roll, table};

/// What the gate says of a key: whether it would let it through but for its limit.
fn is_let_through(roll: &Roll, key: &str, unix: i64) -> bool {
    let gate = Gate::shut();
    gate.replace(roll.records(), i64::MAX);
    let header = format!("Bearer {key}");
    match gate.admit([header.as_bytes()], &asking(&[]), Now { unix, uptime: Duration::ZERO }) {
        Ok(_) => true,
        Err(refusal) => matches!(refusal.cause(), Cause::OverLimit { .. } | Cause::QuotaExceeded { .. }),
    }
}

fn asking(scopes: &[Box<str>]) -> Asked<'_> {
    let address = Some(Ipv4Addr::LOCALHOST.into());
    Asked { address, method: "GET", scopes: Scopes::Needed(scopes), environment: "" }
}

/// Whether a key that works may do this.
fn has_scope(roll: &Roll, key: &str, scope: &str) -> bool {
    let Some(record) = find(roll, key) else { return false };
    let works = Record {
        limit: None,
        further_limits: None,
        active: true,
        readable: true,
        expires_at: None,
        revoked_at: None,
        ..record.clone()
    };
    let gate = Gate::shut();
    gate.replace(vec![works], i64::MAX);
    let now = Now { unix: NOW, uptime: Duration::ZERO };
    gate.judge(hash(key), Some(&asking(&[scope.into()])), now).is_ok()
}

fn find<'a>(roll: &'a Roll, key: &str) -> Option<&'a Record> {
    roll.records().iter().find(|record| record.key == hash(key))
}

/// A row's limits as numbers of requests.
fn requests(record: &Record) -> [u64; 3] {
    let further = record.further_limits.as_deref().copied().unwrap_or_default();
    [record.limit.map(u64::from), further.day, further.month].map(|limit| limit.unwrap_or(u64::MAX))
}

proptest! {
    #[test]
    fn the_loss_is_what_a_naive_count_finds(
        old in table(), new in table(), percent in 0..=100_u32, keys in 1..12_u64,
    ) {
        let (old_roll, new_roll) = (roll(&old), roll(&new));
        let loss = Loss::between(&old_roll, &new_roll, NOW);
        let working: Vec<u32> =
            old.keys().copied().filter(|key| is_let_through(&old_roll, &key.to_string(), NOW)).collect();
        let gone = working.iter().filter(|key| !new.contains_key(key)).count();
        let unreadable =
            working.iter().filter(|key| new.get(key).is_some_and(|record| !record.readable)).count();
        prop_assert_eq!(loss.working, working.len());
        prop_assert_eq!((loss.count(Fate::Gone), loss.count(Fate::Unreadable)), (gone, unreadable));
        prop_assert!(loss.lost.is_sorted_by_key(|(record, _)| record.row));
        let lost = gone + unreadable;
        #[expect(clippy::cast_precision_loss, reason = "thirty at most")]
        let share = lost as f64 > working.len() as f64 * f64::from(percent) / 100.0;
        let tolerance = Tolerance { lost_percent: percent, lost_keys: keys };
        prop_assert_eq!(loss.exceeds(tolerance), share && lost as u64 >= keys);
    }

    #[test]
    fn unticking_dating_and_lowering_are_never_a_loss(old in table(), new in table()) {
        let said: BTreeMap<u32, Record> = old
            .iter()
            .map(|(key, old)| {
                let new = new.get(key).unwrap_or(old);
                (*key, Record { readable: true, ..new.clone() })
            })
            .collect();
        prop_assert_eq!(Loss::between(&roll(&old), &roll(&said), NOW).lost.len(), 0);
    }

    #[test]
    fn what_is_kept_is_never_more_open_than_either(old in table(), new in table(), at in NOW - 3..NOW + 4) {
        let (old, new) = (roll(&old), roll(&new));
        let kept = restrict(&old, &new);
        prop_assert_eq!(kept.records().len(), old.records().len());
        for key in (0..30).map(|key: u32| key.to_string()) {
            let said = find(&new, &key).filter(|record| record.readable);
            let expected = is_let_through(&old, &key, at)
                && said.is_none_or(|_| is_let_through(&new, &key, at));
            prop_assert_eq!(is_let_through(&kept, &key, at), expected);
            if let (Some(kept), Some(old)) = (find(&kept, &key), find(&old, &key)) {
                let (old_limits, said) = (requests(old), said.map_or([u64::MAX; 3], requests));
                let lowest = [0, 1, 2].map(|of| old_limits[of].min(said[of]));
                prop_assert_eq!(requests(kept), lowest);
                prop_assert_eq!(&kept.client, &old.client);
            }
            for scope in ["read", "write"] {
                let expected = has_scope(&old, &key, scope) && said.is_none_or(|_| has_scope(&new, &key, scope));
                prop_assert_eq!(has_scope(&kept, &key, scope), expected);
            }
        }
        prop_assert_eq!(&restrict(&kept, &new), &kept);
    }
}

#[test]
fn the_bounds_are_more_than_the_share_and_at_least_the_number() {
    let old = Roll::of((0..20).map(|n| record(&n.to_string())).collect());
    let without = |lost: usize| Roll::of((lost..20).map(|n| record(&n.to_string())).collect());
    let tolerance = Tolerance { lost_percent: 50, lost_keys: 10 };
    let exceeds = |lost: usize, tolerance| Loss::between(&old, &without(lost), NOW).exceeds(tolerance);
    assert!(!exceeds(10, tolerance), "exactly half");
    assert!(exceeds(11, tolerance));
    assert!(!exceeds(11, Tolerance { lost_keys: 12, ..tolerance }));
    assert!(!exceeds(20, Tolerance { lost_percent: 100, ..tolerance }), "never more than all");
}
