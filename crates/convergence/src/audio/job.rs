//! A recording that is asked for, from then until it is there or is not to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use super::recording::Outcome;
use super::request::Request;
use super::store::Folder;

/// What is kept of a job on the disk until it is finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) owner: String,
    /// What [`super::StudioSettings::on_recorded`] is told.
    pub(super) account: String,
    pub(super) asked_at: SystemTime,
    pub(super) request: Request,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits for its turn.
    Queued,
    /// Lines are being written.
    Writing,
    /// Lines are being spoken.
    Speaking,
    /// The file is being made.
    Mixing,
}

impl Phase {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Writing => "writing",
            Self::Speaking => "speaking",
            Self::Mixing => "mixing",
        }
    }
}

/// How far a job is, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Progress {
    /// What is being done.
    #[serde(skip)]
    pub phase: Phase,
    /// Lines that have been written.
    pub lines: usize,
    /// Lines that have been spoken.
    pub lines_spoken: usize,
    /// Seconds of sound in those.
    pub seconds_spoken: f64,
    /// Seconds until it is likely to be there, once that can be said.
    #[schema(required)]
    pub eta_seconds: Option<u64>,
}

/// What one sees who looks at a job.
#[derive(Clone, Debug)]
pub enum State {
    /// It is on its way.
    Underway(Progress),
    /// It has ended.
    Ended(Arc<Outcome>),
}

/// A job of which nothing has been made known yet.
pub(super) const QUEUED: Progress =
    Progress { phase: Phase::Queued, lines: 0, lines_spoken: 0, seconds_spoken: 0.0, eta_seconds: None };

/// A recording that is asked for.
pub struct Job {
    /// The name of the recording that comes of it.
    pub id: Uuid,
    pub(super) order: Order,
    pub(super) folder: Folder,
    /// How long its recording is likely to be.
    pub(super) likely_length: Duration,
    state: watch::Sender<State>,
    cancelled: AtomicBool,
    cancel: tokio::sync::Notify,
}

impl Job {
    pub(super) fn new(folder: Folder, order: Order) -> Self {
        let state = watch::Sender::new(State::Underway(QUEUED));
        let cancel = tokio::sync::Notify::new();
        Self {
            id: folder.id,
            likely_length: order.request.likely_length(),
            order,
            folder,
            state,
            cancelled: AtomicBool::new(false),
            cancel,
        }
    }

    /// When it was asked for.
    pub fn asked_at(&self) -> SystemTime {
        self.order.asked_at
    }

    /// How far it is at this moment, and each time that changes.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// What came of it, once it has ended.
    pub async fn outcome(&self) -> Arc<Outcome> {
        let mut state = self.watch();
        let ended = state.wait_for(|state| matches!(state, State::Ended(_))).await;
        match ended.as_deref() {
            Ok(State::Ended(outcome)) => Arc::clone(outcome),
            // This job has the sender.
            Ok(State::Underway(_)) | Err(_) => unreachable!("it was waited for"),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.state.borrow(), State::Ended(_))
    }

    pub(super) fn advance(&self, change: impl FnOnce(&mut Progress)) {
        self.state.send_modify(|state| {
            if let State::Underway(progress) = state {
                change(progress);
            }
        });
    }

    pub(super) fn end(&self, outcome: Outcome) {
        self.state.send_replace(State::Ended(Arc::new(outcome)));
    }

    /// Has the work on it end.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.cancel.notify_one();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Ends when it is cancelled.
    pub(super) async fn cancelled(&self) {
        while !self.is_cancelled() {
            self.cancel.notified().await;
        }
    }
}
