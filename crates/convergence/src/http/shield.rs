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

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use self::admitted::Admitted;
use self::failures::{Failures, Recorded};
use self::source::Source;

mod admitted;
mod failures;
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

/// A request that presents something, before it is decided and after.
pub(crate) struct Attempt<'a> {
    shield: &'a Shield,
    source: Source,
    /// Stands for what is presented and where it comes from.
    hash: u64,
}

/// Stands for what a request presents and where it comes from, until the request is decided.
#[derive(Clone, Copy)]
pub(crate) struct Presented(u64);

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
            secret: RandomState::new(),
            named: Mutex::default(),
        }
    }

    /// What the values of a request's `Authorization` attempt; nothing without one, or from nobody knows where.
    pub(crate) fn attempt<'v>(
        &self,
        from: IpAddr,
        authorization: impl Iterator<Item = &'v [u8]>,
    ) -> Option<Attempt<'_>> {
        let mut authorization = authorization.peekable();
        authorization.peek()?;
        let source = Source::of(from)?;
        let mut hasher = self.secret.build_hasher();
        source.hash(&mut hasher);
        authorization.for_each(|value| hasher.write(value));
        Some(Attempt { shield: self, source, hash: hasher.finish() })
    }

    /// What was presented has been let in.
    pub(crate) fn let_in(&self, presented: Presented) {
        self.admitted.hold(presented.0);
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

impl Attempt<'_> {
    /// Whether to look at it.
    ///
    /// # Errors
    /// Too many have failed, and this is nothing that was let in lately.
    pub(crate) fn check(&self, uptime: Duration) -> Result<(), TooMany> {
        match self.shield.failures.wait(self.source, uptime) {
            Some(retry_after) if !self.shield.admitted.has(self.hash) => Err(TooMany { retry_after }),
            _ => Ok(()),
        }
    }

    /// It was let in.
    pub(crate) fn succeeded(&self) {
        self.shield.let_in(self.presented());
    }

    /// What to remember until it is decided.
    pub(crate) fn presented(&self) -> Presented {
        Presented(self.hash)
    }

    /// It has failed.
    ///
    /// # Errors
    /// Others have failed meanwhile, or what was let in once is not known any more: it is one too many, and does not count.
    pub(crate) fn failed(&self, uptime: Duration) -> Result<(), TooMany> {
        match self.shield.failures.record(self.source, uptime) {
            Recorded::TooMany(retry_after) => return Err(TooMany { retry_after }),
            Recorded::LimitReached { say: true } => self.shield.warn(self.source, uptime),
            Recorded::LimitReached { say: false } | Recorded::Counted => {}
        }
        Ok(())
    }

    /// Where it comes from, for the log.
    pub(crate) fn source(&self) -> impl std::fmt::Display {
        self.source
    }
}

#[cfg(test)]
mod tests;
