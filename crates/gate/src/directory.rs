//! Step 2: the directory, an immutable snapshot of the keys table, looked up by key hash and swapped whole.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::calendar::Calendar;
use crate::client::Client;
use crate::quota::FurtherLimits;
use crate::record::{KeyHash, Record};
use crate::restrictions::Restrictions;
use crate::roster::{Awaiting, Roster};

/// One key as the decision sees it. A million of them are to fit in memory, and one in a line of the processor's cache,
/// so nothing is an `Option`: moments that never come are the largest number.
#[repr(align(64))]
pub(crate) struct Entry {
    pub(crate) key: KeyHash,
    pub(crate) client: Arc<Client>,
    limit: u32,
    flags: u8,
    /// The last valid Unix second.
    pub(crate) expires_at: i64,
    /// The first refused Unix second.
    pub(crate) revoked_at: i64,
}

/// What an entry is, a bit each: as bytes they would not fit into the line.
const LIMITED: u8 = 1;
const ACTIVE: u8 = 1 << 1;
const READABLE: u8 = 1 << 2;
const RESTRICTED: u8 = 1 << 3;
const FURTHER_LIMITED: u8 = 1 << 4;

impl Entry {
    pub(crate) fn limit(&self) -> Option<u32> {
        (self.flags & LIMITED != 0).then_some(self.limit)
    }

    pub(crate) fn is_active(&self) -> bool {
        self.flags & ACTIVE != 0
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.flags & READABLE != 0
    }

    /// Whether the directory has restrictions for it.
    pub(crate) fn is_restricted(&self) -> bool {
        self.flags & RESTRICTED != 0
    }
}

/// Every known key, and the clients behind them.
#[derive(Default)]
pub(crate) struct Directory {
    /// In the order of their hashes, each key once.
    entries: Vec<Entry>,
    index: Index,
    restricted: Apart<Arc<Restrictions>>,
    further_limits: Apart<FurtherLimits>,
    /// Clients whose last row has gone in this directory, or before it while their window or counts still matter: a
    /// row that comes back a moment later finds its window as it was.
    departed: Vec<Arc<Client>>,
}

impl Directory {
    /// Builds the next directory, in which each client that `old` knows by name is the same client.
    ///
    /// A table never gives one key two records; if it did, the first would win. A new client takes what is `awaiting` it.
    pub(crate) fn build(
        records: &[Record],
        old: &Directory,
        awaiting: &mut Awaiting,
        calendar: &Calendar,
    ) -> Self {
        let mut roster = Roster::of(old.entries.iter().map(|entry| &entry.client), old.departed.iter());
        // In the order of the rows, where those of one client tend to stand together.
        let entry = |record: &Record| {
            let client = roster.enlist(record, || awaiting.client(&record.client, calendar));
            Entry {
                key: record.key,
                client: Arc::clone(client),
                limit: record.limit.unwrap_or_default(),
                flags: flags(record),
                expires_at: record.expires_at.unwrap_or(i64::MAX),
                revoked_at: record.revoked_at.unwrap_or(i64::MAX),
            }
        };
        let mut entries: Vec<Entry> = records.iter().map(entry).collect();
        // By their first bits, which are a number and nearly always differ, and by the rest only where they do not.
        entries.sort_by(|a, b| a.key.leading().cmp(&b.key.leading()).then_with(|| a.key.cmp(&b.key)));
        entries.dedup_by_key(|entry| entry.key);
        let index = Index::of(&entries);
        let restricted = Apart::of(records, |record| record.restrictions.clone());
        let further_limits = Apart::of(records, |record| record.further_limits.as_deref().copied());
        Self { entries, index, restricted, further_limits, departed: roster.settle() }
    }

    /// The entry of a key: one look into the index, and as a rule one comparison of whole hashes.
    pub(crate) fn find(&self, key: &KeyHash) -> Option<&Entry> {
        let alike = &self.entries[self.index.places(key)];
        alike.binary_search_by_key(key, |entry| entry.key).ok().map(|place| &alike[place])
    }

    /// What an entry that is restricted is restricted to.
    pub(crate) fn restrictions(&self, entry: &Entry) -> Option<&Restrictions> {
        self.restricted.find(entry).map(Arc::as_ref)
    }

    /// What an entry is held to beside its requests per minute.
    pub(crate) fn further_limits(&self, entry: &Entry) -> Option<FurtherLimits> {
        let has_some = entry.flags & FURTHER_LIMITED != 0;
        if has_some { self.further_limits.find(entry).copied() } else { None }
    }

    /// Whether any key has a limit that is only tried out.
    pub(crate) fn has_shadow_limits(&self) -> bool {
        self.further_limits.0.iter().any(|(_, limits)| limits.shadow.is_some())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Every client, once for each of its keys.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.entries.iter().map(|entry| &entry.client).chain(&self.departed)
    }
}

fn flags(record: &Record) -> u8 {
    let flags = [
        (record.limit.is_some(), LIMITED),
        (record.active, ACTIVE),
        (record.readable, READABLE),
        (record.restrictions.is_some(), RESTRICTED),
        (record.further_limits.is_some(), FURTHER_LIMITED),
    ];
    flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum()
}

/// What only some entries have, kept apart from them, by key.
#[derive(Default)]
struct Apart<T>(HashTable<(KeyHash, T)>);

impl<T> Apart<T> {
    /// Of two records with one key the first one's.
    fn of(records: &[Record], pick: impl Fn(&Record) -> Option<T>) -> Self {
        let mut table: HashTable<(KeyHash, T)> = HashTable::new();
        for record in records {
            let Some(picked) = pick(record) else { continue };
            table
                .entry(record.key.leading(), |(key, _)| *key == record.key, |(key, _)| key.leading())
                .or_insert((record.key, picked));
        }
        Self(table)
    }

    fn find(&self, entry: &Entry) -> Option<&T> {
        self.0.find(entry.key.leading(), |(key, _)| *key == entry.key).map(|(_, found)| found)
    }
}

/// Where in the sorted entries the hashes begin that share their leading bits. There are about as many such groups as
/// entries, and hashes are spread evenly, so a group is one entry or two.
#[derive(Default)]
struct Index {
    /// For each group its first entry, and at the end the number of entries. Empty where there is none.
    starts: Vec<u32>,
    /// How far the leading bits are from the right of the number that they lead.
    shift: u32,
}

impl Index {
    fn of(entries: &[Entry]) -> Self {
        // At least one bit, since a number cannot be shifted by all of its 64.
        let bits = entries.len().max(2).next_power_of_two().ilog2();
        let mut index = Self { starts: Vec::with_capacity((1 << bits) + 1), shift: u64::BITS - bits };
        for (place, entry) in (0_u32..).zip(entries) {
            // The groups up to this entry's that have not begun yet begin with it.
            let group = index.group(&entry.key);
            index.starts.resize(index.starts.len().max(group + 1), place);
        }
        let end = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        index.starts.resize((1 << bits) + 1, end);
        index
    }

    /// Where in the entries a key stands if it is there.
    fn places(&self, key: &KeyHash) -> Range<usize> {
        match self.starts.get(self.group(key)..) {
            Some([start, end, ..]) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    fn group(&self, key: &KeyHash) -> usize {
        usize::try_from(key.leading() >> self.shift).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_fills_one_line_of_the_cache() {
        assert_eq!(size_of::<Entry>(), 64);
    }
}
