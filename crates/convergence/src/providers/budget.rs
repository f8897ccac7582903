//! What may be spent on a day, in tokens or characters. It is put aside before it is spent and kept on disk, so that neither
//! requests side by side nor a restart spend more.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::audio::{Helper, Trouble};
use crate::clock::Clock;

const DAY: i64 = 86_400;

/// A budget; without a limit everything may be spent, and nothing is written.
#[derive(Clone)]
pub(super) struct Budget(Option<Arc<Limited>>);

struct Limited {
    helper: Helper,
    limit: u64,
    file: PathBuf,
    clock: Arc<dyn Clock>,
    /// Held to look at it or to change it.
    spent: Mutex<Spent>,
    /// Held while the file is written, so that the last one written is the newest.
    writing: Mutex<()>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    /// Days since 1970, in UTC.
    day: i64,
    amount: u64,
}

/// What was put aside. Dropped unsettled it stays spent: nobody knows what the provider has done.
pub(super) struct Reserved {
    of: Option<Arc<Limited>>,
    amount: u64,
    day: i64,
}

impl Budget {
    /// With what was spent before, from a file of this name.
    pub(super) fn new(
        helper: Helper,
        limit: Option<u64>,
        data_dir: &Path,
        name: &str,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let limited = limit.map(|limit| {
            let file = data_dir.join(name);
            let spent = Mutex::new(read(&file));
            let clock = Arc::clone(clock);
            Arc::new(Limited { helper, limit, file, clock, spent, writing: Mutex::new(()) })
        });
        Self(limited)
    }

    /// Puts `amount` aside, if there is as much.
    pub(super) async fn reserve(&self, amount: u64) -> Result<Reserved, Trouble> {
        let Some(limited) = &self.0 else { return Ok(Reserved { of: None, amount, day: 0 }) };
        let now = limited.clock.now().unix;
        let day = now.div_euclid(DAY);
        let is_there = limited.change(day, |spent| {
            let sum = spent.amount.saturating_add(amount);
            let is_there = sum <= limited.limit;
            if is_there {
                spent.amount = sum;
            }
            is_there
        });
        if !is_there {
            let retry_after_seconds = u64::try_from(DAY - now.rem_euclid(DAY)).unwrap_or(1);
            return Err(Trouble::Spent { helper: limited.helper, retry_after_seconds });
        }
        Arc::clone(limited).save().await;
        Ok(Reserved { of: Some(Arc::clone(limited)), amount, day })
    }
}

impl Reserved {
    /// After a failure: what the provider has refused costs nothing, and of the rest nobody knows.
    pub(super) async fn fail(self, trouble: Trouble) -> Trouble {
        if matches!(trouble, Trouble::Away(_) | Trouble::Busy { .. } | Trouble::Refused { .. }) {
            self.settle(0).await;
        }
        trouble
    }

    /// Puts back what was not spent, or adds what was spent beyond.
    pub(super) async fn settle(self, actual: u64) {
        let Some(limited) = self.of else { return };
        let day = limited.clock.now().unix.div_euclid(DAY);
        if day != self.day {
            return;
        }
        limited.change(day, |spent| {
            spent.amount = spent.amount.saturating_sub(self.amount).saturating_add(actual);
        });
        limited.save().await;
    }
}

impl Limited {
    fn change<T>(&self, day: i64, change: impl FnOnce(&mut Spent) -> T) -> T {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that goes back spends from the later day, not anew from the one before.
        if day > spent.day {
            *spent = Spent { day, amount: 0 };
        }
        change(&mut spent)
    }

    /// Where the disk fails, what is spent is known until the server ends.
    async fn save(self: Arc<Self>) {
        let saved = spawn_blocking(move || {
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            let folder = self.file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, &spent)?;
            file.flush()?;
            file.persist(&self.file).map_err(|error| error.error)?;
            Ok::<(), std::io::Error>(())
        });
        if let Err(error) = saved.await.map_err(std::io::Error::other).flatten() {
            warn!("what was spent cannot be kept: {error}");
        }
    }
}

fn read(file: &Path) -> Spent {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Spent::default(),
        Err(error) => {
            warn!("what was spent today cannot be read, and counts anew: {error}");
            return Spent::default();
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|_| {
        warn!("what was spent today cannot be read, and counts anew: {} is broken", file.display());
        Spent::default()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::clock::Now;

    struct Moment(AtomicI64);

    impl Clock for Moment {
        fn now(&self) -> Now {
            Now { unix: self.0.load(Ordering::Relaxed), uptime: Duration::ZERO }
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn a_day_has_its_budget_over_restarts_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let moment = Arc::new(Moment(AtomicI64::new(10 * DAY + 80_000)));
        let clock: Arc<dyn Clock> = moment.clone();
        let open = || Budget::new(Helper::LanguageModel, Some(100), folder.path(), "spent.json", &clock);
        let budget = open();
        let first = budget.reserve(60).await.unwrap_or_else(|_| panic!("there is enough"));
        let spent = Trouble::Spent { helper: Helper::LanguageModel, retry_after_seconds: 6_400 };
        assert_eq!(budget.reserve(41).await.err(), Some(spent.clone()), "while it is put aside");
        assert_eq!(open().reserve(41).await.err(), Some(spent), "a restart knows of it");
        first.settle(10).await;
        assert!(budget.reserve(90).await.is_ok() && budget.reserve(1).await.is_err());
        assert!(open().reserve(1).await.is_err());

        moment.0.store(11 * DAY, Ordering::Relaxed);
        let over = budget.reserve(100).await.unwrap_or_else(|_| panic!("a new day"));
        moment.0.store(12 * DAY, Ordering::Relaxed);
        over.settle(0).await;
        assert!(budget.reserve(100).await.is_ok(), "yesterday's is settled with yesterday");
    }

    #[tokio::test]
    async fn a_broken_file_counts_anew_and_no_limit_has_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("spent.json"), "{").unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Moment(AtomicI64::new(0)));
        let budget = Budget::new(Helper::SpeechServer, Some(5), folder.path(), "spent.json", &clock);
        assert!(budget.reserve(6).await.is_err() && budget.reserve(5).await.is_ok());
        let none = Budget::new(Helper::SpeechServer, None, folder.path(), "none.json", &clock);
        none.reserve(u64::MAX).await.unwrap_or_else(|_| panic!("no limit")).settle(u64::MAX).await;
        assert!(!folder.path().join("none.json").exists());
    }
}
