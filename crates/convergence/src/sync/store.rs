//! What the refresher leaves on disk: the last good keys, the audit file, the directories to go back to, and the standing.
//! Written on a thread of its own; a disk that is full, read-only or hangs costs that and never a refresh.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::KeyHash;
use tracing::warn;

use super::audit::{self, Entry};
use super::directories;
use super::disk::Disk;
use super::roll::Roll;
use super::snapshot::{Snapshot, SnapshotFile};
use super::standing::{self, Standing};
use super::state::{State, Step};
use crate::clock::rfc3339;

/// The files of one source in `DATA_DIR`.
pub(crate) struct Store {
    data_dir: PathBuf,
    /// A hash of what the keys are read from: another source's keys must not open this door.
    source: String,
    /// `google_sheets` or `file`.
    kind: &'static str,
    /// The last entry of the audit file.
    last_id: u64,
    disk: Disk,
}

impl Store {
    /// The files of a source of this identity and kind.
    pub(crate) fn new(data_dir: &Path, identity: &str, kind: &'static str) -> Self {
        let source = KeyHash::of(identity.as_bytes()).to_hex();
        Self { data_dir: data_dir.to_owned(), source, kind, last_id: 0, disk: Disk::start() }
    }

    /// What an earlier run has left: its keys with the Unix second at which they were read, and its standing.
    pub(super) async fn restore(&mut self) -> (Option<(i64, Roll)>, Standing) {
        let (data_dir, source) = (self.data_dir.clone(), self.source.clone());
        let found = tokio::task::spawn_blocking(move || {
            let snapshot = SnapshotFile::new(&data_dir, &source).load();
            let standing = standing::of_source(&data_dir, &source)
                .inspect_err(|error| warn!("what was held or rolled back is not known: {error}"));
            (snapshot, standing.unwrap_or_default(), last_id(&data_dir))
        });
        // A panic in there has been said; without its answer it is as if there were no files.
        let (snapshot, standing, last_id) = found.await.unwrap_or_default();
        self.last_id = last_id;
        (snapshot, standing)
    }

    /// The directory of an entry of the audit file.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is another source's.
    pub(super) async fn directory(&self, id: u64) -> io::Result<Snapshot> {
        let data_dir = self.data_dir.clone();
        let read = tokio::task::spawn_blocking(move || directories::read(&data_dir, id)).await;
        let snapshot = read.map_err(io::Error::other).flatten()?;
        if snapshot.source != self.source {
            return Err(io::Error::other("it is the directory of another source of keys"));
        }
        Ok(snapshot)
    }

    /// Writes down what is in use after a step, and the step if it is worth a line. `read_at` is the Unix second at which
    /// the source was last read.
    pub(super) fn keep(&mut self, state: &State, step: Step, read_at: i64, now: i64) {
        let Some(roll) = state.in_use.clone() else { return };
        if step.event.is_none() && !self.disk.is_idle() {
            return warn!("the last snapshot is still being written; this one is left out");
        }
        let entry = step.event.map(|event| {
            self.last_id += 1;
            Entry {
                id: self.last_id,
                at: rfc3339(now),
                event,
                source: self.kind.to_owned(),
                keys: roll.records().len(),
                difference: step.difference,
                working: step.held.as_ref().map(|held| held.working),
                lost: step.held.as_ref().map(standing::Held::lost),
                to: match &state.standing {
                    Standing::RolledBack(back) => Some(back.to),
                    _ => None,
                },
            }
        });
        let files = Files {
            data_dir: self.data_dir.clone(),
            source: self.source.clone(),
            read_at,
            roll,
            standing: state.standing.clone(),
        };
        self.disk.run(move || files.write(entry.as_ref()));
    }
}

/// What is to be on disk after a step.
struct Files {
    data_dir: PathBuf,
    source: String,
    read_at: i64,
    roll: Arc<Roll>,
    standing: Standing,
}

impl Files {
    fn write(&self, entry: Option<&Entry>) {
        let Self { data_dir, source, read_at, roll, standing } = self;
        let say = |what: &str, done: io::Result<()>| {
            if let Err(error) = done {
                warn!("{what} in {} cannot be written: {error}", data_dir.display());
            }
        };
        if let Some(entry) = entry {
            // In this order, so that what a line speaks of is there. An entry that changed nothing in use has no directory:
            // an hour of edits while a refresh is held must not push out those that one wants back.
            if !entry.difference.is_none() {
                let kept = directories::keep(data_dir, entry.id, source, *read_at, roll);
                say("the directory to go back to", kept);
            }
            say("the audit file", audit::append(data_dir, entry));
        }
        // A standing means nothing beside the keys of another one.
        let saved = SnapshotFile::new(data_dir, source).save(*read_at, roll);
        if saved.is_ok() {
            say("what is held or rolled back", standing::save(data_dir, source, standing));
        }
        say("the snapshot", saved);
    }
}

/// The greatest id so far, so that none is given twice.
fn last_id(data_dir: &Path) -> u64 {
    let entries = match audit::read(data_dir) {
        Ok((entries, _)) => entries,
        Err(error) => {
            warn!("the audit file cannot be read: {error}");
            Vec::new()
        }
    };
    let written = entries.iter().map(|entry| entry.id).max();
    written.max(directories::ids(data_dir).last().copied()).unwrap_or_default()
}
