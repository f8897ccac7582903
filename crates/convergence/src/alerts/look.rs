//! What of the facts deserves telling, if it was not told yet. Pure.

use std::collections::HashMap;

use gate::{FurtherLimits, Record};

use super::event::{Allowance, Event};
use super::facts::{Errors, Facts};
use crate::clock::rfc3339;
use crate::config::Thresholds;
use crate::sync::works;

const DAY: i64 = 86_400;

/// For how long a client has to be without a jump before the next one is told, in seconds. For so long no other server tells
/// how the source is doing, either.
pub(super) const CALM: i64 = 3_600;

/// A client's errors have jumped where their share of its requests is so many times that of the hour before.
const JUMP: u128 = 5;

/// Something to be told once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matter {
    /// What it is remembered by.
    pub(super) id: String,
    /// Until this Unix second, at least.
    pub(super) until: i64,
    pub(super) event: Event,
}

/// All matters of this Unix second, but for the keys' source and keys that are not used: those depend on what was before.
pub(super) fn matters(facts: &Facts, thresholds: &Thresholds, now: i64) -> Vec<Matter> {
    let mut matters = Vec::new();
    if let Some(percent) = thresholds.quota_percent {
        quotas(facts, percent.get(), now, &mut matters);
    }
    if let Some(floor) = thresholds.errors {
        let jumped = facts.errors.iter().filter(|(_, errors)| has_jumped(**errors, floor.get()));
        matters.extend(jumped.map(|(client, errors)| jump(client, *errors, now)));
    }
    matters.sort_by(|a, b| a.id.cmp(&b.id));
    let working = working(facts, now);
    matters.extend(working.filter_map(|record| expiry(record, &thresholds.expiry_days, now)));
    matters
}

/// The keys that would be let through.
pub(super) fn working(facts: &Facts, now: i64) -> impl Iterator<Item = &Record> {
    let records = facts.roll.iter().flat_map(|roll| roll.records());
    records.filter(move |record| works(record, now))
}

/// A key is told of by the nearest of the thresholds that it has reached, so one that is made late by no other.
fn expiry(record: &Record, days: &[u32], now: i64) -> Option<Matter> {
    let at = record.expires_at?;
    let left = at - now;
    // They descend.
    let nearest = days.iter().rev().find(|days| left <= i64::from(**days) * DAY)?;
    let key = record.key.fingerprint().to_string();
    Some(Matter {
        id: format!("key_expires/{key}/{}/{nearest}", rfc3339(at)),
        until: at.saturating_add(1),
        event: Event::KeyExpires {
            client_name: record.client.to_string(),
            key,
            expires_at: rfc3339(at),
            days_left: u64::try_from(left.max(1)).unwrap_or_default().div_ceil(86_400),
        },
    })
}

/// Each client is held to its keys' quotas; the lowest of them ends first.
fn quotas(facts: &Facts, percent: u64, now: i64, matters: &mut Vec<Matter>) {
    let Some(periods) = facts.periods else { return };
    let mut limits: HashMap<&str, FurtherLimits> = HashMap::new();
    for record in working(facts, now) {
        let Some(further) = record.further_limits.as_deref() else { continue };
        let lowest = limits.entry(&record.client).or_default();
        *lowest =
            FurtherLimits::strictest(Some(lowest), Some(further)).map(|limits| *limits).unwrap_or_default();
    }
    for (client, limits) in limits {
        let used = facts.used.get(client).copied().unwrap_or_default();
        let sound = facts.sound.get(client).copied().unwrap_or_default();
        let audio = limits.audio_day.map(|length| length.as_secs());
        for (quota, limit, used, period) in [
            (Allowance::Day, limits.day, used.day, periods.day),
            (Allowance::Month, limits.month, used.month, periods.month),
            (Allowance::AudioDay, audio, sound, periods.day),
        ] {
            let Some(limit) = limit.filter(|limit| *limit > 0) else { continue };
            let share = u128::from(used) * 100 / u128::from(limit);
            if share < u128::from(percent) {
                continue;
            }
            matters.push(Matter {
                id: format!("quota_used/{}/{}/{client}", quota.word(), rfc3339(period.from)),
                until: period.until(),
                event: Event::QuotaUsed {
                    client_name: client.to_owned(),
                    quota,
                    limit,
                    used,
                    percent: u64::try_from(share).unwrap_or(u64::MAX),
                    resets_at: rfc3339(period.until()),
                },
            });
        }
    }
}

/// Whether there are enough of them, and more of a client's requests than before.
fn has_jumped(Errors { recent, before }: Errors, floor: u64) -> bool {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let (now, then) = (product(recent.errors, before.requests), product(before.errors, recent.requests));
    recent.errors >= floor && now >= JUMP * then
}

fn jump(client: &str, Errors { recent, before }: Errors, now: i64) -> Matter {
    Matter {
        id: format!("errors_jumped/{client}"),
        until: now.saturating_add(CALM),
        event: Event::ErrorsJumped {
            client_name: client.to_owned(),
            errors: recent.errors,
            requests: recent.requests,
            errors_before: before.errors,
            requests_before: before.requests,
        },
    }
}
