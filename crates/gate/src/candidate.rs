//! A request whose key stands, on its way to the limits.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::client::{Client, Held, Judge};
use crate::limit::{OverLimit, Quota};
use crate::now::Now;
use crate::permit::Permit;
use crate::quota::FurtherLimits;
use crate::record::Fingerprint;
use crate::refusal::Refusal;

/// A request whose key is known, stands and may be used so; whether its client has requests left is yet to be asked. It
/// is worth nothing by itself: only a [`Permit`] lets anybody through.
pub struct Candidate {
    client: Arc<Client>,
    key: Fingerprint,
    held: Held,
}

impl Candidate {
    pub(crate) fn of(client: &Arc<Client>, key: Fingerprint, held: Held) -> Self {
        Self { client: Arc::clone(client), key, held }
    }

    /// Who calls: `client_name` as the sheet has it.
    pub fn client(&self) -> &str {
        self.client.name()
    }

    /// With which key.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// What the key is held to, in requests per 60 seconds.
    pub fn limit(&self) -> Option<u32> {
        self.held.limit
    }

    /// What it is held to beside that.
    pub fn further_limits(&self) -> FurtherLimits {
        self.held.further.unwrap_or_default()
    }

    /// Asks the windows of this process, and records the request there if there is room in all of them: one step.
    ///
    /// # Errors
    /// One of the key's limits has no room.
    pub fn admit(self, now: Now) -> Result<Permit, Refusal> {
        conclude(&self.client, self.key, &self.held, Judge::Window, now)
    }

    /// The same, where this process is one of so many servers that cannot ask each other: it keeps to its part of the limit.
    /// What is left is told of that part, under the limit's own name.
    ///
    /// # Errors
    /// The part, or a quota, has no room.
    pub fn admit_share(self, servers: NonZeroU32, now: Now) -> Result<Permit, Refusal> {
        conclude(&self.client, self.key, &self.held, Judge::Share(servers), now)
    }

    /// Whether the quotas of day and month have room, before anybody else is asked for the window.
    ///
    /// # Errors
    /// One of them has none.
    pub fn check_quotas(self, now: Now) -> Result<Self, Refusal> {
        match self.client.quota_without_room(&self.held, now) {
            Some(excess) => Err(Refusal::over_limit(&self.client, self.key, excess)),
            None => Ok(self),
        }
    }

    /// Nobody can be asked for the window, and nobody is to decide without it: nothing is spent.
    pub fn undecided(self) -> Refusal {
        Refusal::undecided(&self.client, self.key)
    }

    /// Takes the word of a window that several servers share for that of the 60 seconds. The windows of this process
    /// record an admission as well, so that it knows what was let through here if it has to decide alone; the quotas of
    /// day and month are its own, and are asked here.
    ///
    /// # Errors
    /// The verdict is a refusal, or a quota has no room.
    pub fn settle(self, verdict: Result<Option<Quota>, OverLimit>, now: Now) -> Result<Permit, Refusal> {
        conclude(&self.client, self.key, &self.held, Judge::Elsewhere(verdict), now)
    }
}

/// The last step of a decision, whether the request has waited as a candidate or not.
pub(crate) fn conclude(
    client: &Arc<Client>,
    key: Fingerprint,
    held: &Held,
    judge: Judge,
    now: Now,
) -> Result<Permit, Refusal> {
    match client.decide(held, judge, now) {
        Ok(admission) => Ok(Permit::grant(client, key, held.expires_at, admission)),
        Err(excess) => Err(Refusal::over_limit(client, key, excess)),
    }
}
