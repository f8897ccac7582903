//! The other servers, where they share a Redis: who tells what, and which keys they have seen used.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::facts::Facts;
use super::look::working;
use crate::config::Thresholds;
use crate::fleet::{Claims, Fleet, Trouble, Uses};

const DAY: i64 = 86_400;

/// A server looks for uses once a day, and leaves those since the last time, and some more.
const LEFT: i64 = 3 * DAY;

/// What this server knows of the others.
pub(crate) struct Others {
    pub(super) claims: Claims,
    uses: Uses,
    /// What it is called among them.
    pub(super) name: String,
}

impl Others {
    /// Those of this scope.
    pub(crate) fn new(fleet: &Arc<Fleet>, scope: &str, name: &str) -> Self {
        Self { claims: Claims::new(fleet, scope), uses: Uses::new(fleet, scope), name: name.to_owned() }
    }

    /// Tells the others which keys were used here, and adds to the facts which were so there; where facts are of that.
    ///
    /// # Errors
    /// They cannot be asked. What was used here is no answer then.
    pub(super) async fn share_uses(
        &self,
        facts: &mut Facts,
        thresholds: &Thresholds,
        now: i64,
    ) -> Result<(), Trouble> {
        let (Some(uses), Some(days)) = (&facts.last_uses, thresholds.unused_days) else { return Ok(()) };
        let recent: Vec<(u64, i64)> =
            uses.iter().map(|(key, at)| (*key, *at)).filter(|(_, at)| *at > now - LEFT).collect();
        // Longer than it takes until somebody wants to know.
        self.uses.leave(&recent, Duration::from_hours(48 * days.get())).await?;
        let seen_here: HashSet<u64> = recent.into_iter().map(|(key, _)| key).collect();
        let keys = working(facts, now).map(|record| record.key.fingerprint().number());
        let keys: Vec<u64> = keys.filter(|key| !seen_here.contains(key)).collect();
        let there = self.uses.of(&keys).await?;
        let uses = facts.last_uses.get_or_insert_default();
        for (key, at) in keys.into_iter().zip(there) {
            if let Some(at) = at {
                let last = uses.entry(key).or_insert(at);
                *last = at.max(*last);
            }
        }
        Ok(())
    }
}
