//! What there is to know at a moment: of the keys in use, of what their clients have used, and of the keys' source.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Periods, Used};

use crate::clock::Now;
use crate::config::Thresholds;
use crate::sync::freshness::Report;
use crate::sync::{Freshness, InUse, Roll};
use crate::usage::{KeepError, Totals, last_uses, totals_by_client};

/// For how long a client's errors are looked at, in seconds, and what came before that they are compared with.
const RECENT: i64 = 5 * 60;
const BEFORE: i64 = 3_600;

/// Keys that are not older are never called stale, however often they are read: a source that is away for a moment is no news.
const NEVER_STALE: Duration = Duration::from_mins(10);

/// All of it.
#[derive(Default)]
pub(super) struct Facts {
    /// The keys in use; `None` until there are some.
    pub(super) roll: Option<Arc<Roll>>,
    /// The present day and month of quotas.
    pub(super) periods: Option<Periods>,
    /// Requests in them, by client.
    pub(super) used: HashMap<String, Used>,
    /// Seconds of sound made for each client on the present day.
    pub(super) sound: HashMap<String, u64>,
    pub(super) errors: HashMap<String, Errors>,
    /// When each key that was ever used was so for the last time, by its fingerprint; `None` where nobody has asked.
    pub(super) last_uses: Option<HashMap<u64, i64>>,
    /// `None` while it is not known yet.
    pub(super) source: Option<Source>,
    /// Why it is not known what was counted.
    pub(super) trouble: Option<String>,
}

/// A client's errors in its requests: those that were answered with a 5xx, and those that its key does not allow.
#[derive(Clone, Copy, Default)]
pub(super) struct Errors {
    pub(super) recent: Share,
    pub(super) before: Share,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Share {
    pub(super) errors: u64,
    pub(super) requests: u64,
}

/// How the keys' source is doing.
#[derive(Clone, Default)]
pub(super) struct Source {
    pub(super) stale: Option<Stale>,
    /// Whether a refresh is held.
    pub(super) held: bool,
}

/// It could not be read for a while.
#[derive(Clone, Default)]
pub(super) struct Stale {
    /// The Unix second of the last good read.
    pub(super) last_read: Option<i64>,
    /// Whether there are no keys fresh enough to decide by.
    pub(super) shut: bool,
    pub(super) error: Option<String>,
}

/// Where facts are.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) gate: Arc<Gate>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) cache_duration: Duration,
    /// Where counts are kept.
    pub(crate) usage: PathBuf,
}

impl Watched {
    /// Looks, which takes as long as the disk does. `started` is the uptime at which the server was.
    pub(super) fn facts(
        &self,
        thresholds: &Thresholds,
        asks_for_uses: bool,
        now: Now,
        started: Duration,
    ) -> Facts {
        let report = self.freshness.report();
        let source = self.source(&report, now, started);
        let periods = self.gate.periods(now);
        let mut facts = Facts { roll: self.freshness.view().roll, periods, source, ..Facts::default() };
        if thresholds.quota_percent.is_some() {
            facts.used = self.gate.used(now);
        }
        if let Err(error) = self.count(&mut facts, thresholds, asks_for_uses, now.unix) {
            facts.trouble = Some(error.to_string());
        }
        facts
    }

    /// A server that has just started has not read yet, and may have keys of long ago: that is not known to be wrong.
    fn source(&self, report: &Report, now: Now, started: Duration) -> Option<Source> {
        let longest = (2 * self.cache_duration).max(NEVER_STALE);
        if !report.connected && now.uptime.saturating_sub(started) <= longest {
            return None;
        }
        let is_old = report.age(now.unix).is_none_or(|age| age.unsigned_abs() > longest.as_secs());
        let shut = !self.gate.decides(now);
        let stale = Stale { last_read: report.last_read, shut, error: report.last_error.clone() };
        let stale = (is_old || shut).then_some(stale);
        Some(Source { stale, held: report.in_use == InUse::BeforeHeld })
    }

    fn count(
        &self,
        facts: &mut Facts,
        thresholds: &Thresholds,
        asks_for_uses: bool,
        now: i64,
    ) -> Result<(), KeepError> {
        let by_client = |since, until| totals_by_client(&self.usage, since, until, now);
        if thresholds.errors.is_some() {
            // Counts are kept by minutes.
            let recent = now - now.rem_euclid(60) - RECENT;
            let share = |totals: &Totals| Share {
                errors: totals.failed.saturating_add(totals.denied),
                requests: totals.requests().saturating_add(totals.denied),
            };
            for (client, totals) in by_client(recent, i64::MAX)? {
                facts.errors.entry(client).or_default().recent = share(&totals);
            }
            for (client, totals) in by_client(recent - BEFORE, recent)? {
                facts.errors.entry(client).or_default().before = share(&totals);
            }
        }
        let limits_sound = |roll: &Roll| {
            let mut limits = roll.records().iter().filter_map(|record| record.further_limits.as_deref());
            limits.any(|limits| limits.audio_day.is_some())
        };
        if let (Some(_), Some(periods), Some(roll)) = (thresholds.quota_percent, facts.periods, &facts.roll)
            && limits_sound(roll)
        {
            let made = by_client(periods.day.from, i64::MAX)?;
            facts.sound =
                made.into_iter().map(|(client, totals)| (client, totals.audio_ms / 1_000)).collect();
        }
        if asks_for_uses {
            facts.last_uses = Some(last_uses(&self.usage, now)?);
        }
        Ok(())
    }
}
