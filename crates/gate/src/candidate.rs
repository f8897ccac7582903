//! A request whose key stands, on its way to the limits.

use std::sync::Arc;

use crate::client::Client;
use crate::directory::Entry;
use crate::limit::{OverLimit, Quota};
use crate::now::Now;
use crate::permit::Permit;
use crate::record::Fingerprint;
use crate::refusal::Refusal;

/// A request whose key is known, stands and may be used so; whether its client has requests left is yet to be asked. It
/// is worth nothing by itself: only a [`Permit`] lets anybody through.
pub struct Candidate {
    client: Arc<Client>,
    key: Fingerprint,
    limit: Option<u32>,
}

impl Candidate {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { client: Arc::clone(&entry.client), key: entry.key.fingerprint(), limit: entry.limit() }
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
        self.limit
    }

    /// Asks the window of this process, and records the request there if there is room: one step.
    ///
    /// # Errors
    /// The window is full for the key's limit.
    pub fn admit(self, now: Now) -> Result<Permit, Refusal> {
        let verdict = self.client.check_and_record(self.limit, now);
        self.conclude(verdict)
    }

    /// Takes the word of a window that several servers share. The window of this process records an admission as well,
    /// so that it knows what was let through here if it has to decide alone.
    ///
    /// # Errors
    /// The verdict is a refusal.
    pub fn settle(self, verdict: Result<Option<Quota>, OverLimit>, now: Now) -> Result<Permit, Refusal> {
        self.client.record(&verdict, now);
        self.conclude(verdict)
    }

    fn conclude(self, verdict: Result<Option<Quota>, OverLimit>) -> Result<Permit, Refusal> {
        let Self { client, key, .. } = self;
        match verdict {
            Ok(quota) => Ok(Permit::grant(client, key, quota)),
            Err(over) => Err(Refusal::over_limit(client, key, over)),
        }
    }
}
