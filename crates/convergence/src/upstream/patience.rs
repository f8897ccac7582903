//! How long to wait for what does not come. A timer is started only by whoever has to wait.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

/// A time-out that begins anew with each sign of life.
pub(crate) struct Patience {
    time: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// `Duration::MAX` never ends.
    pub(crate) fn of(time: Duration) -> Self {
        Self { time, timer: None }
    }

    /// Something came.
    pub(crate) fn renew(&mut self) {
        self.timer = None;
    }

    /// Ready when nothing has come for the whole time, counted from the first call since the last sign of life.
    pub(crate) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.time == Duration::MAX {
            return Poll::Pending;
        }
        let time = self.time;
        self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(time))).as_mut().poll(context)
    }

    /// In whole seconds.
    pub(crate) fn seconds(&self) -> u64 {
        self.time.as_secs()
    }
}
