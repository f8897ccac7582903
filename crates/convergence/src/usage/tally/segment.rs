//! One segment while requests count in it: where each record stands, and room for more.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::super::totals::Kind;
use super::record::{self, COUNTS, Contents, FIXED, LAST_USED, Origin};
use super::words::Words;

/// So many locks share the records, by their hashes: threads seldom meet.
const SHARDS: usize = 16;

/// A request as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    pub(crate) client: &'a str,
    /// The key's fingerprint, as a number of 48 bits.
    pub(crate) key: u64,
    pub(crate) endpoint: &'a str,
}

/// There is no room for another record.
#[derive(Debug)]
pub(super) struct Full;

/// Records, and how to find them.
pub(super) struct Segment {
    words: Words,
    /// The hash of what each record is about, and where it begins.
    places: [Mutex<HashTable<(u64, u32)>>; SHARDS],
    /// Where the next record begins. Held while one is written, so that there is never a gap before a record that counts.
    end: Mutex<usize>,
    /// Where the first begins.
    start: usize,
}

impl Segment {
    /// Without records. Its words are zero.
    pub(super) fn new(words: Words, origin: Origin, instance: &str) -> Self {
        let start = record::write_head(&words, origin, instance);
        Self { words, places: Default::default(), end: Mutex::new(start), start }
    }

    /// Adds to a count: once this has returned, the count outlives the process if the segment does.
    pub(super) fn count(
        &self,
        whose: Whose<'_>,
        hasher: &RandomState,
        (kind, number): (Kind, u64),
        unix: i64,
    ) -> Result<(), Full> {
        let whose =
            Whose { client: record::cut(whose.client), endpoint: record::cut(whose.endpoint), ..whose };
        let unix = u64::try_from(unix).unwrap_or_default();
        let minute = unix - unix % 60;
        let hash = hasher.hash_one((whose.client, whose.key, whose.endpoint, minute));
        let mut places = lock(&self.places[usize::try_from(hash >> 32).unwrap_or_default() % SHARDS]);
        let known =
            places.find(hash, |(of, place)| *of == hash && self.is_about(*place as usize, whose, minute));
        let place = if let Some((_, place)) = known {
            *place as usize
        } else {
            let place = self.append(whose, minute)?;
            places.insert_unique(hash, (hash, u32::try_from(place).map_err(|_| Full)?), |(hash, _)| *hash);
            place
        };
        self.words.at(place + COUNTS + kind as usize).fetch_add(number, Ordering::Relaxed);
        if matches!(kind, Kind::Admitted | Kind::RateLimited) {
            self.words.at(place + LAST_USED).fetch_max(unix, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether anything was counted.
    pub(super) fn is_used(&self) -> bool {
        *lock(&self.end) > self.start
    }

    /// How many words are in use.
    pub(super) fn length(&self) -> usize {
        *lock(&self.end)
    }

    /// What is in it.
    pub(super) fn contents(&self) -> Option<Contents> {
        record::read(&self.words.copy(self.length()))
    }

    fn append(&self, whose: Whose<'_>, minute: u64) -> Result<usize, Full> {
        let mut end = lock(&self.end);
        let place = *end;
        let length = FIXED + record::words_of(whose.client.len()) + record::words_of(whose.endpoint.len());
        if place + length > self.words.len() {
            return Err(Full);
        }
        self.words.at(place + 1).store(minute, Ordering::Relaxed);
        self.words.at(place + 2).store(whose.key, Ordering::Relaxed);
        let endpoint = record::write_text(&self.words, place + FIXED, whose.client);
        record::write_text(&self.words, endpoint, whose.endpoint);
        // The last word to be written: a record that has it is whole.
        self.words.at(place).store(record::lengths(whose.client, whose.endpoint), Ordering::Release);
        *end = place + length;
        Ok(place)
    }

    fn is_about(&self, place: usize, whose: Whose<'_>, minute: u64) -> bool {
        let word = |offset: usize| self.words.at(place + offset).load(Ordering::Relaxed);
        let endpoint = place + FIXED + record::words_of(whose.client.len());
        word(0) == record::lengths(whose.client, whose.endpoint)
            && word(1) == minute
            && word(2) == whose.key
            && record::is_text(&self.words, place + FIXED, whose.client)
            && record::is_text(&self.words, endpoint, whose.endpoint)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
