//! Step 6: the proof of admission.

use std::fmt;
use std::sync::Arc;

use crate::client::Client;
use crate::limit::Quota;
use crate::record::Fingerprint;

/// Proof that a request was admitted. Only a [`Candidate`](crate::Candidate) becomes one, so whoever asks for it as an
/// argument cannot be reached without the check. A copy is proof of the same admission.
#[derive(Clone)]
pub struct Permit {
    client: Arc<Client>,
    quota: Option<Quota>,
    key: Fingerprint,
}

impl Permit {
    pub(crate) fn grant(client: Arc<Client>, key: Fingerprint, quota: Option<Quota>) -> Self {
        Self { client, quota, key }
    }

    /// Who called: `client_name` as the sheet has it.
    pub fn client(&self) -> &str {
        self.client.name()
    }

    /// What is left of the key's limit; `None` where it has none.
    pub fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// Which key, for the log.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// Counts this request as answered with a 5xx.
    pub fn record_failure(&self) {
        self.client.record_failure();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("client", &self.client())
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}
