//! One server reads the sheet for all: whether it is this one, what the others have read, and what they are told.
//!
//! Whoever has read something leaves it on the board, and all use what was read last. The lease only says who begins to
//! read; so a second reader for a moment, or one without the lease where a person asks for it, does no harm.

mod handover;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::info;

use super::complaint::Complaint;
use super::early::Cause;
use super::pieces::Directory;
use super::roll::Roll;
use crate::clock::Clock;
use crate::fleet::{self, Board, Contact, LEASE, Note, View};
use crate::keys::SourceError;

/// For how long a start waits to see the board.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// For how long another server's reading is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What could not be left on the board is tried again after this time.
const LEAVE_AGAIN: Duration = Duration::from_secs(5);

/// By so many milliseconds two looks may differ in what Redis' clock says.
const SKEW: i64 = 2_000;

/// For how long a server leaves the lease to others that cannot read: until it has run out, and they have looked.
const STAND_BACK: Duration = LEASE.saturating_add(Duration::from_secs(2));

/// What a server wants to be read.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) cause: Cause,
    /// Where the webhook is the cause: when the sheet was changed, in Unix milliseconds.
    pub(super) changed_at: Option<i64>,
    /// What it has already.
    pub(super) in_use: Option<&'a Arc<Roll>>,
}

/// What there is to hear of the others.
pub(super) enum News {
    /// One has read, later than what is in use was.
    Directory(Directory),
    /// The one that reads has failed.
    Failure(SourceError),
    /// One wishes this server to read. The webhook says at which Unix millisecond the sheet was changed.
    Wish(Cause, Option<i64>),
    /// It is this server's turn to read, or no longer.
    Turn,
}

/// When a reading began.
#[derive(Clone, Copy)]
enum Began {
    /// By Redis' clock.
    Stamp(i64),
    /// By this server's uptime, where Redis' clock was not known.
    Uptime(Duration),
}

impl Began {
    fn stamp(self, view: &View) -> i64 {
        match self {
            Began::Stamp(stamp) => stamp,
            Began::Uptime(uptime) => view.stamp_of(uptime).unwrap_or(i64::MIN),
        }
    }
}

/// A server's part in it.
pub(crate) struct Share {
    board: Arc<Board>,
    view: watch::Receiver<View>,
    clock: Arc<dyn Clock>,
    /// When this server last began to read.
    began: Option<Began>,
    /// The stamp of another's reading that is in use.
    theirs: Option<i64>,
    /// What is in use, where this server has read it, and when it began to.
    own: Option<(Began, Directory)>,
    /// Not before this uptime is it left again.
    leave_at: Duration,
    complaint: Complaint,
    /// Until this uptime others may have the lease.
    stands_back_until: Duration,
    /// The stamps of the wishes that were told.
    told: [i64; WISHES.len()],
    /// The stamp of the failure that was told.
    failed: i64,
    /// What was told of whose turn it is.
    turn: (Contact, bool),
}

/// What is wished, and why that is a cause to read.
const WISHES: [(Note, Cause); 3] =
    [(Note::Webhook, Cause::Webhook), (Note::Refresh, Cause::Refresh), (Note::UnknownKey, Cause::UnknownKey)];

impl Share {
    pub(crate) fn new(board: &Arc<Board>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            board: Arc::clone(board),
            view: board.watch(),
            clock: Arc::clone(clock),
            began: None,
            theirs: None,
            own: None,
            leave_at: Duration::ZERO,
            complaint: Complaint::default(),
            stands_back_until: Duration::ZERO,
            told: [i64::MIN; WISHES.len()],
            failed: i64::MIN,
            turn: (Contact::Untried, false),
        }
    }

    /// When this server is to read of its own accord, where what is in use expires at `expires`. Both are uptimes.
    pub(super) fn due(&self, expires: Duration, cache_duration: Duration) -> Duration {
        let view = self.view.borrow();
        if view.is_reader {
            return expires;
        }
        if view.is_open() {
            // Whoever reads may do so and not be able to tell: nobody relies on it for ever.
            return expires + cache_duration.mul_f64(1.0 + fleet::random());
        }
        // What all have from one reading expires for all at once.
        let now = self.clock.now().uptime;
        let early = if self.own.is_some() { 0.0 } else { fleet::random() };
        expires.saturating_sub(expires.saturating_sub(now).mul_f64(early))
    }

    /// What another server reads for this one, where one does: after a start, what there is; else what is read from now on.
    /// Nothing, if this server is to read itself.
    pub(super) async fn read(&mut self, wish: Wish<'_>) -> Option<Result<Directory, SourceError>> {
        let Wish { cause, changed_at, in_use } = wish;
        let since = match (cause, WISHES.iter().find(|(_, wished)| *wished == cause)) {
            (Cause::Start, _) => {
                let looked = self.view.wait_for(|view| view.contact != Contact::Untried);
                let _ = tokio::time::timeout(FIRST_LOOK, looked).await;
                i64::MIN
            }
            (_, Some((note, _))) if self.is_read_elsewhere() => {
                let text = changed_at.map(|at| at.to_string()).unwrap_or_default();
                self.board.leave(*note, None, &text).await.ok().flatten()?
            }
            _ => return None,
        };
        let reading = tokio::time::timeout(PATIENCE, self.read_since(since, in_use)).await;
        reading.unwrap_or_else(|_| {
            let is_urgent = matches!(cause, Cause::Start | Cause::Refresh);
            let late = "the server that reads the keys for all has not answered in time";
            (!is_urgent).then(|| Err(SourceError { needs_help: false, ..SourceError::new(late, late) }))
        })
    }

    fn is_read_elsewhere(&self) -> bool {
        let view = self.view.borrow();
        view.is_open() && !view.is_reader
    }

    async fn read_since(
        &mut self,
        since: i64,
        in_use: Option<&Arc<Roll>>,
    ) -> Option<Result<Directory, SourceError>> {
        loop {
            let view = self.view.borrow_and_update().clone();
            if !self.is_read_elsewhere() {
                return None;
            }
            if view.stamp(Note::Directory).is_some_and(|stamp| stamp >= since)
                && let Some((stamp, directory)) = handover::fetch(&self.board, in_use).await
            {
                self.use_theirs(stamp);
                return Some(Ok(directory));
            }
            let failed = view.stamp(Note::Failure).filter(|stamp| since != i64::MIN && *stamp >= since);
            if let Some(failed) = failed {
                let failure = self.failure().await;
                self.failed = failed;
                return failure.map(Err);
            }
            self.view.changed().await.ok()?;
        }
    }

    /// This server begins to read.
    pub(super) fn begin(&mut self, uptime: Duration) {
        let view = self.view.borrow();
        let stamp = view.stamp_of(uptime).filter(|_| view.is_open());
        self.began = Some(stamp.map_or(Began::Uptime(uptime), Began::Stamp));
    }

    /// What this server has read since it last began to is in use, and to be used by all.
    pub(super) async fn tell(&mut self, directory: Directory) {
        let Some(began) = self.began else { return };
        self.own = Some((began, directory));
        self.theirs = None;
        self.stands_back_until = Duration::ZERO;
        self.board.set_willing(true);
        self.leave().await;
    }

    /// This server could not read: another may try.
    pub(super) async fn tell_failure(&mut self, error: &SourceError) {
        let Some(began) = self.began else { return };
        self.stands_back_until = self.clock.now().uptime + STAND_BACK;
        self.board.set_willing(false);
        if self.board.is_reader() {
            let stamp = began.stamp(&self.view.borrow());
            // Whoever does not hear of it sees the keys grow old.
            let _ = self.board.leave(Note::Failure, Some(stamp), &error.public).await;
        }
    }

    /// Ends when there is something to hear, or to do.
    pub(super) async fn news(&mut self, in_use: Option<&Arc<Roll>>) -> News {
        loop {
            let view = self.view.borrow_and_update().clone();
            let turn = (view.contact, view.is_reader);
            if std::mem::replace(&mut self.turn, turn) != turn {
                return News::Turn;
            }
            let now = self.clock.now().uptime;
            self.board.set_willing(now >= self.stands_back_until);
            if view.is_open()
                && let Some(news) = self.look(&view, in_use).await
            {
                return news;
            }
            if self.view.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn look(&mut self, view: &View, in_use: Option<&Arc<Roll>>) -> Option<News> {
        let posted = view.stamp(Note::Directory).unwrap_or(i64::MIN);
        let used = self.used(view);
        if posted > used {
            // Its pieces may be another reading's by now: the next look tells.
            let (stamp, directory) = handover::fetch(&self.board, in_use).await?;
            self.use_theirs(stamp);
            return Some(News::Directory(directory));
        }
        if self.own.is_some() && used > posted && self.clock.now().uptime >= self.leave_at {
            self.leave().await;
        }
        if !view.is_reader {
            let failed = view.stamp(Note::Failure).filter(|stamp| *stamp > self.failed.max(used))?;
            // Taken note of only after the wait, in the midst of which something else may be done.
            let failure = self.failure().await;
            self.failed = failed;
            return failure.map(News::Failure);
        }
        let read = self.began.map_or(i64::MIN, |began| began.stamp(view)).max(posted);
        for (place, (note, cause)) in WISHES.iter().enumerate() {
            let wished = view.stamp(*note).unwrap_or(i64::MIN);
            if wished > read.max(self.told[place]) {
                let text = self.board.read(*note).await.ok().flatten().map(|(_, text)| text);
                self.told[place] = wished;
                return Some(News::Wish(*cause, text.and_then(|text| text.parse().ok())));
            }
        }
        None
    }

    /// When the reading began of what is in use. One of the future is of before Redis' clock was set back.
    fn used(&self, view: &View) -> i64 {
        let own = self.own.as_ref().map(|(began, _)| began.stamp(view));
        let used = own.max(self.theirs).unwrap_or(i64::MIN);
        let now = view.stamp_of(self.clock.now().uptime).unwrap_or(i64::MAX);
        if used > now.saturating_add(SKEW) { i64::MIN } else { used }
    }

    fn use_theirs(&mut self, stamp: i64) {
        self.theirs = Some(stamp);
        self.own = None;
        self.stands_back_until = Duration::ZERO;
    }

    async fn failure(&self) -> Option<SourceError> {
        let (_, public) = self.board.read(Note::Failure).await.ok()??;
        let detail = format!("the server that reads the keys for all says: {public}");
        Some(SourceError { needs_help: false, ..SourceError::new(public, detail) })
    }

    /// Leaves on the board what this server has read.
    async fn leave(&mut self) {
        let Some((began, directory)) = &mut self.own else { return };
        let view = self.view.borrow().clone();
        let stamp = began.stamp(&view);
        if !view.is_open() || stamp == i64::MIN {
            return;
        }
        let now = self.clock.now().uptime;
        match handover::leave(&self.board, directory, stamp).await {
            Ok(stamp) => {
                // Where a later one is there, that is used instead, here as well.
                *began = stamp.map_or(*began, Began::Stamp);
                if self.complaint.end() {
                    info!("what this server reads reaches the others again");
                }
            }
            Err(why) => {
                self.complaint
                    .say(now, &format!("what this server has read does not reach the others: {why}"));
                self.leave_at = now + LEAVE_AGAIN;
            }
        }
    }
}
