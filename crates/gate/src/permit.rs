//! Step 6: the proof of admission.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Admission, Client, Held};
use crate::quota::Quotas;
use crate::record::Fingerprint;

/// Proof that a request was admitted. Only a [`Candidate`](crate::Candidate) becomes one, so whoever asks for it as an
/// argument cannot be reached without the check. A copy is proof of the same admission.
#[derive(Clone)]
pub struct Permit {
    client: Arc<Client>,
    quotas: Quotas,
    shadow_refused: bool,
    key: Fingerprint,
    /// The key's last valid Unix second.
    expires_at: i64,
    audio_day: Option<Duration>,
}

impl Permit {
    pub(crate) fn grant(client: &Arc<Client>, key: Fingerprint, held: &Held, admission: Admission) -> Self {
        let Admission { quotas, shadow_refused } = admission;
        let audio_day = held.further.and_then(|limits| limits.audio_day);
        Self {
            client: Arc::clone(client),
            quotas,
            shadow_refused,
            key,
            expires_at: held.expires_at,
            audio_day,
        }
    }

    /// Who called: `client_name` as the sheet has it.
    pub fn client(&self) -> &str {
        self.client.name()
    }

    /// What is left of the key's limits.
    pub fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// Whether the key's shadow limit would have refused the request.
    pub fn shadow_refused(&self) -> bool {
        self.shadow_refused
    }

    /// The last Unix second at which the key is valid; `None` if there is none.
    pub fn expires_at(&self) -> Option<i64> {
        Some(self.expires_at).filter(|last| *last != i64::MAX)
    }

    /// How much sound may be made for the client in a day of the calendar, as far as this key goes; `None` if there is no limit.
    /// What was made is counted by whoever makes it.
    pub fn audio_day(&self) -> Option<Duration> {
        self.audio_day
    }

    /// Which key, for the log.
    pub fn key(&self) -> Fingerprint {
        self.key
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("client", &self.client())
            .field("quotas", &self.quotas)
            .finish_non_exhaustive()
    }
}
