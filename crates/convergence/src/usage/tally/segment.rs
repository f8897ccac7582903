//! One segment while requests count in it: where each record stands, and room for more.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::super::totals::Kind;
use super::endpoint::Endpoint;
use super::record::{self, COUNTS, Contents, FIXED, KEY, LAST_USED, MINUTE, Origin};
use super::words::Words;

/// So many locks share the records, by their hashes: threads seldom meet.
const SHARDS: usize = 16;

/// A request as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    pub(crate) client: &'a str,
    /// The key's fingerprint, as a number of 48 bits.
    pub(crate) key: u64,
    pub(crate) endpoint: &'a Endpoint,
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
    pub(super) fn count(&self, whose: Whose<'_>, (kind, number): (Kind, u64), unix: i64) -> Result<(), Full> {
        let unix = u64::try_from(unix).unwrap_or_default();
        let minute = unix - unix % 60;
        let hash = whose.endpoint.hash_with(whose.client, whose.key, minute);
        let mut places = lock(&self.places[usize::try_from(hash >> 32).unwrap_or_default() % SHARDS]);
        // The hash is of all that a count is about, with a secret; the key is compared besides.
        let is_it = |(of, place): &(u64, u32)| *of == hash && self.word(*place as usize + KEY) == whose.key;
        let place = if let Some((_, place)) = places.find(hash, is_it) {
            *place as usize
        } else {
            let place = self.append(whose, minute)?;
            places.insert_unique(hash, (hash, u32::try_from(place).map_err(|_| Full)?), |(hash, _)| *hash);
            place
        };
        // Whoever counts there holds the lock, so nothing is lost between the two steps of an addition.
        let count = place + COUNTS + kind as usize;
        self.words.at(count).store(self.word(count).wrapping_add(number), Ordering::Relaxed);
        if matches!(kind, Kind::Admitted | Kind::RateLimited) && unix > self.word(place + LAST_USED) {
            self.words.at(place + LAST_USED).store(unix, Ordering::Relaxed);
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
        let (client, endpoint) = (record::cut(whose.client), record::cut(whose.endpoint.as_str()));
        let mut end = lock(&self.end);
        let place = *end;
        let after =
            record::line(place + FIXED + record::words_of(client.len()) + record::words_of(endpoint.len()));
        if after > self.words.len() {
            return Err(Full);
        }
        self.words.at(place + MINUTE).store(minute, Ordering::Relaxed);
        self.words.at(place + KEY).store(whose.key, Ordering::Relaxed);
        let after_client = record::write_text(&self.words, place + FIXED, client);
        record::write_text(&self.words, after_client, endpoint);
        // The last word to be written: a record that has it is whole.
        self.words.at(place).store(record::lengths(client, endpoint), Ordering::Release);
        *end = after;
        Ok(place)
    }

    fn word(&self, place: usize) -> u64 {
        self.words.at(place).load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
