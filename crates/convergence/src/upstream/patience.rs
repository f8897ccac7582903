//! How long to wait for what does not come. A timer is started only by whoever has to wait, and is not stopped when it comes
//! after all: whoever waits next finds it running, and sets it anew only where it ends too early or too late. So most waits
//! cost a look at the clock.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// A time-out that begins anew with each sign of life.
pub(crate) struct Patience {
    time: Duration,
    /// When the present wait has begun.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// `Duration::MAX` never ends.
    pub(crate) fn of(time: Duration) -> Self {
        Self { time, since: None, timer: None }
    }

    /// From here on it is this time.
    pub(crate) fn set(&mut self, time: Duration) {
        self.time = time;
        self.renew();
    }

    /// Something came.
    pub(crate) fn renew(&mut self) {
        self.since = None;
    }

    /// Ready when nothing has come for the whole time, counted from the first call since the last sign of life.
    pub(crate) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Centuries are for ever, too.
        let Some(end) = self.since.get_or_insert_with(Instant::now).checked_add(self.time) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if timer.deadline() > end {
            timer.as_mut().reset(end);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= end {
                return Poll::Ready(());
            }
            timer.as_mut().reset(end);
        }
    }

    /// In whole seconds.
    pub(crate) fn seconds(&self) -> u64 {
        self.time.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_over(patience: &mut Patience) -> bool {
        patience.poll_end(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_after_its_own_time_whatever_was_waited_for_before() {
        let mut patience = Patience::of(10 * SECOND);
        let start = Instant::now();
        assert!(!is_over(&mut patience));
        tokio::time::advance(9 * SECOND).await;
        assert!(!is_over(&mut patience));
        patience.renew();
        poll_fn(|context| patience.poll_end(context)).await;
        assert_eq!(start.elapsed().as_secs(), 19);
        patience.set(SECOND);
        poll_fn(|context| patience.poll_end(context)).await;
        assert_eq!(start.elapsed().as_secs(), 20);
        patience.set(100 * SECOND);
        assert!(!is_over(&mut patience));
        patience.set(2 * SECOND);
        poll_fn(|context| patience.poll_end(context)).await;
        assert_eq!(start.elapsed().as_secs(), 22);
        patience.set(Duration::MAX);
        assert!(!is_over(&mut patience));
        tokio::time::advance(1_000_000 * SECOND).await;
        assert!(!is_over(&mut patience));
    }
}
