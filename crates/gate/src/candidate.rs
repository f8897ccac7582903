//! A request whose key stands, on its way to the limits.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::client::{BY_ITSELF, Client, Held, Judge, Verdict};
use crate::now::Now;
use crate::permit::Permit;
use crate::quota::{FurtherLimits, Known};
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

    /// Asks what this process has counted, and records the request there if there is room in all limits: one step.
    ///
    /// # Errors
    /// One of the key's limits has no room.
    pub fn admit(self, now: Now) -> Result<Permit, Refusal> {
        conclude(&self.client, self.key, &self.held, BY_ITSELF, now)
    }

    /// The same, where this process is one of so many servers that cannot ask each other: it keeps to its part of the limit,
    /// and of what it knows to be left of the quotas. What is left is told of that part, under the limit's own name.
    ///
    /// # Errors
    /// The part of one of them has no room.
    pub fn admit_share(self, servers: NonZeroU32, now: Now) -> Result<Permit, Refusal> {
        conclude(&self.client, self.key, &self.held, Judge::Here(servers), now)
    }

    /// What those who count for all servers are to be told of the client's day and month; `None` where none of its keys has
    /// a quota.
    ///
    /// # Errors
    /// A quota of this key is known to be used up, so that nobody has to be asked.
    pub fn known(&self, now: Now) -> Result<Option<Known>, Refusal> {
        let known = self.client.known(&self.held, now);
        known.map_err(|excess| Refusal::over_limit(&self.client, self.key, excess))
    }

    /// Nobody can be asked, and nobody is to decide without it: nothing is spent.
    pub fn undecided(self) -> Refusal {
        Refusal::undecided(&self.client, self.key)
    }

    /// Takes the word of those who keep the limits for several servers. What is counted here goes on as well, so that this
    /// process knows what was let through if it has to decide alone.
    ///
    /// # Errors
    /// The verdict is a refusal, or it says nothing of a quota that has no room here.
    pub fn settle(self, verdict: Verdict, now: Now) -> Result<Permit, Refusal> {
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
        Ok(admission) => Ok(Permit::grant(client, key, held, admission)),
        Err(excess) => Err(Refusal::over_limit(client, key, excess)),
    }
}
