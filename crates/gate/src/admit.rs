//! The main path: one call, every step in order.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::asked::Asked;
use crate::bearer;
use crate::calendar::{Calendar, Periods};
use crate::candidate::Candidate;
use crate::client::{Client, Held};
use crate::directory::{Directory, Entry};
use crate::expiry;
use crate::now::Now;
use crate::permit::Permit;
use crate::quota::{Quotas, Spent};
use crate::record::{KeyHash, Record};
use crate::refusal::{Cause, Refusal};
use crate::roster::Awaiting;
use crate::sync::{self, Mutex, RwLock};

/// The keys that are known, the windows of their clients, and the decision over both.
///
/// Shared by every thread. A request takes the read half of one lock and its own client's; only
/// [`Gate::replace`] takes the write half, for as long as it takes to swap a pointer.
pub struct Gate {
    state: RwLock<State>,
    /// Held by [`Gate::replace`] from the old directory to the new one. Two at once would both build on the same old
    /// one, and a client that is new in both would have two windows. It protects what is kept for clients to come.
    replacing: Mutex<Awaiting>,
}

struct State {
    directory: Arc<Directory>,
    /// The last Unix second at which the directory may still be used; before the first one, none.
    usable_until: i64,
    /// In which the days and months of quotas are.
    calendar: Calendar,
}

impl State {
    fn decides(&self, now: Now) -> bool {
        now.unix <= self.usable_until
    }

    /// What a request of now with this key is held to.
    fn held(&self, entry: &Entry, now: Now) -> Held {
        let further = self.directory.further_limits(entry);
        Held { limit: entry.limit(), further, periods: self.calendar.at(now.unix) }
    }
}

impl Gate {
    /// A gate that knows no keys yet and answers [`Cause::Unavailable`] until [`Gate::replace`].
    pub fn shut() -> Self {
        let calendar = Calendar::new(&TimeZone::UTC, 0);
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
    pub fn judge(&self, key: KeyHash, asked: Option<&Asked<'_>>, now: Now) -> Result<Quotas, Refusal> {
        let state = sync::read(&self.state);
        if !state.decides(now) {
            return Err(Refusal::nobody(Cause::Unavailable));
        }
        look_up(&state, key, asked, now)?.admit(now).map(|permit| permit.quotas())
    }

    /// Whether there are keys, and fresh enough to decide by. If not, every request is refused as [`Cause::Unavailable`].
    pub fn decides(&self, now: Now) -> bool {
        sync::read(&self.state).decides(now)
    }

    /// Puts a new directory in place of the old one. Clients that stay, by name, keep their windows and counts.
    ///
    /// `usable_until` is the last Unix second at which these records may decide.
    pub fn replace(&self, records: impl AsRef<[Record]>, usable_until: i64) {
        let mut awaiting = sync::lock(&self.replacing);
        let (old, calendar) = self.in_use();
        let directory = Arc::new(Directory::build(records.as_ref(), &old, &mut awaiting, &calendar));
        let replaced = sync::replace(&self.state, State { directory, usable_until, calendar });
        drop(awaiting);
        // Freed here, after the lock: a large directory takes a while to drop.
        drop((replaced, old));
    }

    /// Says by which wall clocks days and months begin: those of the table's time zone, UTC until this is called. Counts go
    /// on in a new zone, in the day and the month in which the client's latest request lies there.
    pub fn set_time_zone(&self, zone: &TimeZone, now: Now) {
        self.set_calendar(|_| Calendar::new(zone, now.unix));
    }

    /// The present day and month in the table's time zone; `None` before there are keys.
    pub fn periods(&self, now: Now) -> Option<Periods> {
        let state = sync::read(&self.state);
        (state.usable_until > i64::MIN).then(|| state.calendar.at(now.unix))
    }

    /// Adds what clients used before this process counted, as far as their day or month is still the present one; to be
    /// called once for each use. What clients without a row have used waits for their first one.
    pub fn resume(&self, spent: impl IntoIterator<Item = Spent>) {
        let mut awaiting = sync::lock(&self.replacing);
        let (directory, calendar) = self.in_use();
        let known: HashMap<&str, &Arc<Client>> =
            directory.clients().map(|client| (client.name(), client)).collect();
        for spent in spent {
            match known.get(&*spent.client) {
                Some(client) => client.resume(&spent, &calendar),
                None => awaiting.add(spent),
            }
        }
    }

    /// Frees the windows that nobody has asked for in twice their length, and turns the calendar's page. Call it about once
    /// a minute.
    pub fn sweep(&self, now: Now) {
        self.set_calendar(|calendar| calendar.renewed(now.unix));
        let (directory, _) = self.in_use();
        directory.clients().for_each(|client| client.free_idle_windows(now));
    }

    /// Each client that has sent requests since this was last called which its shadow limit would have refused, and how
    /// many.
    pub fn take_shadow_refusals(&self) -> Vec<(String, u64)> {
        let (directory, _) = self.in_use();
        if !directory.has_shadow_limits() {
            return Vec::new();
        }
        let counts = directory.clients().map(|client| (client, client.take_shadow_refusals()));
        // A client with several keys comes several times, from the second on with nothing.
        counts.filter(|(_, count)| *count > 0).map(|(client, count)| (client.name().to_owned(), count)).collect()
    }

    fn set_calendar(&self, next: impl FnOnce(&Calendar) -> Calendar) {
        let _one_at_a_time = sync::lock(&self.replacing);
        let calendar = next(&sync::read(&self.state).calendar);
        sync::write(&self.state).calendar = calendar;
    }

    fn in_use(&self) -> (Arc<Directory>, Calendar) {
        let state = sync::read(&self.state);
        (Arc::clone(&state.directory), state.calendar.clone())
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
    let held = state.held(entry, now);
    let refused = |cause| Refusal::of(&entry.client, hash, cause, entry.client.quotas(&held, now));
    expiry::standing(entry, now.unix).map_err(refused)?;
    if let Some(asked) = asked
        && entry.is_restricted()
    {
        // Restrictions that were lost on the way could only be refused; there is no such way.
        let restrictions = state.directory.restrictions(entry).ok_or(Cause::UnreadableRow);
        let allowed = restrictions.and_then(|restrictions| restrictions.allow(asked));
        allowed.map_err(refused)?;
    }
    Ok(Candidate::of(&entry.client, hash.fingerprint(), held))
}
