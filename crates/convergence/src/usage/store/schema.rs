//! The tables, and whether they are there.

use rusqlite::Connection;

use super::StoreError;

/// Raised when the meaning of a table changes.
const VERSION: i64 = 1;

/// The three tables of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Minutes,
    Hours,
    Days,
}

/// Adds a row to one that may be there.
macro_rules! add {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET
              admitted = admitted + excluded.admitted, rate_limited = rate_limited + excluded.rate_limited,
              quota_exceeded = quota_exceeded + excluded.quota_exceeded, denied = denied + excluded.denied,
              failed = failed + excluded.failed, shadow_limited = shadow_limited + excluded.shadow_limited,
              audio_ms = audio_ms + excluded.audio_ms, last_used_at = max(last_used_at, excluded.last_used_at)"
        )
    };
}

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// The statement that adds a row.
    pub(super) const fn add(self) -> &'static str {
        match self {
            Self::Minutes => add!("minutes"),
            Self::Hours => add!("hours"),
            Self::Days => add!("days"),
        }
    }
}

/// Makes what is missing.
pub(super) fn make(connection: &Connection) -> Result<(), StoreError> {
    if is_made(connection)? {
        return Ok(());
    }
    let tables = [Table::Minutes, Table::Hours, Table::Days].map(Table::name).map(counts).concat();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, taken INTEGER NOT NULL, at INTEGER NOT NULL);
         CREATE TABLE IF NOT EXISTS settled (instance TEXT PRIMARY KEY) WITHOUT ROWID;
         {tables}
         PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// The statement that makes a table of counts.
fn counts(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            at INTEGER NOT NULL, client INTEGER NOT NULL, key INTEGER NOT NULL, endpoint INTEGER NOT NULL,
            instance INTEGER NOT NULL, admitted INTEGER NOT NULL, rate_limited INTEGER NOT NULL,
            quota_exceeded INTEGER NOT NULL, denied INTEGER NOT NULL, failed INTEGER NOT NULL,
            shadow_limited INTEGER NOT NULL, audio_ms INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
            PRIMARY KEY (at, client, key, endpoint, instance)) WITHOUT ROWID;"
    )
}

/// Whether the tables are there.
///
/// # Errors
/// A later version of this program has made them.
pub(super) fn is_made(connection: &Connection) -> Result<bool, StoreError> {
    match connection.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => Ok(false),
        VERSION => Ok(true),
        other => {
            let words =
                format!("it is of another version of convergence ({other}, and this one knows {VERSION})");
            Err(StoreError::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISMATCH),
                Some(words),
            ))
        }
    }
}
