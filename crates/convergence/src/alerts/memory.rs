//! What has been told, and what waits to be: so each matter is told once, over restarts too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Alert, Event};
use super::facts::{Facts, Source, Stale};
use super::look::{CALM, Matter, matters, working};
use crate::clock::rfc3339;
use crate::config::Thresholds;

const DAY: i64 = 86_400;

/// So many alerts wait while the webhook does not take any. Of more, only the number is told.
pub(super) const MOST_WAITING: usize = 1_000;

/// All that a look depends on beside facts and the time. Moments are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// What has been told, by its id, and until when that is remembered.
    told: BTreeMap<String, i64>,
    source: Episode,
    /// The keys that were never used, by their fingerprints, and when each was seen first.
    never_used: BTreeMap<String, i64>,
    /// When it was last looked which keys are used.
    uses_seen_at: Option<i64>,
    /// What is to be told with the next message.
    waiting: Vec<Alert>,
    /// How many more there were.
    left_out: u64,
}

/// How the keys' source was doing, as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Episode {
    stale: bool,
    shut: bool,
    held: bool,
}

impl Memory {
    /// Whether the next look is to know when keys were used, which takes a while to find out: once a day.
    pub(super) fn asks_for_uses(&self, thresholds: &Thresholds, now: i64) -> bool {
        thresholds.unused_days.is_some() && self.uses_seen_at.is_none_or(|at| now >= at.saturating_add(DAY))
    }

    /// Adds what deserves telling at this Unix second, and was not told, to what waits.
    pub(super) fn look(&mut self, facts: &Facts, thresholds: &Thresholds, now: i64) {
        self.told.retain(|_, until| *until > now);
        if let Some(source) = &facts.source {
            self.source(source, now);
        }
        for matter in matters(facts, thresholds, now) {
            self.once(matter, now);
        }
        if let Some(days) = thresholds.unused_days {
            self.unused(facts, days.get(), now);
        }
    }

    /// What waits, and how many more there were; nothing if there is nothing to tell.
    pub(super) fn news(&self) -> Option<(&[Alert], u64)> {
        (!self.waiting.is_empty()).then_some((&self.waiting, self.left_out))
    }

    /// Of what waits, only these are for this server to tell, in their order; the others are told by others.
    pub(super) fn leave_to_others(&mut self, own: &[bool]) {
        let mut own = own.iter();
        self.waiting.retain(|_| own.next().copied().unwrap_or(true));
    }

    /// What waits has been told.
    pub(super) fn sent(&mut self) {
        (self.waiting, self.left_out) = (Vec::new(), 0);
    }

    /// A matter that goes on is remembered for longer.
    fn once(&mut self, Matter { id, until, event }: Matter, now: i64) {
        if let Some(remembered) = self.told.get_mut(&id) {
            *remembered = until.max(*remembered);
            return;
        }
        self.told.insert(id.clone(), until);
        self.tell(Matter { id, until, event }, now);
    }

    fn tell(&mut self, Matter { id, until, event }: Matter, now: i64) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(Alert { id, at: rfc3339(now), until, event });
        } else {
            self.left_out += 1;
        }
    }

    /// Once when something is wrong with it, and once when nothing is any more.
    fn source(&mut self, source: &Source, now: i64) {
        let seen = Episode {
            stale: source.stale.is_some(),
            shut: source.stale.as_ref().is_some_and(|stale| stale.shut),
            held: source.held,
        };
        let before = std::mem::replace(&mut self.source, seen);
        let mut tell = |id: &str, event| {
            self.tell(Matter { id: id.to_owned(), until: now.saturating_add(CALM), event }, now);
        };
        let is_worse = !before.stale || (seen.shut && !before.shut);
        if let Some(Stale { last_read, shut, error }) = source.stale.as_ref().filter(|_| is_worse) {
            let (last_read_at, error) = (last_read.map(rfc3339), error.clone());
            let id = if *shut { "sheet_stale/shut" } else { "sheet_stale" };
            tell(id, Event::SheetStale { last_read_at, in_use: !shut, error });
        }
        if seen.held && !before.held {
            tell("sheet_held", Event::SheetHeld);
        }
        if seen == Episode::default() && before != seen {
            tell("sheet_well", Event::SheetWell);
        }
    }

    /// A key that was never used counts from the day on which it was seen first.
    fn unused(&mut self, facts: &Facts, days: u64, now: i64) {
        let (Some(uses), Some(_)) = (&facts.last_uses, &facts.roll) else { return };
        self.uses_seen_at = Some(now);
        let known = std::mem::take(&mut self.never_used);
        let span = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY);
        for record in working(facts, now) {
            let fingerprint = record.key.fingerprint();
            let (key, last) = (fingerprint.to_string(), uses.get(&fingerprint.number()).copied());
            let since = last.unwrap_or_else(|| {
                let first = known.get(&key).copied().unwrap_or(now);
                self.never_used.insert(key.clone(), first);
                first
            });
            if now.saturating_sub(since) < span {
                continue;
            }
            self.once(
                Matter {
                    id: format!("key_unused/{key}"),
                    // Shorter than it takes until it can be told anew, and longer than servers stand still.
                    until: now.saturating_add(span / 2),
                    event: Event::KeyUnused {
                        client_name: record.client.to_string(),
                        key,
                        last_used_at: last.map(rfc3339),
                        days,
                    },
                },
                now,
            );
        }
    }
}
