//! `KEYS_FILE`: the keys in a CSV file with the sheet's columns.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::{Cell, Rules, Table, TableReader};
use jiff::tz::TimeZone;

use super::{KeySource, SourceError};
use crate::clock::Clock;

/// How often the file's metadata is looked at. A save is read once two looks in a row agree, so within two of these.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How much of the file is read at a time, in bytes. The first line has to fit.
const BUFFER: usize = 1 << 18;

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

    /// Each row is read as it is parsed, so that the file's cells never stand in memory together.
    async fn read(&mut self, default_limit: Option<u32>) -> Result<Table, SourceError> {
        self.seen = self.stamp();
        let path = self.path.clone();
        let rules = Rules { time_zone: self.time_zone.clone(), default_limit };
        let read = move || {
            let mut table = TableReader::new(&rules);
            let parsed = rows(open(&path)?, |cells| table.row(cells));
            Ok((parsed, table.finish()))
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other).flatten();
        let (parsed, table) = read.map_err(|error| unreadable(&self.path, &error))?;
        if self.stamp() != self.seen {
            return Err(broken("it is being written"));
        }
        parsed.map_err(|error| broken(&error))?;
        Ok(table?)
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

/// Every row of a file, for whoever wants to look at its cells.
pub(crate) fn grid(path: &Path) -> Result<Vec<Vec<Cell>>, SourceError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes).map_err(|error| broken(&error))
}

fn open(path: &Path) -> std::io::Result<impl BufRead> {
    Ok(BufReader::with_capacity(BUFFER, File::open(path)?))
}

fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    let detail = format!("KEYS_FILE {} cannot be read: {error}", path.display());
    SourceError::new("the keys file cannot be read", detail)
}

pub(super) fn broken(why: &str) -> SourceError {
    let message = format!("the keys file is broken or half-written: {why}");
    let detail = format!("{message}; mend it and save it again");
    SourceError::new(message, detail)
}

/// Reads CSV whole, see [`rows`].
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Vec<Cell>>, String> {
    let mut grid = Vec::new();
    rows(bytes, |cells| grid.push(cells.to_vec()))?;
    Ok(grid)
}

/// Reads CSV (RFC 4180), separated by commas, semicolons or tabs, whichever the first line has. Every line must have
/// as many fields as the first: a missing or an extra comma would move cells into other columns.
///
/// # Errors
/// The line and what is wrong with it, without its content.
fn rows(mut file: impl BufRead, mut each: impl FnMut(&[Cell])) -> Result<(), String> {
    let start = file.fill_buf().map_err(|_| "its beginning cannot be read".to_owned())?;
    let mark = "\u{feff}".as_bytes();
    let mark = if start.starts_with(mark) { mark.len() } else { 0 };
    let delimiter = delimiter(&start[mark..]);
    file.consume(mark);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(file);
    // One record and one row of cells, filled again and again.
    let (mut record, mut cells) = (csv::StringRecord::new(), Vec::new());
    while reader.read_record(&mut record).map_err(|error| explain(&error))? {
        cells.resize(record.len(), Cell::Empty);
        record.iter().zip(&mut cells).for_each(|(field, cell)| fill(cell, field));
        each(&cells);
    }
    Ok(())
}

fn fill(cell: &mut Cell, field: &str) {
    match cell {
        _ if field.is_empty() => *cell = Cell::Empty,
        Cell::Text(text) => {
            text.clear();
            text.push_str(field);
        }
        _ => *cell = Cell::Text(field.to_owned()),
    }
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
