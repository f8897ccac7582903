//! What is done with a gate beside the requests: new keys, a new day, counts in and out.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::admit::{Gate, State};
use crate::calendar::{Calendar, Periods};
use crate::client::Client;
use crate::directory::Directory;
use crate::now::Now;
use crate::quota::{Quotas, Spent, Used};
use crate::record::{KeyHash, Record};
use crate::sync;

impl Gate {
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

    /// The present day and month in the table's time zone; `None` until [`Gate::set_time_zone`].
    pub fn periods(&self, now: Now) -> Option<Periods> {
        let state = sync::read(&self.state);
        state.calendar.is_known().then(|| state.calendar.at(now.unix))
    }

    /// What each client is known to have been let through with in the present day and month, where that is anything: by this
    /// process, before it, and as far as those have said who count for all servers.
    pub fn used(&self, now: Now) -> HashMap<String, Used> {
        let (directory, calendar) = self.in_use();
        let periods = calendar.at(now.unix);
        let used = directory.clients().map(|client| (client, client.used(&periods)));
        // A client with several keys comes several times, with the same.
        used.filter(|(_, used)| *used != Used::default())
            .map(|(client, used)| (client.name().to_owned(), used))
            .collect()
    }

    /// Adds what clients used before this process counted, as far as their day or month is still the present one. Each use
    /// is to be told once. What clients without a row have used waits for their first one.
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

    /// What is left of each limit of a key, as this process counts; `None` if there is no such key. Counts nothing.
    pub fn left(&self, key: KeyHash, now: Now) -> Option<Quotas> {
        let state = sync::read(&self.state);
        let entry = state.directory.find(&key)?;
        Some(entry.client.quotas(&state.held(entry, now), now))
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
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(client, count)| (client.name().to_owned(), count))
            .collect()
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
}
