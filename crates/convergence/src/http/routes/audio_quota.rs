//! How much sound may be made for a client in a day of the spreadsheet's calendar (`audio_minutes_day`). What was made is in the
//! usage, what is being made in the studio, and what is about to be is promised here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::download::owner;
use super::recording::Refused;
use crate::app::{App, Door};
use crate::http::admit::Caller;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::refuse::local;
use crate::usage::spoken;

/// What clients are about to have made, by name. A copy is the same.
#[derive(Clone, Default)]
pub(crate) struct Promises(Arc<Mutex<HashMap<String, Duration>>>);

/// Sound that a client may have made. It counts against the limit until this is dropped: when the studio has a job for it, or
/// when it is made and counted.
pub(crate) struct Promise {
    promises: Promises,
    owner: String,
    length: Duration,
}

/// The present day, and what there has been of it.
pub(super) struct Today {
    /// How much sound was made in it.
    pub(super) spoken: Duration,
    /// When the next one begins, in Unix seconds, and the wall clocks' offset from UTC then.
    until: i64,
    offset: i32,
    /// The moment, in Unix seconds.
    now: i64,
}

/// Lets a caller have so much more sound made, if there is room in its limit.
///
/// # Errors
/// There is none, or it cannot be known.
pub(super) async fn promise(app: &App, caller: &Caller, length: Duration) -> Result<Promise, Refused> {
    let owner = owner(caller);
    // Sound goes from a promise to the studio to the usage, and is in the next of them before it leaves one. Looked at in this
    // order it is counted at least once, wherever it is.
    let (promised, promise) = app.promises.add(owner, length);
    let Some(limit) = caller.audio_day() else { return Ok(promise) };
    let underway = promised + app.studio.underway(owner);
    let Ok(_turn) = app.reports.acquire().await else { return Err(unknown()) };
    let today = today(app, owner).await.ok_or_else(unknown)?;
    let left = limit.saturating_sub(today.spoken + underway);
    if length <= left { Ok(promise) } else { Err(exceeded(limit, left, length, &today)) }
}

/// How much sound is promised to a client or being made for it.
pub(super) fn underway(app: &App, owner: &str) -> Duration {
    app.promises.of(owner) + app.studio.underway(owner)
}

/// What a client has had of the present day; `None` if it cannot be read, or nobody knows the day.
pub(super) async fn today(app: &App, client: &str) -> Option<Today> {
    let Door::Guarded(guard) = &app.door else { return None };
    let moment = app.clock.now();
    let (day, now) = (guard.gate.periods(moment)?.day, moment.unix);
    let (folder, client) = (app.data_dir.join("usage"), client.to_owned());
    let read = tokio::task::spawn_blocking(move || spoken(&folder, &client, day.from, now));
    match read.await.ok()? {
        Ok(spoken) => Some(Today { spoken, until: day.until(), offset: day.offset, now }),
        Err(error) => {
            tracing::error!("how much sound was made today cannot be read: {error}");
            None
        }
    }
}

impl Today {
    /// Whole seconds until the next day; at least one.
    pub(super) fn seconds_left(&self) -> u64 {
        u64::try_from(self.until.saturating_sub(self.now)).unwrap_or_default().max(1)
    }
}

impl Promises {
    /// What is promised to a client, and one more.
    fn add(&self, owner: &str, length: Duration) -> (Duration, Promise) {
        let mut promised = self.lock();
        let sum = promised.entry(owner.to_owned()).or_default();
        let before = std::mem::replace(sum, sum.saturating_add(length));
        (before, Promise { promises: self.clone(), owner: owner.to_owned(), length })
    }

    fn of(&self, owner: &str) -> Duration {
        self.lock().get(owner).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let mut promised = self.promises.lock();
        if let Some(sum) = promised.get_mut(&self.owner) {
            *sum = sum.saturating_sub(self.length);
            if sum.is_zero() {
                promised.remove(&self.owner);
            }
        }
    }
}

fn exceeded(limit: Duration, left: Duration, length: Duration, today: &Today) -> Refused {
    let problem = |detail| Problem::new(Code::AudioQuotaExceeded, detail);
    let problem = if limit.is_zero() {
        problem("this key allows no sound at all; ask whoever gave it to you".to_owned())
    } else {
        let resets_at = local(today.until, today.offset);
        // Rounded so that what does not fit does not look as if it did.
        let (left, length) = (minutes(left, f64::floor), minutes(length, f64::ceil));
        let detail = format!(
            "of its {} minutes of sound a day this client has {left} left, and this would be about {length}; ask for less, \
             or from {resets_at} on",
            minutes(limit, f64::round),
        );
        Problem { resets_at: Some(resets_at), ..problem(detail) }
    };
    Refused::until(problem, today.seconds_left())
}

/// Minutes with two decimals at most.
fn minutes(length: Duration, round: fn(f64) -> f64) -> f64 {
    round(length.as_secs_f64() / 60.0 * 100.0) / 100.0
}

fn unknown() -> Refused {
    let detail = "how much sound was made for you today cannot be read at the moment; try again in a second";
    Refused::until(Problem::new(Code::UsageUnavailable, detail), 1)
}
