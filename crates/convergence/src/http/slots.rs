//! How many connections may be open (`MAX_CONNECTIONS`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many more connections may be open, over all threads.
pub(crate) struct Slots(Arc<AtomicUsize>);

impl Slots {
    pub(crate) fn new(slots: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(slots)))
    }

    pub(super) fn free(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) -> Option<Slot> {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1)).ok()?;
        Some(Slot(Arc::clone(&self.0)))
    }
}

/// One open connection's place, given back when dropped.
pub(super) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_back_when_dropped() {
        let slots = Slots::new(1);
        let slot = slots.take();
        assert!(slot.is_some() && slots.take().is_none());
        drop(slot);
        assert!(slots.take().is_some());
    }
}
