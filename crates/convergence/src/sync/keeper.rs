//! The keeper: twice a second what was counted goes to the disk, and every few seconds to the database.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gate::{Gate, Periods, Spent};
use tokio::sync::Notify;
use tracing::info;

use super::complaint::Complaint;
use crate::clock::Clock;
use crate::usage::{Bookkeeper, Counted, KeepError, Tally, spent};

/// A loss of power loses what was counted in this time, and in the time that the disk takes: not more than a second.
const GATHER_EVERY: Duration = Duration::from_millis(500);

/// How often what was gathered is added to the database. Until then it is in files of its own.
const POST_EVERY: Duration = Duration::from_secs(10);

/// So many lines are added to the database at once rather than kept longer.
const MOST_PENDING: usize = 50_000;

/// So many times in a row it has to go well until that is said.
const WELL_AFTER: u32 = 20;

/// What is wrong, and how often in a row nothing was.
#[derive(Default)]
struct Trouble {
    complaint: Complaint,
    well: u32,
}

/// The counts of this process, and where they are kept. A copy is the same.
#[derive(Clone)]
pub(crate) struct Books {
    pub(crate) tally: Arc<Tally>,
    /// What this process has counted, for the metrics.
    pub(crate) counted: Arc<Counted>,
    keeper: Arc<Mutex<Bookkeeper>>,
    /// Told when a segment is full.
    full: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Books {
    /// In this folder, which is not looked at yet.
    pub(crate) fn new(folder: PathBuf, instance: &str, counted: Counted, clock: Arc<dyn Clock>) -> Self {
        let mut run = [0; 8];
        // Without randomness two processes may take each other's segments for their own, which nobody reads twice all the same.
        let _ = getrandom::fill(&mut run);
        let full: Arc<Notify> = Arc::default();
        let on_full = Arc::clone(&full);
        let on_full = Box::new(move || on_full.notify_one());
        let tally = Arc::new(Tally::new(folder.clone(), instance, u64::from_ne_bytes(run), on_full));
        let counted = Arc::new(counted);
        let keeper = Bookkeeper::new(Arc::clone(&tally), folder, Arc::clone(&counted));
        let keeper = Arc::new(Mutex::new(keeper));
        Self { tally, counted, keeper, full, clock }
    }

    /// From here on what is counted outlives the process.
    pub(crate) fn open(&self) {
        // What goes wrong goes wrong again in a moment, and is said then.
        let _ = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).gather();
    }

    /// Does something with them that takes as long as the disk does, at this Unix second.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Bookkeeper, i64) -> Result<T, KeepError> + Send + 'static,
    ) -> Result<T, KeepError> {
        let (keeper, now) = (Arc::clone(&self.keeper), self.clock.now().unix);
        let work = move || work(&mut keeper.lock().unwrap_or_else(PoisonError::into_inner), now);
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| KeepError::File(io::Error::other(error))).flatten()
    }

    /// What clients were let through in these days and months before this process has let anybody through.
    pub(crate) async fn spent(&self, periods: Periods) -> Result<Vec<Spent>, KeepError> {
        self.with(move |books, now| {
            books.recover(now)?;
            spent(books.folder(), &periods, now)
        })
        .await
    }

    /// Runs until the server ends. The gate knows when quotas begin anew.
    pub(crate) async fn keep(self, gate: Arc<Gate>) {
        let mut trouble = Trouble::default();
        let mut posted = self.clock.now().uptime;
        loop {
            let begun = self.clock.now().uptime;
            let is_due = begun >= posted + POST_EVERY;
            let periods = gate.periods(self.clock.now());
            let kept = self.with(move |books, now| {
                if let Some(Periods { day, month }) = periods {
                    books.set_borders([day.from, month.from]);
                }
                books.gather()?;
                let is_urgent = books.pending() > MOST_PENDING || books.is_volatile();
                if is_due || is_urgent { books.post(now) } else { Ok(()) }
            });
            self.tell(&mut trouble, kept.await);
            if is_due {
                posted = self.clock.now().uptime;
            }
            let took = self.clock.now().uptime.saturating_sub(begun);
            tokio::select! {
                () = self.clock.sleep(GATHER_EVERY.saturating_sub(took)) => {}
                () = self.full.notified() => {}
            }
        }
    }

    /// Says what is wrong, and that it is over once it has been well for a while: a disk that is nearly full takes one file and
    /// refuses the next.
    fn tell(&self, trouble: &mut Trouble, kept: Result<(), KeepError>) {
        let Trouble { complaint, well } = trouble;
        match kept {
            Ok(()) => {
                self.tally.set_trouble(None);
                *well = well.saturating_add(1);
                if *well == WELL_AFTER && complaint.end() {
                    info!("usage is kept on disk again");
                }
            }
            Err(error) => {
                *well = 0;
                self.tally.set_trouble(Some(error.to_string()));
                let effect =
                    "it is counted in memory only, and not written to the spreadsheet until it can be kept";
                let now = self.clock.now().uptime;
                complaint.say(now, &format!("usage cannot be kept in DATA_DIR: {error}; {effect}"));
            }
        }
    }
}
