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
use super::usage_tab::{FlushError, UsageTab, Written};
use crate::clock::Clock;
use crate::config::{GoogleSheet, Usage};
use crate::usage::{Bookkeeper, KeepError, Ledger, Row, Totals, day_of, oldest_kept};

/// How often one flush reads and writes: once, and again if there is more than one write takes, or if somebody has
/// sorted the tab meanwhile.
const MOST_ROUNDS: usize = 8;

/// How long a flush may take before the next save is more urgent. What it has written stays written.
const LONGEST_FLUSH: Duration = Duration::from_mins(1);

/// Keeps the totals in the spreadsheet.
pub(crate) struct Flusher {
    books: Books,
    clock: Arc<dyn Clock>,
    /// `None` where there is no spreadsheet, or where nothing is to be written to it.
    tab: Option<UsageTab>,
    interval: Duration,
    ledger: Ledger,
    /// Whether the ledger has what earlier processes have left.
    is_resumed: bool,
    /// The ledger's version that is in the spreadsheet.
    written: u64,
    /// Whether what was written last is yet to be seen again: another server may have written to the same new rows.
    to_confirm: bool,
    google: Complaint,
}

impl Flusher {
    pub(crate) fn new(
        books: Books,
        clock: Arc<dyn Clock>,
        usage: &Usage,
        sheet: Option<GoogleSheet>,
    ) -> Self {
        let tab =
            usage.tab.clone().zip(sheet).map(|(tab, sheet)| UsageTab::new(GoogleSheet { tab, ..sheet }));
        Self {
            books,
            clock,
            tab,
            interval: usage.interval,
            ledger: Ledger::new(&usage.instance),
            is_resumed: false,
            written: 0,
            to_confirm: false,
            google: Complaint::default(),
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
                outcome = self.flush_if_due() => outcome,
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
        let _ = self.flush_if_due().await;
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
        self.ledger.add(fresh.await?);
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
        self.is_resumed && self.tab.is_some() && (self.written != self.ledger.version() || self.to_confirm)
    }

    /// Writes to the spreadsheet if there is anything new, and says once what is wrong.
    async fn flush_if_due(&mut self) -> Result<(), FlushError> {
        if !self.is_to_be_written() {
            return Ok(());
        }
        let outcome = tokio::time::timeout(LONGEST_FLUSH, self.flush()).await;
        let outcome = outcome.unwrap_or(Err(FlushError::Slow));
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
            match tab.write(seen, &self.ledger).await? {
                Written::Nothing => self.to_confirm = false,
                Written::All => {}
                Written::Some => continue,
            }
            self.written = self.ledger.version();
            return Ok(());
        }
        Err(FlushError::Restless)
    }

    /// Without totals of its own this instance goes on from those that the tab has of it.
    async fn settle(&mut self, found: &HashMap<Row, Totals>) -> Result<(), FlushError> {
        let rows = self.ledger.to_settle(found, day_of(self.clock.now().unix));
        let (instance, settled) = (self.ledger.instance().to_owned(), rows.clone());
        let kept =
            self.books.with(move |books, _| Ok(books.store()?.settle([instance.as_str()], &settled)?));
        kept.await.map_err(|_| FlushError::Disk)?;
        if !rows.is_empty() {
            warn!(
                rows = rows.len(),
                "DATA_DIR has no usage of instance {}, and the spreadsheet has: counting goes on from there; \
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
