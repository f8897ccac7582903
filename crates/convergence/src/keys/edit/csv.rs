//! `KEYS_FILE`, changed: the bytes of all other cells, rows and lines stay as they are, and the file is replaced whole.

use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use gate::{Cell, KeyHash};
use jiff::tz::TimeZone;

use super::{Change, NewRow, Rows, Seen, spans, told};
use crate::keys::csv::{Stamp, broken, delimiter, parse};

/// A CSV file of keys.
pub(crate) struct CsvTable {
    path: PathBuf,
    time_zone: TimeZone,
    default_limit: Option<u32>,
}

impl CsvTable {
    pub(super) fn new(path: PathBuf, time_zone: TimeZone, default_limit: Option<u32>) -> Self {
        Self { path, time_zone, default_limit }
    }

    pub(super) fn look(&self) -> anyhow::Result<Seen> {
        let bytes = fs::read(&self.path)
            .with_context(|| format!("KEYS_FILE {} cannot be read", self.path.display()))?;
        self.seen(&bytes)
    }

    pub(super) fn change(&self, seen: &Seen, changes: &[Change]) -> anyhow::Result<()> {
        let held = Held::open(&self.path)?;
        let fresh = self.seen(&held.bytes)?;
        fresh.verify(seen, changes)?;
        let (mut wanted, mut edits) = (fresh.grid.clone(), Vec::new());
        let fields = held.fields(&fresh.grid)?;
        for change in changes {
            for (column, cell) in &change.cells {
                let text = text(cell);
                let place = fields.get(change.row).and_then(|fields| fields.get(*column));
                let place = place.context("a cell to be changed is not in the file")?.clone();
                edits.push((place, spans::field(&text, held.delimiter)));
                wanted[change.row][*column] = as_read(text);
            }
        }
        held.replace(&with_edits(&held.bytes, edits), &wanted).map(drop)
    }

    pub(super) fn add(&self, key: KeyHash, row: &NewRow) -> anyhow::Result<Vec<u32>> {
        let held = Held::open(&self.path)?;
        let mut wanted = self.seen(&held.bytes)?.grid;
        held.fields(&wanted)?;
        let width = wanted.first().map_or(0, Vec::len);
        ensure!(row.cells.len() <= width, "the file's columns have changed meanwhile; run this again");
        let mut texts: Vec<String> = row.cells.iter().map(text).collect();
        texts.resize(width, String::new());
        let delimiter = char::from(held.delimiter).to_string();
        let line: Vec<String> = texts.iter().map(|text| spans::field(text, held.delimiter)).collect();
        wanted.push(texts.into_iter().map(as_read).collect());
        let mut bytes = held.bytes.clone();
        let line_end = spans::line_end(&bytes);
        if !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
            bytes.extend_from_slice(line_end.as_bytes());
        }
        bytes.extend_from_slice(line.join(&delimiter).as_bytes());
        bytes.extend_from_slice(line_end.as_bytes());
        let _still_held = held.replace(&bytes, &wanted)?;
        Ok(self.look()?.rows_of(key).iter().map(|row| row.record.row).collect())
    }

    fn seen(&self, bytes: &[u8]) -> anyhow::Result<Seen> {
        let grid = parse(bytes).map_err(|error| told(broken(&error)))?;
        Seen::of(Rows { grid, time_zone: self.time_zone.clone() }, self.default_limit)
    }
}

/// The file, read, and locked against others who change it with this program.
struct Held {
    /// Where it really is: a symbolic link stays one.
    path: PathBuf,
    bytes: Vec<u8>,
    delimiter: u8,
    stamp: Option<Stamp>,
    file: File,
}

impl Held {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("KEYS_FILE {} cannot be opened", path.display());
        let path = path.canonicalize().with_context(named)?;
        let file = File::open(&path).with_context(named)?;
        // Some network file systems know no locks; what is compared before the file is replaced still holds there.
        let _ = file.lock();
        // Whoever held the lock before may have put another file in its place.
        let same =
            fs::metadata(&path).is_ok_and(|now| file.metadata().is_ok_and(|held| held.ino() == now.ino()));
        ensure!(
            same,
            "the keys file was changed by somebody else meanwhile; nothing was written; run this again"
        );
        let stamp = Stamp::of(&path);
        let bytes = fs::read(&path).with_context(named)?;
        let delimiter = delimiter(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes));
        Ok(Self { path, bytes, delimiter, stamp, file })
    }

    /// Where the fields stand.
    ///
    /// # Errors
    /// They do not spell what was read.
    fn fields(&self, grid: &[Vec<Cell>]) -> anyhow::Result<Vec<Vec<Range<usize>>>> {
        let fields = spans::of(&self.bytes, self.delimiter);
        ensure!(
            fields.iter().map(Vec::len).eq(grid.iter().map(Vec::len)),
            "the keys file is written in a way that cannot be changed safely; nothing was written; edit it by hand"
        );
        Ok(fields)
    }

    /// Writes a file beside this one, checks that it reads as `wanted`, and renames it over this one, unless that has
    /// changed: a reader sees the one or the other, never half of it. The new file is locked from before it is there until
    /// what is returned is dropped: whoever changes it next waits until it has been read back.
    fn replace(&self, bytes: &[u8], wanted: &[Vec<Cell>]) -> anyhow::Result<File> {
        let read = parse(bytes).ok();
        ensure!(
            read.as_deref() == Some(wanted),
            "the keys file is written in a way that cannot be changed safely; nothing was written; edit it by hand"
        );
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let beside = || format!("the folder {} cannot be written to; nothing was changed", folder.display());
        let mut new = tempfile::NamedTempFile::new_in(folder).with_context(beside)?;
        self.same_owner(new.as_file()).context(
            "the new keys file cannot get the owner and the permissions of the old one; nothing was changed",
        )?;
        new.write_all(bytes).and_then(|()| new.as_file().sync_all()).with_context(beside)?;
        ensure!(
            Stamp::of(&self.path) == self.stamp,
            "the keys file was changed by somebody else meanwhile; nothing was written; run this again"
        );
        let _ = new.as_file().lock();
        let new = new.persist(&self.path).with_context(beside)?;
        // The rename is done; that it lasts through a power cut is worth an attempt.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        let now = fs::read(&self.path).ok().and_then(|bytes| parse(&bytes).ok());
        ensure!(
            now.as_deref() == Some(wanted),
            "the change was written, and the keys file reads otherwise now: somebody else has changed it; look at it"
        );
        Ok(new)
    }

    /// The server may run as another user than whoever changes keys: it must still be able to read the file.
    fn same_owner(&self, new: &File) -> std::io::Result<()> {
        let (old, mine) = (self.file.metadata()?, new.metadata()?);
        if (old.uid(), old.gid()) != (mine.uid(), mine.gid()) {
            fchown(new, Some(old.uid()), Some(old.gid()))?;
        }
        new.set_permissions(old.permissions())
    }
}

/// The bytes with some of their ranges replaced.
fn with_edits(bytes: &[u8], mut edits: Vec<(Range<usize>, String)>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut result, mut copied) = (Vec::with_capacity(bytes.len() + 64), 0);
    for (range, text) in edits {
        result.extend_from_slice(&bytes[copied..range.start]);
        result.extend_from_slice(text.as_bytes());
        copied = range.end;
    }
    result.extend_from_slice(&bytes[copied..]);
    result
}

/// As a spreadsheet would save it.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(true) => "TRUE".to_owned(),
        Cell::Bool(false) => "FALSE".to_owned(),
    }
}

fn as_read(text: String) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}
