//! Finished requests for those who watch, and the last refusals for those who begin to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use super::record::Record;

/// How many records wait for a watcher that is slow; it misses the oldest of what is more.
const MOST_WAITING: usize = 256;

/// How many refusals are kept.
const MOST_REFUSALS: usize = 200;

/// The server's.
pub(crate) struct Live {
    records: broadcast::Sender<Arc<Record>>,
    /// How many watch; looked at for each request, where the channel's own count has a lock.
    watchers: AtomicUsize,
    /// The newest last. Locked for a look or a change.
    refusals: Mutex<VecDeque<Arc<Record>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            records: broadcast::Sender::new(MOST_WAITING),
            watchers: AtomicUsize::new(0),
            refusals: Mutex::default(),
        }
    }
}

impl Live {
    /// What is finished from here on; under load a part of it.
    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        let records = self.records.subscribe();
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watch { records, live: Arc::clone(self) }
    }

    /// The last refusals, the newest last; of a flood a part.
    pub(crate) fn refusals(&self) -> Vec<Arc<Record>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    pub(super) fn tell(&self, record: &Arc<Record>) {
        if record.outcome.is_refusal() {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            if refusals.len() == MOST_REFUSALS {
                refusals.pop_front();
            }
            refusals.push_back(Arc::clone(record));
        }
        if self.is_watched() {
            // It fails where nobody watches any more.
            let _ = self.records.send(Arc::clone(record));
        }
    }
}

/// One who watches, until it is dropped.
pub(crate) struct Watch {
    records: broadcast::Receiver<Arc<Record>>,
    live: Arc<Live>,
}

impl Watch {
    /// The next record; `None` when the server is gone.
    pub(crate) async fn next(&mut self) -> Option<Arc<Record>> {
        loop {
            match self.records.recv().await {
                Ok(record) => return Some(record),
                // It has missed some, and goes on with what there is.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}
