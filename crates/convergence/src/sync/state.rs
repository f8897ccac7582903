//! From one reading to the next: which directory is in use, and why. Knows no disk and no gate.

use std::sync::Arc;

use super::audit::Event;
use super::difference::Difference;
use super::guard::{self, Loss};
use super::roll::Roll;
use super::standing::{Held, RolledBack, Standing};
use crate::clock::rfc3339;
use crate::config::Tolerance;

/// What is in use.
pub(crate) struct State {
    tolerance: Tolerance,
    /// `None` until something has been read, by this process or an earlier one.
    pub(super) in_use: Option<Arc<Roll>>,
    pub(super) standing: Standing,
}

/// What a step has done.
pub(super) struct Step {
    /// What the audit file says of it; `None` where there is nothing to write.
    pub(super) event: Option<Event>,
    /// Whether other records are in use than before. The first ones are, even if there are none: an empty table answers
    /// otherwise than one that has not been read.
    pub(super) changed: bool,
    pub(super) difference: Difference,
    /// The refresh that is held, or was held and is accepted by this step.
    pub(super) held: Option<Held>,
}

impl State {
    /// Before anything has been read.
    pub(crate) fn new(tolerance: Tolerance) -> Self {
        Self { tolerance, in_use: None, standing: Standing::AsRead }
    }

    /// Takes what the source says now, at this Unix second. `accepted` is the digest of what a person has confirmed.
    pub(super) fn take(&mut self, read: Roll, accepted: Option<&str>, now: i64) -> Step {
        if let Standing::RolledBack(back) = &self.standing
            && back.source_digest.as_ref() == Some(&read.digest())
        {
            return Step::nothing();
        }
        let Some(old) = self.in_use.clone() else {
            let difference = Difference::from_nothing(&read);
            return self.apply(read, Event::Applied, difference, None);
        };
        let loss = Loss::between(&old, &read, now);
        if !loss.exceeds(self.tolerance) {
            let difference = Difference::between(&old, &read);
            return self.apply(read, Event::Applied, difference, None);
        }
        let held = Held::of(&loss, read.digest(), now);
        if accepted == Some(held.digest.as_str()) {
            let difference = Difference::between(&old, &read);
            return self.apply(read, Event::Accepted, difference, Some(held));
        }
        self.hold(&old, &read, held)
    }

    /// Takes what another server has made of the source. It has passed a guard there.
    pub(super) fn adopt(&mut self, roll: Arc<Roll>, standing: Standing) -> Step {
        let difference = match &self.in_use {
            Some(old) => Difference::between(old, &roll),
            None => Difference::from_nothing(&roll),
        };
        let changed = self.in_use.replace(roll).is_none() || !difference.is_none();
        let was = std::mem::replace(&mut self.standing, standing);
        let event = match &self.standing {
            Standing::RolledBack(_) if was != self.standing => Some(Event::RolledBack),
            Standing::Held(_) if was != self.standing => Some(Event::Held),
            _ => changed.then_some(Event::Applied),
        };
        let held = match &self.standing {
            Standing::Held(held) => Some(held.clone()),
            _ => None,
        };
        Step { event, changed, difference, held }
    }

    /// Brings an earlier directory back, until the source says something else than it did when it was last read.
    pub(super) fn roll_back(&mut self, to: u64, roll: Roll, now: i64) -> Step {
        let difference = match &self.in_use {
            Some(old) => Difference::between(old, &roll),
            None => Difference::from_nothing(&roll),
        };
        let source_digest = self.last_read_digest();
        self.standing = Standing::RolledBack(RolledBack { to, since: rfc3339(now), source_digest });
        let changed = self.put_in_use(roll, &difference);
        Step { event: Some(Event::RolledBack), changed, difference, held: None }
    }

    /// Of what the source said when it was last read.
    fn last_read_digest(&self) -> Option<String> {
        match &self.standing {
            Standing::AsRead => self.in_use.as_ref().map(|roll| roll.digest()),
            Standing::Held(held) => Some(held.digest.clone()),
            Standing::RolledBack(back) => back.source_digest.clone(),
        }
    }

    fn apply(&mut self, read: Roll, event: Event, difference: Difference, held: Option<Held>) -> Step {
        let changed = self.put_in_use(read, &difference);
        let was_as_read = std::mem::replace(&mut self.standing, Standing::AsRead) == Standing::AsRead;
        let event = (changed || !was_as_read).then_some(event);
        Step { event, changed, difference, held }
    }

    /// The old directory stays, under the new one's restrictions. The same state of the source, seen again, is no news.
    fn hold(&mut self, old: &Roll, read: &Roll, held: Held) -> Step {
        let restricted = guard::restrict(old, read);
        let difference = Difference::between(old, &restricted);
        let known = match &self.standing {
            Standing::Held(known) if known.digest == held.digest => Some(known.since.clone()),
            _ => None,
        };
        let event = (known.is_none() || !difference.is_none()).then_some(Event::Held);
        let since = known.unwrap_or_else(|| held.since.clone());
        let held = Held { since, ..held };
        let changed = self.put_in_use(restricted, &difference);
        self.standing = Standing::Held(held.clone());
        Step { event, changed, difference, held: Some(held) }
    }

    /// Says whether that changes anything.
    fn put_in_use(&mut self, roll: Roll, difference: &Difference) -> bool {
        let first = self.in_use.replace(Arc::new(roll)).is_none();
        first || !difference.is_none()
    }
}

impl Step {
    fn nothing() -> Self {
        Self { event: None, changed: false, difference: Difference::default(), held: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gate::{FurtherLimits, Record, Restrictions};
    use proptest::prelude::*;

    use super::*;
    use crate::sync::guard::works;
    use crate::sync::samples::{NOW, further, record, roll, table};

    type Rows = BTreeMap<u32, Record>;

    const TOLERANCE: Tolerance = Tolerance { lost_percent: 50, lost_keys: 3 };

    /// What is in use after a reading, and whether that is held, in the plainest words.
    fn model(old: &Rows, read: &Rows, accepted: bool) -> (Rows, bool) {
        let working: Vec<&u32> = old.keys().filter(|key| works(&old[key], NOW)).collect();
        let lost = working.iter().filter(|key| read.get(key).is_none_or(|row| !row.readable)).count();
        if lost < 3 || lost * 2 <= working.len() || accepted {
            return (read.clone(), false);
        }
        let mut kept = old.clone();
        for (key, row) in &mut kept {
            let Some(said) = read.get(key).filter(|said| said.readable) else { continue };
            row.active &= said.active;
            row.expires_at = row.expires_at.into_iter().chain(said.expires_at).min();
            row.revoked_at = row.revoked_at.into_iter().chain(said.revoked_at).min();
            row.limit = row.limit.into_iter().chain(said.limit).min();
            let lowest = |limit: fn(&FurtherLimits) -> Option<u64>| {
                [&row.further_limits, &said.further_limits]
                    .into_iter()
                    .flatten()
                    .filter_map(|it| limit(it))
                    .min()
            };
            let (day, month) = (lowest(|limits| limits.day), lowest(|limits| limits.month));
            row.further_limits = further(day, month, None);
            let scopes = |row: &Record| row.restrictions.as_ref().and_then(|all| all.scopes.clone());
            let both = match (scopes(row), scopes(said)) {
                (Some(old), Some(new)) => Some(old.into_iter().filter(|scope| new.contains(scope)).collect()),
                (old, new) => old.or(new),
            };
            row.restrictions = Restrictions { scopes: both, ..Restrictions::default() }.shared();
        }
        (kept, true)
    }

    proptest! {
        #[test]
        fn reading_after_reading_is_as_in_a_naive_model(
            readings in prop::collection::vec((table(), prop::option::weighted(0.3, 0..6_usize)), 1..6),
        ) {
            let mut state = State::new(TOLERANCE);
            let mut in_use: Option<Rows> = None;
            for (read, accepts) in &readings {
                // A person may have accepted any of the readings, this one or another.
                let accepted = accepts.map(|which| roll(&readings[which % readings.len()].0).digest());
                let is_this = accepted.as_deref() == Some(roll(read).digest().as_str());
                let step = state.take(roll(read), accepted.as_deref(), NOW);
                let (expected, held) = match &in_use {
                    Some(old) => model(old, read, is_this),
                    None => (read.clone(), false),
                };
                prop_assert_eq!(state.in_use.as_deref(), Some(&roll(&expected)));
                prop_assert_eq!(matches!(state.standing, Standing::Held(_)), held);
                prop_assert_eq!(step.changed, in_use.is_none() || !step.difference.is_none());
                if let Some(old) = &in_use {
                    prop_assert_eq!(step.difference, Difference::between(&roll(old), &roll(&expected)));
                }
                in_use = Some(expected);
            }
        }

        #[test]
        fn a_rollback_lasts_exactly_until_the_source_says_something_else(
            first in table(), second in table(), third in table(),
        ) {
            let mut state = State::new(Tolerance { lost_percent: 100, lost_keys: 1 });
            state.take(roll(&first), None, NOW);
            state.take(roll(&second), None, NOW);
            state.roll_back(1, roll(&first), NOW);
            prop_assert!(state.take(roll(&second), None, NOW).event.is_none());
            prop_assert_eq!(state.in_use.as_deref(), Some(&roll(&first)));
            state.take(roll(&third), None, NOW);
            let same = roll(&third).digest() == roll(&second).digest();
            let expected = if same { &first } else { &third };
            prop_assert_eq!(state.in_use.as_deref(), Some(&roll(expected)));
        }
    }

    #[test]
    fn a_rollback_while_a_refresh_is_held_lasts_until_that_is_repaired() {
        let all = || Roll::of((0..4).map(|n| record(&n.to_string())).collect());
        let mut state = State::new(TOLERANCE);
        state.take(all(), None, NOW);
        assert_eq!(state.take(Roll::default(), None, NOW).event, Some(Event::Held));
        assert_eq!(state.take(Roll::default(), None, NOW).event, None, "the same state is no news");
        state.roll_back(1, all(), NOW);
        assert_eq!(state.take(Roll::default(), None, NOW).event, None);
        assert!(matches!(state.standing, Standing::RolledBack(_)));
        assert_eq!(state.take(all(), None, NOW).event, Some(Event::Applied));
        assert_eq!(state.standing, Standing::AsRead);
    }
}
