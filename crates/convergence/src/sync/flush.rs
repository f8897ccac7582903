//! The flush: counts to the spreadsheet. Requests never wait for it.
//!
//! Totals are in the database before they are in the spreadsheet, so a server that is killed never knows less than its rows
//! say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::back_off::back_off;
use super::complaint::Complaint;
use super::keeper::Books;
use super::pool::{Everyone, Pool};
use super::usage_tab::{FlushError, UsageTab, Written};
use crate::clock::Clock;
use crate::config::{GoogleSheet, Usage};
use crate::fleet::{Board, Counts, Trouble};
use crate::metrics::Metrics;
use crate::usage::{Bookkeeper, KeepError, Ledger, Row, Totals, day_of, oldest_kept};

/// How often one flush reads and writes: once, and again if there is more than one write takes, or if somebody has
/// sorted the tab meanwhile.
const MOST_ROUNDS: usize = 8;

/// How long a flush may take before the next save is more urgent. What it has written stays written.
const LONGEST_FLUSH: Duration = Duration::from_mins(1);

/// A server that has left nothing for so many intervals is silent.
const SILENT_AFTER: u32 = 3;

/// Keeps the totals in the spreadsheet.
pub(crate) struct Flusher {
    books: Books,
    clock: Arc<dyn Clock>,
    /// `None` where there is no spreadsheet, or where nothing is to be written to it.
    tab: Option<UsageTab>,
    metrics: Arc<Metrics>,
    interval: Duration,
    ledger: Ledger,
    /// Whether the ledger has what earlier processes have left.
    is_resumed: bool,
    /// The ledger's version that is in the spreadsheet.
    written: u64,
    /// Whether what was written last is yet to be seen again: another server may have written to the same new rows.
    to_confirm: bool,
    google: Complaint,
    /// Where all servers leave what they have counted.
    pool: Option<Pool>,
    /// Who of them writes it to the spreadsheet.
    board: Option<Arc<Board>>,
    turn: Turn,
    /// Until this uptime somebody else may write the same rows.
    unsure_until: Duration,
    /// All servers' totals, where this one writes them, and the version of them that is in the spreadsheet.
    everyone: Everyone,
    everyone_written: i64,
}

/// Whose rows this server has to write.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// Its own: it is alone, or does not know better.
    #[default]
    Own,
    /// All servers'.
    Everyones,
    /// None: another writes those of all.
    Nobodys,
}

impl Flusher {
    pub(crate) fn new(
        books: Books,
        clock: Arc<dyn Clock>,
        usage: &Usage,
        sheet: Option<GoogleSheet>,
        metrics: &Arc<Metrics>,
        counts: Option<&Arc<Counts>>,
        board: Option<Arc<Board>>,
    ) -> Self {
        let tab =
            usage.tab.clone().zip(sheet).map(|(tab, sheet)| UsageTab::new(GoogleSheet { tab, ..sheet }));
        Self {
            books,
            clock,
            tab,
            metrics: Arc::clone(metrics),
            interval: usage.interval,
            ledger: Ledger::new(&usage.instance),
            is_resumed: false,
            written: 0,
            to_confirm: false,
            google: Complaint::default(),
            pool: counts.map(Pool::new),
            board,
            turn: Turn::Own,
            unsure_until: Duration::ZERO,
            everyone: Everyone::default(),
            everyone_written: 0,
        }
    }

    /// Runs until the requests have ended, then writes a last time.
    pub(crate) async fn run(mut self, mut drained: watch::Receiver<bool>) {
        self.keep().await;
        if let Some(tab) = &self.tab {
            info!(
                tab = tab.title(),
                instance = self.ledger.instance(),
                "usage is written to the spreadsheet"
            );
        }
        let mut failures = 0;
        let mut pause = self.interval;
        loop {
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = ended(&mut drained) => break,
            }
            self.keep().await;
            let outcome = tokio::select! {
                outcome = self.meet_and_flush() => outcome,
                // Given up in the middle: the last flush reads the tab again.
                () = ended(&mut drained) => break,
            };
            pause = match outcome {
                Ok(()) => {
                    failures = 0;
                    self.interval
                }
                Err(error) => {
                    failures += 1;
                    back_off(failures, self.interval).max(error.retry_after())
                }
            };
        }
        // From here on nothing is counted. What goes wrong is said by the keeper, and there is no later.
        let _ = self.books.with(Bookkeeper::close).await;
        self.keep().await;
        let _ = self.meet_and_flush().await;
    }

    async fn meet_and_flush(&mut self) -> Result<(), FlushError> {
        self.meet().await;
        self.flush_if_due().await
    }

    /// Leaves what was counted for the other servers, and finds out whose rows are to be written.
    async fn meet(&mut self) {
        let turn = match self.whose_turn().await {
            Ok(turn) => turn,
            Err(trouble) => {
                debug!("usage is not left for the other servers: {trouble}");
                Turn::Own
            }
        };
        if turn == Turn::Nobodys {
            self.written = self.ledger.version();
        }
        let now = self.clock.now().uptime;
        if turn != self.turn {
            self.turn = turn;
            // Whoever wrote these rows before may not have got to it, or writes them again until this server is missed.
            self.unsure_until = now + (SILENT_AFTER + 1) * self.interval;
        }
        self.to_confirm |= now < self.unsure_until;
    }

    async fn whose_turn(&mut self) -> Result<Turn, Trouble> {
        let (Some(pool), true) = (&mut self.pool, self.is_resumed) else { return Ok(Turn::Own) };
        if !self.ledger.is_settled() {
            if self.tab.is_none() {
                // Not settled after all where the disk is ill, which has been said.
                let _ = self.settle(&HashMap::new()).await;
            }
            return Ok(Turn::Own);
        }
        pool.tell(&self.ledger).await?;
        let Some(board) = self.board.as_ref().filter(|board| board.is_open()) else { return Ok(Turn::Own) };
        if !board.is_reader() {
            return Ok(Turn::Nobodys);
        }
        self.everyone = pool.everyone(day_of(self.clock.now().unix), SILENT_AFTER * self.interval).await?;
        // To the last that is known here.
        self.everyone.rows.extend(self.ledger.rows().iter().map(|(row, totals)| (row.clone(), *totals)));
        Ok(Turn::Everyones)
    }

    /// Takes in what was counted since the last time, as far as it can be kept.
    async fn keep(&mut self) {
        let kept = if self.is_resumed { self.count().await } else { self.resume().await };
        if let Err(error) = kept {
            // The keeper says it, and the counts are still there the next time.
            debug!("usage is not taken in: {error}");
        }
        if !self.is_to_be_written() {
            self.forget();
        }
    }

    async fn count(&mut self) -> Result<(), KeepError> {
        let fresh = self.books.with(|books, now| {
            let gathered = books.gather();
            books.post(now)?;
            gathered.map(|()| books.take_fresh())
        });
        let fresh = fresh.await?;
        if let Some(pool) = &mut self.pool {
            pool.note(fresh.keys());
        }
        self.ledger.add(fresh);
        Ok(())
    }

    /// Takes in what earlier processes have left, and what was counted since.
    async fn resume(&mut self) -> Result<(), KeepError> {
        let oldest = oldest_kept(day_of(self.clock.now().unix));
        let found = self.books.with(move |books, now| {
            books.recover(now)?;
            books.post(now)?;
            books.take_fresh();
            let store = books.store()?;
            Ok((store.days(oldest)?, store.settled()?))
        });
        let (rows, settled) = found.await?;
        let instance = self.ledger.instance().to_owned();
        self.ledger = Ledger::resumed(&instance, rows, settled);
        self.is_resumed = true;
        Ok(())
    }

    /// Drops the days that are too old to keep; they are written wherever they are to be.
    fn forget(&mut self) {
        let is_written = self.written == self.ledger.version();
        self.ledger.forget_before(day_of(self.clock.now().unix));
        if is_written {
            self.written = self.ledger.version();
        }
    }

    fn is_to_be_written(&self) -> bool {
        let is_new = match self.turn {
            Turn::Own => self.written != self.ledger.version(),
            Turn::Everyones => {
                self.written != self.ledger.version() || self.everyone_written != self.everyone.version
            }
            Turn::Nobodys => return false,
        };
        self.is_resumed && self.tab.is_some() && (is_new || self.to_confirm)
    }

    /// Writes to the spreadsheet if there is anything new, and says once what is wrong.
    async fn flush_if_due(&mut self) -> Result<(), FlushError> {
        if !self.is_to_be_written() {
            return Ok(());
        }
        let outcome = tokio::time::timeout(LONGEST_FLUSH, self.flush()).await;
        let outcome = outcome.unwrap_or(Err(FlushError::Slow));
        self.metrics.usage_written(outcome.is_ok());
        match &outcome {
            Ok(()) if self.google.end() => info!("usage is written to the spreadsheet again"),
            Ok(()) | Err(FlushError::Disk) => {}
            Err(error) => {
                let now = self.clock.now().uptime;
                self.google.say(
                    now,
                    &format!("usage is not written to the spreadsheet, and kept until it can be: {error}"),
                );
            }
        }
        outcome
    }

    async fn flush(&mut self) -> Result<(), FlushError> {
        for _ in 0..MOST_ROUNDS {
            let Some(tab) = &mut self.tab else { return Ok(()) };
            let seen = tab.read().await?;
            if !self.ledger.is_settled() {
                self.settle(&seen.found()).await?;
            }
            let Some(tab) = &mut self.tab else { return Ok(()) };
            // Until its answer is there it may have hit anything.
            self.to_confirm = true;
            let everyones =
                (self.turn == Turn::Everyones).then(|| self.everyone.not_less_than(&seen.found()));
            match tab.write(seen, everyones.as_ref().unwrap_or(self.ledger.rows())).await? {
                Written::Nothing => self.to_confirm = false,
                Written::All => {}
                Written::Some => continue,
            }
            self.written = self.ledger.version();
            self.everyone_written = self.everyone.version;
            return Ok(());
        }
        Err(FlushError::Restless)
    }

    /// Without totals of its own this instance goes on from those that the tab has of it, or what it has left for the others
    /// where that is more.
    async fn settle(&mut self, found: &HashMap<Row, Totals>) -> Result<(), FlushError> {
        let today = day_of(self.clock.now().unix);
        let mut rows = self.ledger.to_settle(found, today);
        if let Some(pool) = &self.pool
            && let Ok(left) = pool.of_instance(self.ledger.instance(), today).await
        {
            for (row, left) in left {
                let totals = rows.entry(row).or_default();
                if left.requests() >= totals.requests() {
                    *totals = left;
                }
            }
        }
        let (instance, settled) = (self.ledger.instance().to_owned(), rows.clone());
        let kept =
            self.books.with(move |books, _| Ok(books.store()?.settle([instance.as_str()], &settled)?));
        kept.await.map_err(|_| FlushError::Disk)?;
        if !rows.is_empty() {
            warn!(
                rows = rows.len(),
                "DATA_DIR has no usage of instance {}, and the spreadsheet or Redis has: counting goes on from there; \
                 if another server has the same INSTANCE, give each its own",
                self.ledger.instance()
            );
        }
        self.ledger.settle(rows);
        Ok(())
    }
}

/// Ends when the requests have, or with the server.
async fn ended(drained: &mut watch::Receiver<bool>) {
    let _ = drained.wait_for(|drained| *drained).await;
}
