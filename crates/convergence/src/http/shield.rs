//! The brute-force shield: where too many attempts of one address have failed lately, nothing more that comes from there is
//! looked up, but what was let in from there before. Knows no gate and no answer: which refusals are failed attempts, and what
//! the next ones are told, is `admit`'s.
//!
//! A key that was let in passes from where it was let in, and not from elsewhere: else whoever is over the limit could go on
//! guessing the keys that others use, at any rate.
//!
//! | step | file |
//! |---|---|
//! | whom an attempt is counted for | `source` |
//! | how often that one has failed | `failures`, `window` |
//! | what was let in from there | `admitted` |
//! | where both stand | `sets` |

use std::hash::BuildHasher;
use std::num::NonZeroU16;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foldhash::quality::RandomState;
use tracing::warn;

use self::admitted::Admitted;
use self::failures::{Failures, Recorded};
pub(crate) use self::source::Source;

mod admitted;
mod failures;
mod sets;
mod source;
mod window;

/// How many addresses the log names in a minute.
const NAMED: u32 = 20;

const MINUTE: Duration = Duration::from_mins(1);

/// Shared by all threads.
pub(crate) struct Shield {
    limit: NonZeroU16,
    failures: Failures,
    admitted: Admitted,
    /// Drawn at start: what stands in memory for a key means nothing outside this process.
    secret: RandomState,
    /// Since when how many addresses were named in the log.
    named: Mutex<(Duration, u32)>,
}

/// Too many attempts have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// Whole seconds until an attempt would be looked at again.
    pub(crate) retry_after: u64,
}

impl Shield {
    /// `limit` is how many attempts of an address may fail in a minute.
    pub(crate) fn new(limit: NonZeroU16) -> Self {
        Self {
            limit,
            failures: Failures::new(limit.get()),
            admitted: Admitted::nobody(),
            secret: RandomState::default(),
            named: Mutex::default(),
        }
    }

    /// Whether to look at an attempt from there, unless it [was let in](Self::has_let_in) lately.
    ///
    /// # Errors
    /// Too many have failed.
    pub(crate) fn check(&self, source: Source, uptime: Duration) -> Result<(), TooMany> {
        self.failures.wait(source, uptime).map_or(Ok(()), |retry_after| Err(TooMany { retry_after }))
    }

    /// Whether a key was let in from there lately. A key is told by the number of its fingerprint: whoever finds another with
    /// the same is looked up, and has failed.
    pub(crate) fn has_let_in(&self, source: Source, key: u64) -> bool {
        self.admitted.has(self.hash(source, key))
    }

    /// A key has been let in from there.
    pub(crate) fn let_in(&self, source: Source, key: u64) {
        self.admitted.hold(self.hash(source, key));
    }

    /// An attempt from there has failed.
    ///
    /// # Errors
    /// Others have failed meanwhile, or what was let in once is not known any more: it is one too many, and does not count.
    pub(crate) fn failed(&self, source: Source, uptime: Duration) -> Result<(), TooMany> {
        match self.failures.record(source, uptime) {
            Recorded::TooMany(retry_after) => return Err(TooMany { retry_after }),
            Recorded::LimitReached { say: true } => self.warn(source, uptime),
            Recorded::LimitReached { say: false } | Recorded::Counted => {}
        }
        Ok(())
    }

    fn hash(&self, source: Source, key: u64) -> u64 {
        self.secret.hash_one((source, key))
    }

    /// Once a minute for an address, and no more lines than have been promised however many addresses there are.
    fn warn(&self, source: Source, uptime: Duration) {
        let number = {
            let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
            if uptime.saturating_sub(named.0) >= MINUTE {
                *named = (uptime, 0);
            }
            named.1 = named.1.saturating_add(1);
            named.1
        };
        let limit = self.limit;
        if number <= NAMED {
            warn!(
                address = %source,
                "{limit} attempts from this address had no known key within a minute; until that is less, only keys \
                 that were let in from there are looked up (if a proxy is there, name it in TRUSTED_PROXIES)"
            );
        } else if number == NAMED + 1 {
            warn!(
                "more addresses than {NAMED} have reached AUTH_FAILURE_LIMIT within a minute; the rest is not named"
            );
        }
    }
}

#[cfg(test)]
mod tests;
