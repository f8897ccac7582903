//! What stands in a segment, word by word, and how it is read back: by this process, by the next one, or by a command.
//!
//! A segment is a head and records behind each other, in words of 64 bits. Each begins at a line of the processor's cache, so
//! that a count of the usual kinds touches one line. Of a head:
//!
//! | word | what |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 1 | the run: a random number of the process |
//! | 2 | which segment of the run, from 1 |
//! | 3 | the length of the instance's name in bytes; the name follows |
//!
//! Of a record:
//!
//! | word | what |
//! |---|---|
//! | 0 | the lengths of the client's name and of the endpoint in bytes, 16 bits each; 0 until all the rest is there |
//! | 1 | the Unix second at which the minute began |
//! | 2 | the key's fingerprint, as a number of 48 bits |
//! | 3 | the Unix second of the last request |
//! | 4 to 10 | the counts, in the order of [`Kind`](super::super::totals::Kind) |
//! | 11... | the client's name and then the endpoint, each filled up to a word with zeros |
//!
//! Numbers are in the machine's own order of bytes: a folder that is carried to a machine of the other order has segments
//! without [`MAGIC`].

use super::super::totals::{KINDS, Totals};
use super::words::Words;
use std::sync::atomic::Ordering;

/// `CVTALLY1`, as a number.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"CVTALLY1");

/// The words of a record ahead of its text.
pub(super) const FIXED: usize = COUNTS + KINDS;

/// Where a record has its minute, its key, and the moment of the last request.
pub(super) const MINUTE: usize = 1;
pub(super) const KEY: usize = 2;
pub(super) const LAST_USED: usize = 3;

/// Where a record's counts begin.
pub(super) const COUNTS: usize = 4;

/// The words of a line of the cache.
const LINE: usize = 8;

/// The words of a head ahead of its text.
const HEAD: usize = 4;

/// Names are cut to so many bytes: a cell of a sheet holds 50,000 characters.
const LONGEST_NAME: usize = 4_096;

/// What a count is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct About {
    /// The Unix second at which the minute began.
    pub(crate) minute: i64,
    pub(crate) client: String,
    /// The key's fingerprint, as a number of 48 bits.
    pub(crate) key: u64,
    pub(crate) endpoint: String,
}

/// Which segment of which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) run: u64,
    pub(crate) sequence: u64,
}

/// A segment, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) origin: Origin,
    pub(crate) instance: String,
    pub(crate) lines: Vec<(About, Totals)>,
    /// Whether nothing that makes sense can follow: the next word is there, and begins no record.
    pub(crate) is_whole: bool,
}

/// The name, as far as it fits.
pub(crate) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

/// The first word of a line that is not before this one.
pub(super) const fn line(place: usize) -> usize {
    place.next_multiple_of(LINE)
}

/// How many words so many bytes take.
pub(super) const fn words_of(bytes: usize) -> usize {
    bytes.div_ceil(size_of::<u64>())
}

/// Writes a head, and returns where the records begin.
pub(super) fn write_head(words: &Words, origin: Origin, instance: &str) -> usize {
    let instance = cut(instance);
    let head = [MAGIC, origin.run, origin.sequence, instance.len() as u64];
    for (place, word) in head.into_iter().enumerate() {
        words.at(place).store(word, Ordering::Relaxed);
    }
    line(write_text(words, HEAD, instance))
}

/// Writes a text, and returns where the next begins.
pub(super) fn write_text(words: &Words, place: usize, text: &str) -> usize {
    let mut place = place;
    for word in text_words(text) {
        words.at(place).store(word, Ordering::Relaxed);
        place += 1;
    }
    place
}

/// A text in words, the last filled up with zeros.
fn text_words(text: &str) -> impl Iterator<Item = u64> {
    let (whole, rest) = text.as_bytes().as_chunks();
    let mut last = [0; size_of::<u64>()];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(last);
    whole.iter().copied().chain(last).map(u64::from_ne_bytes)
}

/// The lengths of a record's texts, as its first word has them.
pub(super) fn lengths(client: &str, endpoint: &str) -> u64 {
    (client.len() as u64) << 16 | endpoint.len() as u64
}

/// The two lengths of a first word, in bytes; `None` where there is no record.
fn lengths_of(word: u64) -> Option<(usize, usize)> {
    let (client, endpoint) = (usize::try_from(word >> 16).ok()?, usize::try_from(word & 0xffff).ok()?);
    (word != 0 && client <= LONGEST_NAME && endpoint <= LONGEST_NAME).then_some((client, endpoint))
}

/// Reads a segment as far as it makes sense: its process may have been killed at any instant, and its machine may have
/// lost power. `None` where it is no segment.
pub(crate) fn read(words: &[u64]) -> Option<Contents> {
    let [MAGIC, run, sequence, length, ..] = words else { return None };
    let length = usize::try_from(*length).ok().filter(|length| *length <= LONGEST_NAME)?;
    let instance = text(words, HEAD, length)?;
    let mut place = line(HEAD + words_of(length));
    let mut lines = Vec::new();
    while let Some((record, after)) = record(words, place) {
        lines.push(record);
        place = after;
    }
    let is_whole = words.get(place) == Some(&0);
    Some(Contents { origin: Origin { run: *run, sequence: *sequence }, instance, lines, is_whole })
}

/// The record at a place, and where the next one is.
fn record(words: &[u64], place: usize) -> Option<((About, Totals), usize)> {
    let fixed = words.get(place..)?.first_chunk::<FIXED>()?;
    let (client, endpoint) = lengths_of(fixed[0])?;
    let after_client = place + FIXED + words_of(client);
    let about = About {
        minute: i64::try_from(fixed[1]).ok()?,
        client: text(words, place + FIXED, client)?,
        key: fixed[2],
        endpoint: text(words, after_client, endpoint)?,
    };
    let mut counts = [0; KINDS];
    counts.copy_from_slice(&fixed[COUNTS..]);
    let totals = Totals::of(counts, i64::try_from(fixed[LAST_USED]).unwrap_or(about.minute));
    Some(((about, totals), line(after_client + words_of(endpoint))))
}

fn text(words: &[u64], place: usize, length: usize) -> Option<String> {
    let words = words.get(place..place + words_of(length))?;
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.truncate(length);
    String::from_utf8(bytes).ok()
}

/// A file's bytes as words; what is left over of the last is dropped.
pub(crate) fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()
}
