//! The failed attempts of one address in the last minute.

use std::time::Duration;

/// A failure counts until the end of a slot, so for 60 s at least and for less than 64 s.
const SLOT_SECONDS: u64 = 4;

const SLOTS: u32 = 16;

/// Uptime in whole slots.
pub(super) type Slot = u32;

/// The slot that a moment is in.
pub(super) fn slot(uptime: Duration) -> Slot {
    Slot::try_from(uptime.as_secs() / SLOT_SECONDS).unwrap_or(Slot::MAX - SLOTS)
}

/// How many attempts have failed in each of the last slots. Of one size whatever the limit is, so that a table of them has a
/// bound; the price is that a failure may count for up to a slot longer than a minute.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    /// That of the last failure.
    newest: Slot,
    /// That of slot `s` is at `s % SLOTS`.
    counts: [u16; SLOTS as usize],
}

impl Window {
    /// Failures that count at this moment.
    pub(super) fn total(&self, now: Slot) -> u16 {
        self.counting(now).fold(0, |total, (_, count)| total.saturating_add(count))
    }

    /// One more. Threads read the clock one after the other: a moment a little before the last failure is taken for its.
    pub(super) fn record(&mut self, now: Slot) {
        if now.saturating_sub(self.newest) >= SLOTS {
            self.counts = [0; SLOTS as usize];
        } else {
            (self.newest + 1..=now).for_each(|slot| self.counts[place(slot)] = 0);
        }
        self.newest = self.newest.max(now);
        let count = &mut self.counts[place(self.newest)];
        *count = count.saturating_add(1);
    }

    /// Whole seconds, at least 1, until a failure counts no more; none where none counts.
    pub(super) fn next_end(&self, uptime: Duration) -> Option<u64> {
        let (oldest, _) = self.counting(slot(uptime)).find(|(_, count)| *count > 0)?;
        let end = Duration::from_secs(u64::from(end_of(oldest)) * SLOT_SECONDS);
        let left = end.saturating_sub(uptime);
        Some((left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1))
    }

    /// The slots of which failures still count, the oldest first, and how many those are.
    fn counting(&self, now: Slot) -> impl Iterator<Item = (Slot, u16)> {
        let first = self.newest.max(now).saturating_sub(SLOTS - 1);
        (first..=self.newest).map(|slot| (slot, self.counts[place(slot)]))
    }
}

/// From this slot on, failures of `slot` count no more.
pub(super) fn end_of(slot: Slot) -> Slot {
    slot.saturating_add(SLOTS)
}

fn place(slot: Slot) -> usize {
    (slot % SLOTS) as usize
}
