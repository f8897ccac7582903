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

/// What a step has done, for the audit file; `event` is `None` where there is nothing to write.
pub(super) struct Step {
    pub(super) event: Option<Event>,
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

    /// Brings an earlier directory back, until the source says something else than it did when it was last read.
    pub(super) fn roll_back(&mut self, to: u64, roll: Roll, now: i64) -> Step {
        let difference = match &self.in_use {
            Some(old) => Difference::between(old, &roll),
            None => Difference::from_nothing(&roll),
        };
        let source_digest = self.last_read_digest();
        self.standing = Standing::RolledBack(RolledBack { to, since: rfc3339(now), source_digest });
        self.in_use = Some(Arc::new(roll));
        Step { event: Some(Event::RolledBack), difference, held: None }
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
        let same = difference.is_none() && self.in_use.is_some() && self.standing == Standing::AsRead;
        self.in_use = Some(Arc::new(read));
        self.standing = Standing::AsRead;
        Step { event: (!same).then_some(event), difference, held }
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
        self.in_use = Some(Arc::new(restricted));
        self.standing = Standing::Held(held.clone());
        Step { event, difference, held: Some(held) }
    }
}

impl Step {
    fn nothing() -> Self {
        Self { event: None, difference: Difference::default(), held: None }
    }
}
