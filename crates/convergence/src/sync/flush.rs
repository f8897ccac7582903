//! The flush: the gate's counts to totals, to the disk, and to the spreadsheet. Requests never wait for it.
//!
//! Totals are on disk before they are in the spreadsheet, so a server that is killed never knows less than its rows say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gate::Gate;
use tokio::sync::watch;
use tracing::{info, warn};

use super::back_off::back_off;
use super::complaint::Complaint;
use super::usage_tab::{FlushError, UsageTab, Written};
use crate::clock::Clock;
use crate::config::{GoogleSheet, Usage};
use crate::usage::{Contents, Ledger, Row, Speech, Totals, UsageFile, day_of};

/// How often one flush reads and writes: once, and again if there is more than one write takes, or if somebody has
/// sorted the tab meanwhile.
const MOST_ROUNDS: usize = 8;

/// How long a flush may take before the next save is more urgent. What it has written stays written.
const LONGEST_FLUSH: Duration = Duration::from_mins(1);

/// Keeps the totals, in `DATA_DIR` and in the spreadsheet.
pub(crate) struct Flusher {
    gate: Arc<Gate>,
    speech: Arc<Speech>,
    clock: Arc<dyn Clock>,
    file: UsageFile,
    /// `None` where there is no spreadsheet, or where nothing is to be written to it.
    tab: Option<UsageTab>,
    interval: Duration,
    ledger: Ledger,
    /// The ledger's version that is on disk, and the one that is in the spreadsheet.
    saved: u64,
    written: u64,
    /// Whether what was written last is yet to be seen again: another server may have written to the same new rows.
    to_confirm: bool,
    disk: Complaint,
    google: Complaint,
}

impl Flusher {
    pub(crate) fn new(
        gate: Arc<Gate>,
        speech: Arc<Speech>,
        clock: Arc<dyn Clock>,
        file: UsageFile,
        usage: &Usage,
        sheet: Option<GoogleSheet>,
    ) -> Self {
        let tab =
            usage.tab.clone().zip(sheet).map(|(tab, sheet)| UsageTab::new(GoogleSheet { tab, ..sheet }));
        Self {
            gate,
            speech,
            clock,
            file,
            tab,
            interval: usage.interval,
            ledger: Ledger::new(&usage.instance),
            saved: 0,
            written: 0,
            to_confirm: false,
            disk: Complaint::default(),
            google: Complaint::default(),
        }
    }

    /// Runs until the requests have ended, then writes a last time.
    pub(crate) async fn run(mut self, mut drained: watch::Receiver<bool>) {
        self.resume().await;
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
        self.keep().await;
        // What went wrong has been said, and there is no later.
        let _ = self.flush_if_due().await;
    }

    async fn resume(&mut self) {
        let (file, instance) = (self.file.clone(), self.ledger.instance().to_owned());
        match tokio::task::spawn_blocking(move || file.load(&instance)).await {
            Ok(ledger) => self.ledger = ledger,
            Err(error) => warn!("the usage of earlier runs cannot be read: {error}"),
        }
        self.saved = self.ledger.version();
    }

    /// Takes in what was counted since the last time, and saves it if that is anything.
    async fn keep(&mut self) {
        for usage in self.gate.usage() {
            self.ledger.count(&usage);
        }
        for ((date, client), milliseconds) in self.speech.take() {
            self.ledger.count_speech(date, &client, milliseconds);
        }
        if !self.is_to_be_written() {
            self.forget();
        }
        // What went wrong has been said, and the totals are still there the next time.
        let _ = self.save().await;
    }

    async fn save(&mut self) -> Result<(), FlushError> {
        let version = self.ledger.version();
        if version == self.saved {
            return Ok(());
        }
        let (file, contents) = (self.file.clone(), Contents::of(&self.ledger));
        let saved = tokio::task::spawn_blocking(move || file.save(&contents)).await;
        let now = self.clock.now().uptime;
        if let Err(error) = saved.map_err(std::io::Error::other).flatten() {
            let path = self.file.path().display();
            let effect =
                "usage is counted in memory only, and not written to the spreadsheet until it can be";
            self.disk.say(now, &format!("{path} cannot be written: {error}; {effect}"));
            return Err(FlushError::Disk);
        }
        self.disk.end();
        self.saved = version;
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
        self.tab.is_some() && (self.written != self.ledger.version() || self.to_confirm)
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
        // Never in the spreadsheet before it is on disk.
        self.save().await?;
        for _ in 0..MOST_ROUNDS {
            let Some(tab) = &mut self.tab else { return Ok(()) };
            let seen = tab.read().await?;
            if !self.ledger.is_settled() {
                self.settle(&seen.found());
                self.save().await?;
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
    fn settle(&mut self, found: &HashMap<Row, Totals>) {
        let rows = self.ledger.settle(found, day_of(self.clock.now().unix));
        if rows > 0 {
            warn!(
                rows,
                "DATA_DIR has no usage of instance {}, and the spreadsheet has: counting goes on from there; \
                 if another server has the same INSTANCE, give each its own",
                self.ledger.instance()
            );
        }
    }
}

/// Ends when the requests have, or with the server.
async fn ended(drained: &mut watch::Receiver<bool>) {
    let _ = drained.wait_for(|drained| *drained).await;
}
