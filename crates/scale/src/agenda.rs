//! What will happen, by time. The heart of a discrete-event simulation: time jumps from one event to the next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nanoseconds since the beginning of a simulation, or a length of time.
pub type Time = u64;

/// A microsecond.
pub const MICRO: Time = 1_000;
/// A millisecond.
pub const MILLI: Time = 1_000 * MICRO;
/// A second.
pub const SECOND: Time = 1_000 * MILLI;

/// Events in the order of their time; those of one time in the order in which they were entered.
pub struct Agenda<E> {
    now: Time,
    entered: u64,
    events: BinaryHeap<Reverse<Entry<E>>>,
}

struct Entry<E> {
    at: Time,
    number: u64,
    event: E,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { now: 0, entered: 0, events: BinaryHeap::new() }
    }
}

impl<E> Agenda<E> {
    /// The time of the event that was taken last.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Something will happen so much later.
    pub fn after(&mut self, delay: Time, event: E) {
        self.entered += 1;
        self.events.push(Reverse(Entry { at: self.now + delay, number: self.entered, event }));
    }

    /// The next event, and time goes to it.
    pub fn take(&mut self) -> Option<E> {
        let Reverse(Entry { at, event, .. }) = self.events.pop()?;
        self.now = at;
        Some(event)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
