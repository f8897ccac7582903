//! Who has failed, and how often: a table with a bound. An address has one set of places where it may stand, by a hash that
//! nobody outside can compute. Where all are taken, the one that has failed least makes room: so an address that keeps failing
//! is not pushed out by any number of others that fail now and then, but only by as many in its own set that fail as often.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::sets::Sets;
use super::source::Source;
use super::window::{self, Slot, Window};

/// Places of a set. With these, 65,536 addresses are held, in less than 5 MB.
const PLACES: usize = 8;

/// What has become of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It counts.
    Counted,
    /// It counts, and is the last one that does. `say` unless that was so within the last minute.
    LimitReached { say: bool },
    /// There were too many already: it changes nothing. Whole seconds until one would be looked at.
    TooMany(u64),
}

/// Shared by all threads. A lock protects one set, and is held for a look at its few places.
pub(super) struct Failures {
    limit: u16,
    sets: Sets<Mutex<Vec<Entry>>>,
    secret: RandomState,
    /// From this slot on nobody is over the limit, unless somebody fails again. While that is so, nobody is looked up.
    quiet_from: AtomicU32,
}

struct Entry {
    source: Source,
    window: Window,
    /// When it was last said that it has reached the limit.
    said: Option<Slot>,
}

impl Failures {
    /// Nobody has failed. `limit` is how many failures of an address count; it is not 0.
    pub(super) fn new(limit: u16) -> Self {
        Self { limit, sets: Sets::new(), secret: RandomState::new(), quiet_from: AtomicU32::new(0) }
    }

    /// Where there were too many failures: whole seconds until an attempt would be looked at. Changes nothing.
    pub(super) fn wait(&self, source: Source, uptime: Duration) -> Option<u64> {
        let now = window::slot(uptime);
        if now >= self.quiet_from.load(Ordering::Relaxed) {
            return None;
        }
        let set = self.set(source);
        let entry = set.iter().find(|entry| entry.source == source)?;
        if entry.window.total(now) < self.limit { None } else { entry.window.next_end(uptime) }
    }

    /// An attempt has failed: counted, or told that it is one too many, in one step.
    pub(super) fn record(&self, source: Source, uptime: Duration) -> Recorded {
        let now = window::slot(uptime);
        let mut set = self.set(source);
        let entry = place_of(&mut set, source, now);
        if entry.window.total(now) >= self.limit {
            return Recorded::TooMany(entry.window.next_end(uptime).unwrap_or(1));
        }
        entry.window.record(now);
        if entry.window.total(now) < self.limit {
            return Recorded::Counted;
        }
        self.quiet_from.fetch_max(window::end_of(now), Ordering::Relaxed);
        let say = entry.said.is_none_or(|slot| now >= window::end_of(slot));
        if say {
            entry.said = Some(now);
        }
        Recorded::LimitReached { say }
    }

    fn set(&self, source: Source) -> MutexGuard<'_, Vec<Entry>> {
        self.sets.of(self.secret.hash_one(source)).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an address in its set, made if it has none.
fn place_of(set: &mut Vec<Entry>, source: Source, now: Slot) -> &mut Entry {
    if let Some(known) = set.iter().position(|entry| entry.source == source) {
        return &mut set[known];
    }
    if set.len() == PLACES {
        let failures = |place: &usize| set[*place].window.total(now);
        let least = (0..PLACES).min_by_key(failures).expect("there are places");
        // Of several, the one that came first: they stand in that order.
        set.remove(least);
    }
    set.push(Entry { source, window: Window::default(), said: None });
    set.last_mut().expect("it was just pushed")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::sets::SETS;
    use super::*;

    const NOON: Duration = Duration::from_hours(12);
    const LIMIT: u16 = 30;

    fn source(number: u32) -> Source {
        Source::of(Ipv4Addr::from_bits(number).into()).expect("an address")
    }

    #[test]
    fn a_million_addresses_take_five_megabytes_and_push_no_heavy_offender_out() {
        let failures = Failures::new(LIMIT);
        let heavy = 1..=100;
        for number in heavy.clone() {
            (0..LIMIT).for_each(|_| {
                failures.record(source(number), NOON);
            });
        }
        for number in 1_000..1_001_000 {
            assert_eq!(failures.record(source(number), NOON), Recorded::Counted);
        }
        let (mut entries, mut places) = (0, 0);
        for set in failures.sets.made() {
            let set = set.lock().expect("no panic");
            (entries, places) = (entries + set.len(), places + set.capacity());
        }
        assert_eq!(entries, 65_536);
        let bytes = places * size_of::<Entry>() + SETS * size_of::<Mutex<Vec<Entry>>>();
        assert!(bytes < 5_000_000, "{bytes}");
        for number in heavy {
            assert_eq!(failures.wait(source(number), NOON), Some(64));
        }
    }

    #[test]
    fn who_has_reached_the_limit_is_told_of_once_a_minute() {
        let failures = Failures::new(1);
        let mut told = Vec::new();
        for second in 0..300 {
            let now = NOON + Duration::from_secs(second);
            if failures.record(source(1), now) == (Recorded::LimitReached { say: true }) {
                told.push(second);
            }
        }
        assert_eq!(told, [0, 64, 128, 192, 256]);
    }
}
