//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::time::Duration;

use convergence::clock::{Clock, Now};
use tokio::sync::watch;

/// Starts at 2025-12-01 00:00:00 UTC, an hour after its server did.
pub struct TestClock(watch::Sender<Now>);

impl TestClock {
    pub fn start() -> Arc<Self> {
        let start = Now { unix: 1_764_547_200, uptime: Duration::from_hours(1) };
        Arc::new(Self(watch::Sender::new(start)))
    }

    /// Moves both its times and wakes whoever sleeps until then.
    pub fn advance(&self, duration: Duration) {
        self.0.send_modify(|now| {
            let before = now.uptime;
            now.uptime += duration;
            let seconds = now.uptime.as_secs() - before.as_secs();
            now.unix += i64::try_from(seconds).expect("a test's time");
        });
    }

    pub fn uptime(&self) -> Duration {
        self.0.borrow().uptime
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        *self.0.borrow()
    }

    fn unix_millis(&self) -> i64 {
        let now = self.now();
        now.unix * 1_000 + i64::from(now.uptime.subsec_millis())
    }

    fn sleep(&self, duration: Duration) -> futures_util::future::BoxFuture<'static, ()> {
        let mut now = self.0.subscribe();
        let until = now.borrow().uptime + duration;
        Box::pin(async move {
            let gone = now.wait_for(|now| now.uptime >= until).await.is_err();
            if gone {
                std::future::pending::<()>().await;
            }
        })
    }
}
