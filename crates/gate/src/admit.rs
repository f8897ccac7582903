//! The main path: one call, every step in order.

use std::sync::Arc;

use crate::asked::Asked;
use crate::calendar::Calendar;
use crate::candidate::{self, Candidate};
use crate::client::{BY_ITSELF, Held};
use crate::directory::{Directory, Entry};
use crate::expiry;
use crate::now::Now;
use crate::permit::Permit;
use crate::quota::Quotas;
use crate::record::KeyHash;
use crate::refusal::{Cause, Refusal};
use crate::roster::Awaiting;
use crate::sync::{self, Mutex, RwLock};

/// The keys that are known, the windows of their clients, and the decision over both.
///
/// Shared by every thread. A request takes the read half of one lock and its own client's; only
/// [`Gate::replace`] takes the write half, for as long as it takes to swap a pointer.
pub struct Gate {
    pub(crate) state: RwLock<State>,
    /// Held by [`Gate::replace`] from the old directory to the new one. Two at once would both build on the same old
    /// one, and a client that is new in both would have two windows. It protects what is kept for clients to come.
    pub(crate) replacing: Mutex<Awaiting>,
}

pub(crate) struct State {
    pub(crate) directory: Arc<Directory>,
    /// The last Unix second at which the directory may still be used; before the first one, none.
    pub(crate) usable_until: i64,
    /// In which the days and months of quotas are.
    pub(crate) calendar: Calendar,
}

impl Gate {
    /// A gate that knows no keys yet and answers [`Cause::Unavailable`] until [`Gate::replace`].
    pub fn shut() -> Self {
        let calendar = Calendar::unknown();
        let state = State { directory: Arc::default(), usable_until: i64::MIN, calendar };
        Self { state: RwLock::new(state), replacing: Mutex::default() }
    }

    /// Decides one request: [`Gate::look_up`], and then by the window of this process.
    ///
    /// An admission is recorded in the client's window in the same step that checks it; a refusal changes no window.
    ///
    /// # Errors
    /// The [`Refusal`] says why, and names the client where the key is in the directory.
    pub fn admit<'a, I>(&self, authorization: I, asked: &Asked<'_>, now: Now) -> Result<Permit, Refusal>
    where
        I: IntoIterator<Item = &'a [u8]>,
    {
        let state = sync::read(&self.state);
        let entry = state.look_up(authorization, asked, now)?;
        candidate::conclude(&entry.client, entry.key.fingerprint(), &state.held(entry, now), BY_ITSELF, now)
    }

    /// All of the decision but the limits, by the values of a request's `Authorization` header fields (none, one, or too
    /// many), and by what it asks for where its key is restricted.
    ///
    /// # Errors
    /// As [`Gate::admit`], and never because of a limit.
    pub fn look_up<'a, I>(&self, authorization: I, asked: &Asked<'_>, now: Now) -> Result<Candidate, Refusal>
    where
        I: IntoIterator<Item = &'a [u8]>,
    {
        let state = sync::read(&self.state);
        let entry = state.look_up(authorization, asked, now)?;
        Ok(Candidate::of(&entry.client, entry.key.fingerprint(), state.held(entry, now)))
    }

    /// The same decision on a key of which only the hash is known, to explain it: no request has brought the key, so
    /// there is no permit. Without anything `asked`, restrictions are left aside. An admission is recorded all the same; ask a gate that serves nobody.
    ///
    /// # Errors
    /// As [`Gate::admit`].
    pub fn judge(&self, key: KeyHash, asked: Option<&Asked<'_>>, now: Now) -> Result<Quotas, Refusal> {
        let state = sync::read(&self.state);
        if !state.decides(now) {
            return Err(Refusal::nobody(Cause::Unavailable));
        }
        let entry = state.find(key, asked, now)?;
        let held = state.held(entry, now);
        let verdict = candidate::conclude(&entry.client, key.fingerprint(), &held, BY_ITSELF, now);
        verdict.map(|permit| permit.quotas())
    }

    /// Whether there are keys, and fresh enough to decide by. If not, every request is refused as [`Cause::Unavailable`].
    pub fn decides(&self, now: Now) -> bool {
        sync::read(&self.state).decides(now)
    }

    /// How many keys are known, the refused ones included.
    pub fn keys(&self) -> usize {
        sync::read(&self.state).directory.len()
    }

    /// Whether this is the hash of a known key: for redaction, not for admission.
    pub fn knows(&self, key: &[u8]) -> bool {
        sync::read(&self.state).directory.find(&KeyHash::of(key)).is_some()
    }
}

impl State {
    pub(crate) fn decides(&self, now: Now) -> bool {
        now.unix <= self.usable_until
    }

    /// Can anything be decided, and by which key?
    fn look_up<'a, I>(&self, authorization: I, asked: &Asked<'_>, now: Now) -> Result<&Entry, Refusal>
    where
        I: IntoIterator<Item = &'a [u8]>,
    {
        if !self.decides(now) {
            return Err(Refusal::nobody(Cause::Unavailable));
        }
        let key =
            KeyHash::presented(authorization).map_err(|problem| Refusal::nobody(Cause::Header(problem)))?;
        self.find(key, Some(asked), now)
    }

    /// From a key's hash on: is it known, does it stand, may it be used so?
    fn find(&self, hash: KeyHash, asked: Option<&Asked<'_>>, now: Now) -> Result<&Entry, Refusal> {
        let entry = self.directory.find(&hash).ok_or_else(|| Refusal::unknown(hash))?;
        let refused = |cause| {
            let quotas = entry.client.quotas(&self.held(entry, now), now);
            Refusal::of(&entry.client, hash, cause, quotas)
        };
        expiry::standing(entry, now.unix).map_err(refused)?;
        if let Some(asked) = asked
            && entry.is_restricted()
        {
            // Restrictions that were lost on the way could only be refused; there is no such way.
            let restrictions = self.directory.restrictions(entry).ok_or(Cause::UnreadableRow);
            let allowed = restrictions.and_then(|restrictions| restrictions.allow(asked));
            allowed.map_err(refused)?;
        }
        Ok(entry)
    }

    /// What a request of now with this key is held to.
    pub(crate) fn held(&self, entry: &Entry, now: Now) -> Held {
        let further = self.directory.further_limits(entry);
        Held {
            limit: entry.limit(),
            further,
            expires_at: entry.expires_at,
            periods: self.calendar.at(now.unix),
        }
    }
}
