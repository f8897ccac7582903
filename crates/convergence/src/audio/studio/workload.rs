//! How much there is to do, and how much was done, for the metrics.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Studio;

/// How much there is to do for a studio, and how much was done since it was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workload {
    /// Recordings that wait for their turn.
    pub waiting: usize,
    /// Recordings that are being made.
    pub making: usize,
    /// How much sound the finished ones have.
    pub made: Duration,
    /// How long they took.
    pub spent: Duration,
}

impl Studio {
    /// How much there is to do, and how much was done.
    pub fn workload(&self) -> Workload {
        let inner = &self.inner;
        let (waiting, making) = {
            let board = inner.board();
            (board.queue.waiting(), board.queue.making())
        };
        let (made, spent) = (&inner.made, &inner.spent);
        let [made, spent] = [made, spent].map(|sum| Duration::from_millis(sum.load(Ordering::Relaxed)));
        Workload { waiting, making, made, spent }
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
