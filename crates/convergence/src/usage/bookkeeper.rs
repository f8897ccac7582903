//! From the tally to the database: what was counted is put on the disk, and added up there.
//!
//! Every method takes as long as the disk does, and is called from a thread where that holds nobody up.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use super::counted::Counted;
use super::json::UsageJson;
use super::ledger::{Row, day_of};
use super::store::{self, Batch, Store, StoreError};
use super::tally::files::{self, SegmentFile};
use super::tally::{Contents, Retired, Tally};
use super::totals::Totals;

/// While the database cannot be written, so many lines are kept apart by their minutes; what comes after that counts for its
/// hour, so that a disk that stays full for days does not fill the memory as well.
const MOST_LINES: usize = 200_000;

/// Where counts are kept, and those that are on their way there.
pub(crate) struct Bookkeeper {
    tally: Arc<Tally>,
    folder: PathBuf,
    store: Option<Store>,
    /// On the disk or in memory, and not in the database.
    pending: Parcel,
    /// What the database has not confirmed: a commit that fails may have been one all the same.
    unconfirmed: Option<Parcel>,
    /// In the database, and not told to the ledger yet.
    fresh: BTreeMap<Row, Totals>,
    /// When a quota's period has begun of late, in Unix seconds.
    borders: [i64; 2],
    counted: Arc<Counted>,
}

/// Lines, and the files that they are in.
#[derive(Default)]
struct Parcel {
    batch: Batch,
    files: Vec<SegmentFile>,
    /// Whether some of it is in no file.
    is_volatile: bool,
}

/// Why counts are not where they should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// The folder, or a segment in it.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Bookkeeper {
    /// Looks at nothing yet.
    pub(crate) fn new(tally: Arc<Tally>, folder: PathBuf, counted: Arc<Counted>) -> Self {
        Self {
            tally,
            folder,
            store: None,
            pending: Parcel::default(),
            unconfirmed: None,
            fresh: BTreeMap::new(),
            borders: [0; 2],
            counted,
        }
    }

    /// The moments at which quotas' periods have begun, in Unix seconds.
    pub(crate) fn set_borders(&mut self, borders: [i64; 2]) {
        self.borders = borders;
    }

    /// Takes what was counted out of the tally, and waits until it is on the disk.
    ///
    /// # Errors
    /// It is in memory only. Nothing is lost while the process lives.
    pub(crate) fn gather(&mut self) -> Result<(), KeepError> {
        let (retired, made) = self.tally.rotate();
        let gathered = self.take_in(retired);
        self.counted.set_pending(self.pending());
        Ok(made.and(gathered)?)
    }

    /// How many lines are not in the database.
    pub(crate) fn pending(&self) -> usize {
        let unconfirmed = self.unconfirmed.as_ref().map_or(0, |parcel| parcel.batch.len());
        unconfirmed + self.pending.batch.len()
    }

    /// Whether some of it is in the memory of this process and nowhere else.
    pub(crate) fn is_volatile(&self) -> bool {
        self.pending.is_volatile || self.unconfirmed.as_ref().is_some_and(|parcel| parcel.is_volatile)
    }

    /// Adds to the database what was gathered.
    ///
    /// # Errors
    /// It is still where it was.
    pub(crate) fn post(&mut self, now: i64) -> Result<(), KeepError> {
        if let Some(parcel) = self.unconfirmed.take() {
            self.send(parcel, now)?;
        }
        let parcel = std::mem::take(&mut self.pending);
        if parcel.batch.is_empty() { Ok(()) } else { self.send(parcel, now) }
    }

    fn send(&mut self, parcel: Parcel, now: i64) -> Result<(), KeepError> {
        if let Err(error) = self.add(&parcel.batch, now) {
            self.unconfirmed = Some(parcel);
            // It may be another file by now, or none.
            self.store = None;
            return Err(error);
        }
        for (instance, lines) in parcel.batch.lines {
            for (about, totals) in lines {
                let row =
                    Row { date: day_of(about.minute), instance: instance.clone(), client: about.client };
                self.fresh.entry(row).or_default().add(&totals);
            }
        }
        parcel.files.into_iter().for_each(SegmentFile::remove);
        self.counted.set_pending(self.pending());
        Ok(())
    }

    fn add(&mut self, batch: &Batch, now: i64) -> Result<(), KeepError> {
        self.open()?;
        let store = self.store.as_mut().expect("it has just been opened");
        if !store.has_all(batch)? {
            store.add(batch, &self.borders, now)?;
        }
        Ok(())
    }

    /// Takes in what was left by processes that did not stop in good order.
    ///
    /// # Errors
    /// It is still there.
    pub(crate) fn recover(&mut self, now: i64) -> Result<(), KeepError> {
        self.open()?;
        let mut recovered = 0;
        for (contents, file) in files::leftovers(&self.folder)? {
            let store = self.store.as_ref().expect("it has just been opened");
            if store.has_taken(contents.origin)? {
                file.remove();
                continue;
            }
            recovered += contents.lines.iter().map(|(_, totals)| totals.requests()).sum::<u64>();
            self.pend(contents, Some(file));
        }
        let import = UsageJson::beside(&self.folder);
        if let Some(contents) = import.read()? {
            let store = self.store.as_mut().expect("it has just been opened");
            store.import(&contents, now)?;
            import.put_aside()?;
        }
        if recovered > 0 {
            info!(requests = recovered, "counts were left by a process that was killed, and are taken over");
        }
        Ok(())
    }

    /// The last time: whatever was counted is gathered, and no file is left but the database.
    ///
    /// # Errors
    /// It is where the next process finds it, or in memory only.
    pub(crate) fn close(&mut self, now: i64) -> Result<(), KeepError> {
        let retired = self.tally.close();
        self.take_in(retired)?;
        self.post(now)
    }

    /// The database, open.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn store(&mut self) -> Result<&mut Store, KeepError> {
        self.open()?;
        Ok(self.store.as_mut().expect("it has just been opened"))
    }

    /// What has come to the database since the last call.
    pub(crate) fn take_fresh(&mut self) -> BTreeMap<Row, Totals> {
        std::mem::take(&mut self.fresh)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn take_in(&mut self, retired: Vec<Retired>) -> io::Result<()> {
        let mut outcome = Ok(());
        for segment in retired {
            outcome = outcome.and(segment.finish());
            self.counted.add(&segment.contents.lines);
            self.pend(segment.contents, segment.file);
        }
        outcome
    }

    fn pend(&mut self, contents: Contents, file: Option<SegmentFile>) {
        for (mut about, totals) in contents.lines {
            if self.pending.batch.len() >= MOST_LINES {
                about.minute -= about.minute.rem_euclid(3_600);
            }
            self.pending.batch.add(&contents.instance, about, &totals);
        }
        if let Some(file) = file {
            self.pending.batch.take(contents.origin);
            self.pending.files.push(file);
        } else {
            self.pending.is_volatile = true;
        }
    }

    fn open(&mut self) -> Result<(), KeepError> {
        if self.store.is_some() {
            return Ok(());
        }
        files::make_folder(&self.folder)?;
        let store = match Store::open(&self.folder) {
            Err(error) if store::is_beyond_repair(&error) => {
                self.set_aside(&error)?;
                Store::open(&self.folder)?
            }
            store => store?,
        };
        self.store = Some(store);
        Ok(())
    }

    /// A database that cannot be read is kept under another name.
    fn set_aside(&self, error: &StoreError) -> io::Result<()> {
        let path = store::path(&self.folder);
        let aside = path.with_extension("db.bad");
        warn!("{} cannot be read and is kept as {}: {error}", path.display(), aside.display());
        for ending in ["db-wal", "db-shm"] {
            // They belong to the file that is put aside.
            let _ = fs::remove_file(path.with_extension(ending));
        }
        fs::rename(path, aside)
    }
}
