//! The clients by name while a directory is built: the old ones and the new ones.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;

use crate::calendar::Calendar;
use crate::client::{Client, Counting};
use crate::limit::Grain;
use crate::quota::Spent;
use crate::record::Record;

pub(crate) struct Roster {
    places: HashTable<Place>,
    hasher: RandomState,
}

struct Place {
    /// Of the client's name. Kept, so that the table can grow without a look at every client.
    hash: u64,
    client: Arc<Client>,
    /// What its new rows want; `None` while there are none.
    counting: Option<Counting>,
    /// Whether it has rows in the old directory, by which requests are still decided.
    had_rows: bool,
}

impl Roster {
    /// Of those with rows in an old directory, and of those without who are remembered all the same.
    pub(crate) fn of<'a>(
        with_rows: impl Iterator<Item = &'a Arc<Client>>,
        departed: impl Iterator<Item = &'a Arc<Client>>,
    ) -> Self {
        let mut roster = Self { places: HashTable::new(), hasher: RandomState::new() };
        for client in with_rows {
            roster.place(client.name(), || Arc::clone(client)).had_rows = true;
        }
        for client in departed {
            roster.place(client.name(), || Arc::clone(client));
        }
        roster
    }

    /// The client of a row, old or new.
    pub(crate) fn enlist(&mut self, record: &Record, new: impl FnOnce() -> Arc<Client>) -> &Arc<Client> {
        let place = self.place(&record.client, new);
        let shadow = record.further_limits.as_ref().and_then(|limits| limits.shadow);
        let counting = place.counting.get_or_insert_default();
        counting.window = counting.window.max(Grain::for_limit(record.limit));
        counting.shadow = counting.shadow.max(shadow.map(|limit| Grain::for_limit(Some(limit))));
        counting.quotas |= record.further_limits.as_ref().is_some_and(|limits| limits.has_quotas());
        &place.client
    }

    fn place(&mut self, name: &str, client: impl FnOnce() -> Arc<Client>) -> &mut Place {
        let Self { places, hasher } = self;
        let hash = hasher.hash_one(name);
        places
            .entry(hash, |place| place.hash == hash && place.client.name() == name, |place| place.hash)
            .or_insert_with(|| Place { hash, client: client(), counting: None, had_rows: false })
            .into_mut()
    }

    /// Tells each client how its requests are counted, and returns those who have no row any more but are not idle. Until the old
    /// directory is out of use a request may still come in for a client who had a row there, so it counts as busy.
    pub(crate) fn settle(self) -> Vec<Arc<Client>> {
        let mut departed = Vec::new();
        for Place { client, counting, had_rows, .. } in self.places {
            match counting {
                Some(counting) => client.set_counting(counting),
                None if !had_rows && client.is_idle() => {}
                None => departed.push(client),
            }
        }
        departed
    }
}

/// What clients have used who have had no row yet, by name.
#[derive(Default)]
pub(crate) struct Awaiting(HashMap<String, Vec<Spent>>);

impl Awaiting {
    pub(crate) fn add(&mut self, spent: Spent) {
        self.0.entry(spent.client.clone()).or_default().push(spent);
    }

    /// A new client, with what it has used.
    pub(crate) fn client(&mut self, name: &str, calendar: &Calendar) -> Arc<Client> {
        let client = Client::new(name);
        self.0.remove(name).iter().flatten().for_each(|spent| client.resume(spent, calendar));
        Arc::new(client)
    }
}
