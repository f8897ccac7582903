//! The audit file: a JSON line for each refresh that changed what is in use, or was kept from it. By fingerprint.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::difference::Difference;

/// A file of this many bytes becomes the older one, in place of the one before: both together stay within twice this
/// and a line.
const MOST_BYTES: u64 = 8 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Counts up from 1 for as long as `DATA_DIR` lasts.
    pub(crate) id: u64,
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) event: Event,
    /// `google_sheets` or `file`.
    pub(crate) source: String,
    /// How many keys are in use after it, the refused ones included.
    pub(crate) keys: usize,
    /// What it changed in the directory in use.
    #[serde(flatten)]
    pub(crate) difference: Difference,
    /// Of a refresh that is held, or was and is accepted: the keys that worked before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) working: Option<usize>,
    /// And how many of them it has lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<usize>,
    /// The entry that was rolled back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<u64>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// What the source says is in use.
    Applied,
    /// Kept from use, but for what it says against keys.
    Held,
    /// In use because a person said so, after it was held.
    Accepted,
    /// An earlier directory is in use because a person said so.
    RolledBack,
}

impl Event {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Event::Applied => "applied",
            Event::Held => "held",
            Event::Accepted => "accepted",
            Event::RolledBack => "rolled_back",
        }
    }
}

/// Adds a line, with one write. A line that a crash has torn is ended first.
pub(super) fn append(data_dir: &Path, entry: &Entry) -> io::Result<()> {
    let path = path(data_dir);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() >= MOST_BYTES) {
        fs::rename(&path, older(data_dir))?;
    }
    let mut file = fs::OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
    let mut line = if ends_torn(&mut file)? { b"\n".to_vec() } else { Vec::new() };
    serde_json::to_writer(&mut line, entry)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

/// All entries that are there, from the oldest on, and how many lines could not be read.
///
/// # Errors
/// A file is there and cannot be read.
pub(crate) fn read(data_dir: &Path) -> io::Result<(Vec<Entry>, usize)> {
    let (mut entries, mut unreadable) = (Vec::new(), 0);
    for path in [older(data_dir), path(data_dir)] {
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(entry) => entries.push(entry),
                Err(_) => unreadable += 1,
            }
        }
    }
    Ok((entries, unreadable))
}

fn ends_torn(file: &mut fs::File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/audit.jsonl")
}

fn older(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/audit.older.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64) -> Entry {
        Entry {
            id,
            at: "2025-12-01T00:00:00Z".to_owned(),
            event: Event::Applied,
            source: "file".to_owned(),
            keys: 1,
            difference: Difference::default(),
            working: None,
            lost: None,
            to: None,
        }
    }

    #[test]
    fn a_torn_line_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), &entry(1)).unwrap();
        let file = path(folder.path());
        let torn = [fs::read(&file).unwrap(), br#"{"id":2,"at""#.to_vec()].concat();
        fs::write(&file, torn).unwrap();
        append(folder.path(), &entry(3)).unwrap();
        assert_eq!(read(folder.path()).unwrap(), (vec![entry(1), entry(3)], 1));
    }

    #[test]
    fn a_full_file_becomes_the_older_one_and_is_still_read() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), &entry(1)).unwrap();
        let file = fs::OpenOptions::new().append(true).open(path(folder.path())).unwrap();
        file.set_len(MOST_BYTES).unwrap();
        append(folder.path(), &entry(2)).unwrap();
        assert!(fs::metadata(path(folder.path())).unwrap().len() < 1_000);
        let (entries, unreadable) = read(folder.path()).unwrap();
        assert_eq!((entries, unreadable), (vec![entry(1), entry(2)], 1), "the filling is one bad line");
    }
}
