//! `KEYS_FILE`: the keys in a CSV file with the sheet's columns.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::Cell;
use jiff::tz::TimeZone;

use super::{KeySource, Rows, SourceError};
use crate::clock::Clock;

/// How often the file's metadata is looked at. A save is read once two looks in a row agree, so within two of these.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A CSV file, read anew after each save. Its metadata is polled: that works on network and overlay file systems and
/// across the symbolic links that container platforms swap, where change events do not.
pub(crate) struct CsvFile {
    path: PathBuf,
    time_zone: TimeZone,
    clock: Arc<dyn Clock>,
    /// The file as it was when it was last read, well or badly.
    seen: Option<Stamp>,
}

/// What tells one save of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// `None` where there is no file. A look at a local file's metadata takes microseconds, so it is not worth another
    /// thread.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Some(Self { inode: metadata.ino(), bytes: metadata.len(), modified })
    }
}

impl CsvFile {
    pub(crate) fn new(path: PathBuf, time_zone: TimeZone, clock: Arc<dyn Clock>) -> Self {
        Self { path, time_zone, clock, seen: None }
    }

    fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.path)
    }
}

impl KeySource for CsvFile {
    fn identity(&self) -> String {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        format!("file {} {:?}", path.display(), self.time_zone.iana_name())
    }

    async fn read(&mut self) -> Result<Rows, SourceError> {
        self.seen = self.stamp();
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        let bytes = read.map_err(std::io::Error::other).flatten().map_err(|error| {
            let detail = format!("KEYS_FILE {} cannot be read: {error}", self.path.display());
            SourceError::new("the keys file cannot be read", detail)
        })?;
        if self.stamp() != self.seen {
            return Err(broken("it is being written"));
        }
        let grid = parse(&bytes).map_err(|error| broken(&error))?;
        Ok(Rows { grid, time_zone: self.time_zone.clone() })
    }

    async fn changed(&mut self) {
        let mut last_look = self.seen;
        loop {
            self.clock.sleep(LOOK_EVERY).await;
            let look = self.stamp();
            if look != self.seen && look == last_look {
                return;
            }
            last_look = look;
        }
    }
}

pub(super) fn broken(why: &str) -> SourceError {
    let message = format!("the keys file is broken or half-written: {why}");
    let detail = format!("{message}; mend it and save it again");
    SourceError::new(message, detail)
}

/// Reads CSV (RFC 4180), separated by commas, semicolons or tabs, whichever the first line has. Every line must have
/// as many fields as the first: a missing or an extra comma would move cells into other columns.
///
/// # Errors
/// The line and what is wrong with it, without its content.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Vec<Cell>>, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter(bytes)).from_reader(bytes);
    reader
        .records()
        .map(|record| match record {
            Ok(record) => Ok(record.iter().map(cell).collect()),
            Err(error) => Err(explain(&error)),
        })
        .collect()
}

fn cell(field: &str) -> Cell {
    if field.is_empty() { Cell::Empty } else { Cell::Text(field.to_owned()) }
}

pub(super) fn delimiter(bytes: &[u8]) -> u8 {
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let pieces = |delimiter: u8| first_line.split(|byte| *byte == delimiter).count();
    // The last of equals wins, so a line without any is a line of commas.
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| pieces(*delimiter)).unwrap_or(b',')
}

fn explain(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line} has {len} fields where the first has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("line {line} is not UTF-8; save the file as UTF-8"),
        _ => format!("line {line} cannot be read as CSV"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        parse(bytes).map(|grid| grid.iter().map(|row| row.iter().map(text).collect()).collect())
    }

    #[test]
    fn separators_marks_and_quotes_are_read_as_spreadsheets_write_them() {
        let expected =
            Ok(vec![vec!["api_key".to_owned(), "client_name".into()], vec!["k".into(), "A, B".into()]]);
        assert_eq!(texts(b"api_key,client_name\nk,\"A, B\"\n"), expected);
        assert_eq!(texts("\u{feff}api_key;client_name\r\nk;A, B\r\n".as_bytes()), expected);
        assert_eq!(texts(b"api_key\tclient_name\nk\tA, B"), expected);
    }

    #[test]
    fn a_line_with_another_number_of_fields_breaks_the_file() {
        assert_eq!(texts(b"a,b,c\n1,2,3\n1,2"), Err("line 3 has 2 fields where the first has 3".to_owned()));
        assert_eq!(texts(b"a,b\n1,2,3\n"), Err("line 2 has 3 fields where the first has 2".to_owned()));
        assert_eq!(texts(b"a,b\n1,\xff\n"), Err("line 2 is not UTF-8; save the file as UTF-8".to_owned()));
    }
}
