//! The main path: one call, every step in order.

use std::sync::Arc;

use crate::asked::Asked;
use crate::bearer;
use crate::candidate::Candidate;
use crate::directory::Directory;
use crate::expiry;
use crate::limit::Quota;
use crate::now::Now;
use crate::permit::Permit;
use crate::record::{KeyHash, Record};
use crate::refusal::{Cause, Refusal};
use crate::sync::{self, Mutex, RwLock};

/// The keys that are known, the windows of their clients, and the decision over both.
///
/// Shared by every thread. A request takes the read half of one lock and its own client's; only
/// [`Gate::replace`] takes the write half, for as long as it takes to swap a pointer.
pub struct Gate {
    state: RwLock<State>,
    /// Held by [`Gate::replace`] from the old directory to the new one. Two at once would both build on the same old
    /// one, and a client that is new in both would have two windows.
    replacing: Mutex<()>,
}

struct State {
    directory: Arc<Directory>,
    /// The last Unix second at which the directory may still be used; before the first one, none.
    usable_until: i64,
}

impl State {
    fn decides(&self, now: Now) -> bool {
        now.unix <= self.usable_until
    }
}

impl Gate {
    /// A gate that knows no keys yet and answers [`Cause::Unavailable`] until [`Gate::replace`].
    pub fn shut() -> Self {
        let state = State { directory: Arc::default(), usable_until: i64::MIN };
        Self { state: RwLock::new(state), replacing: Mutex::new(()) }
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
        self.look_up(authorization, asked, now)?.admit(now)
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
        if !state.decides(now) {
            return Err(Refusal::nobody(Cause::Unavailable));
        }
        let key =
            bearer::present(authorization).map_err(|problem| Refusal::nobody(Cause::Header(problem)))?;
        look_up(&state, KeyHash::of(key.bytes()), Some(asked), now)
    }

    /// The same decision on a key of which only the hash is known, to explain it: no request has brought the key, so
    /// there is no permit. Without anything `asked`, restrictions are left aside. An admission is recorded all the same; ask a gate that serves nobody.
    ///
    /// # Errors
    /// As [`Gate::admit`].
    pub fn judge(&self, key: KeyHash, asked: Option<&Asked<'_>>, now: Now) -> Result<Option<Quota>, Refusal> {
        let state = sync::read(&self.state);
        if !state.decides(now) {
            return Err(Refusal::nobody(Cause::Unavailable));
        }
        look_up(&state, key, asked, now)?.admit(now).map(|permit| permit.quota())
    }

    /// Whether there are keys, and fresh enough to decide by. If not, every request is refused as [`Cause::Unavailable`].
    pub fn decides(&self, now: Now) -> bool {
        sync::read(&self.state).decides(now)
    }

    /// Puts a new directory in place of the old one. Clients that stay, by name, keep their windows and counts.
    ///
    /// `usable_until` is the last Unix second at which these records may decide.
    pub fn replace(&self, records: impl AsRef<[Record]>, usable_until: i64) {
        let one_at_a_time = sync::lock(&self.replacing);
        let old = Arc::clone(&sync::read(&self.state).directory);
        let directory = Arc::new(Directory::build(records.as_ref(), &old));
        let replaced = sync::replace(&self.state, State { directory, usable_until });
        drop(one_at_a_time);
        // Freed here, after the lock: a large directory takes a while to drop.
        drop((replaced, old));
    }

    /// Frees the windows that nobody has asked for in twice their length. Call it about once a minute.
    pub fn sweep(&self, now: Now) {
        let directory = Arc::clone(&sync::read(&self.state).directory);
        directory.clients().for_each(|client| client.free_idle_window(now));
    }

    /// How many keys are known, the refused ones included.
    pub fn keys(&self) -> usize {
        sync::read(&self.state).directory.len()
    }

    /// Whether this is the hash of a known key: for redaction, not for admission.
    pub fn knows(&self, key: &[u8]) -> bool {
        sync::read(&self.state).directory.find(&KeyHash::of(key)).is_some()
    }

    /// What each client has used so far, and what of it before its current UTC day, for every client that has used anything.
    pub fn usage(&self) -> Vec<crate::Usage> {
        let directory = Arc::clone(&sync::read(&self.state).directory);
        let mut clients: Vec<_> =
            directory.clients().filter(|client| client.counts() != crate::Counts::default()).collect();
        clients.sort_unstable_by_key(|client| client.name());
        clients.dedup_by_key(|client| client.name());
        clients.into_iter().map(|client| client.usage()).collect()
    }
}

/// From a key's hash on: is it known, does it stand, may it be used so?
fn look_up(state: &State, hash: KeyHash, asked: Option<&Asked<'_>>, now: Now) -> Result<Candidate, Refusal> {
    let entry = state.directory.find(&hash).ok_or_else(|| Refusal::unknown(hash))?;
    expiry::standing(entry, now.unix).map_err(|cause| Refusal::of(entry, cause, now))?;
    if let Some(asked) = asked
        && entry.is_restricted()
    {
        // Restrictions that were lost on the way could only be refused; there is no such way.
        let restrictions = state.directory.restrictions(entry).ok_or(Cause::UnreadableRow);
        let allowed = restrictions.and_then(|restrictions| restrictions.allow(asked));
        allowed.map_err(|cause| Refusal::of(entry, cause, now))?;
    }
    Ok(Candidate::of(entry))
}
