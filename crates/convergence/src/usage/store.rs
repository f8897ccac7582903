//! The database of counts: `ledger.db`, by `SQLite` in its WAL mode.
//!
//! Three tables of one shape have the same counts by minute, by hour and by UTC day, each for as long as it is kept, so that
//! no question has to look at more than one of them. What is added is added to all three in one transaction, together with
//! the number of the segment that it has come from: a segment counts once, however often it is taken in.

mod read;
mod schema;
mod write;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub(crate) use read::{Group, Line, Question, begin_of};
pub(crate) use write::Batch;

/// For how long minutes and hours are kept, in seconds. Days are kept for ever.
pub(crate) const KEPT_MINUTES: i64 = 48 * 3_600;
pub(crate) const KEPT_HOURS: i64 = 90 * 86_400;

const FILE: &str = "ledger.db";

/// How long a look waits for a write, or the other way round.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Store {
    connection: Connection,
}

/// What is wrong with it, in the library's words.
pub(crate) type StoreError = rusqlite::Error;

impl Store {
    /// Opens it for writing, and makes it if it is not there.
    ///
    /// # Errors
    /// It cannot be written, or is none of ours.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        // For nobody else to read; SQLite gives its other files the same mode. What goes wrong it says itself.
        let _ = OpenOptions::new().append(true).create(true).mode(0o600).open(path(folder));
        let connection = Connection::open(path(folder))?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What is committed is on the disk: a segment is removed after that, and only then.
        connection.pragma_update(None, "synchronous", "FULL")?;
        schema::make(&connection)?;
        Ok(Self { connection })
    }

    /// Opens it to look only; `None` where it is not there, or only just being made.
    ///
    /// # Errors
    /// It cannot be read, or is of another version of this program.
    pub(crate) fn look(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = path(folder);
        if !path.exists() {
            return Ok(None);
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(PATIENCE)?;
        if !schema::is_made(&connection)? {
            return Ok(None);
        }
        // All looks see one moment.
        connection.execute_batch("BEGIN")?;
        Ok(Some(Self { connection }))
    }
}

/// Where it is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Whether the file itself is damaged, or no database at all: then nothing but another file helps.
pub(crate) fn is_beyond_repair(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}
