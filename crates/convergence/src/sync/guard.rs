//! The accident guard: whether a reading has lost so many keys that it looks like an accident, and what of it passes
//! all the same. Pure: rolls, the time and a tolerance in, a verdict out.

#[cfg(test)]
mod tests;

use gate::{FurtherLimits, Record, Restrictions};
use serde::{Deserialize, Serialize};

use super::roll::{Pair, Roll};
use crate::config::Tolerance;

/// The working keys of one roll, and which of them another has lost.
pub(crate) struct Loss<'a> {
    /// How many keys would be let through now.
    pub(crate) working: usize,
    /// Those of them that are gone or unreadable, by the rows in which they stood.
    pub(crate) lost: Vec<(&'a Record, Fate)>,
}

/// How a key was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// It is in no row any more.
    Gone,
    /// A cell of its row that matters cannot be read.
    Unreadable,
}

impl<'a> Loss<'a> {
    /// What `new` has lost of the keys that `old` lets through at this Unix second.
    pub(crate) fn between(old: &'a Roll, new: &'a Roll, now: i64) -> Self {
        let mut loss = Self { working: 0, lost: Vec::new() };
        for pair in old.beside(new) {
            let (record, fate) = match pair {
                Pair::New(_) => continue,
                Pair::Gone(record) => (record, Some(Fate::Gone)),
                Pair::Both(record, new) => (record, (!new.readable).then_some(Fate::Unreadable)),
            };
            if works(record, now) {
                loss.working += 1;
                loss.lost.extend(fate.map(|fate| (record, fate)));
            }
        }
        loss.lost.sort_by_key(|(record, _)| record.row);
        loss
    }

    /// Whether this many are lost at once by accident rather than on purpose.
    pub(crate) fn exceeds(&self, tolerance: Tolerance) -> bool {
        let (lost, working) = (self.lost.len() as u128, self.working as u128);
        lost >= u128::from(tolerance.lost_keys) && lost * 100 > working * u128::from(tolerance.lost_percent)
    }

    /// How many met this fate.
    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.lost.iter().filter(|(_, other)| *other == fate).count()
    }
}

/// Whether a key is let through at this Unix second, leaving aside how often and what for: as the gate's own steps decide.
/// A row that restricts its key is something said against it, by whoever wrote the cell, and no loss.
pub(crate) fn works(record: &Record, now: i64) -> bool {
    record.readable
        && record.active
        && record.revoked_at.is_none_or(|at| now < at)
        && record.expires_at.is_none_or(|last| now <= last)
}

/// The old roll with all that the readable rows of the new one say *against* a key. Nothing in it opens anything: a key
/// that is new, a later expiry, a higher limit or a wider restriction waits until the new roll is taken as a whole. Names stay as they were,
/// since in torn rows they are another's.
pub(crate) fn restrict(old: &Roll, new: &Roll) -> Roll {
    let restricted = old.beside(new).filter_map(|pair| match pair {
        Pair::New(_) => None,
        Pair::Gone(old) => Some(old.clone()),
        Pair::Both(old, new) if !new.readable => Some(old.clone()),
        Pair::Both(old, new) => Some(Record {
            limit: lower(old.limit, new.limit),
            further_limits: FurtherLimits::strictest(
                old.further_limits.as_deref(),
                new.further_limits.as_deref(),
            ),
            active: old.active && new.active,
            expires_at: lower(old.expires_at, new.expires_at),
            revoked_at: lower(old.revoked_at, new.revoked_at),
            restrictions: Restrictions::intersection(old.restrictions.as_ref(), new.restrictions.as_ref()),
            ..old.clone()
        }),
    });
    Roll::of(restricted.collect()).in_zone(new.time_zone().clone())
}

/// The lower of two bounds, where `None` is no bound.
fn lower<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
