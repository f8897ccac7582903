//! The directories that were in use, one file for each entry of the audit file, so that any of them can be brought back.
//! In the snapshot's format: hashes only.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::roll::Roll;
use super::snapshot::{self, Snapshot, SnapshotFile};

/// How many are kept, and how many bytes they may fill together.
const MOST: usize = 50;
const MOST_BYTES: u64 = 256 << 20;

/// However large they are, there is one to go back to from the last.
const FEWEST: usize = 2;

/// Keeps the directory of an entry, and removes the oldest beyond the bounds.
pub(super) fn keep(data_dir: &Path, id: u64, source: &str, read_at: i64, roll: &Roll) -> io::Result<()> {
    SnapshotFile::at(path(data_dir, id), source).save(read_at, roll)?;
    prune(data_dir, MOST, MOST_BYTES)
}

/// The directory of an entry.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn read(data_dir: &Path, id: u64) -> io::Result<Snapshot> {
    snapshot::read(&path(data_dir, id))
}

/// The entries whose directories are there, from the oldest to the newest.
pub(crate) fn ids(data_dir: &Path) -> Vec<u64> {
    let files = fs::read_dir(folder(data_dir)).into_iter().flatten().flatten();
    let id = |file: fs::DirEntry| file.file_name().to_str()?.strip_suffix(".jsonl")?.parse().ok();
    let mut ids: Vec<u64> = files.filter_map(id).collect();
    ids.sort_unstable();
    ids
}

fn prune(data_dir: &Path, most: usize, most_bytes: u64) -> io::Result<()> {
    let mut bytes = 0;
    for (place, id) in ids(data_dir).into_iter().rev().enumerate() {
        let file = path(data_dir, id);
        bytes += fs::metadata(&file)?.len();
        if place >= FEWEST && (place >= most || bytes > most_bytes) {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/directories")
}

fn path(data_dir: &Path, id: u64) -> PathBuf {
    folder(data_dir).join(format!("{id}.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::samples::record;

    #[test]
    fn the_oldest_go_first_and_two_always_stay() {
        let folder = tempfile::tempdir().unwrap();
        let roll = Roll::of(vec![record("a")]);
        for id in [8, 9, 10, 11] {
            keep(folder.path(), id, "source", 5, &roll).unwrap();
        }
        prune(folder.path(), 3, u64::MAX).unwrap();
        assert_eq!(ids(folder.path()), [9, 10, 11]);
        prune(folder.path(), 3, 1).unwrap();
        assert_eq!(ids(folder.path()), [10, 11]);
        let kept = read(folder.path(), 11).unwrap();
        assert_eq!((kept.source.as_str(), kept.read_at, kept.roll), ("source", 5, roll));
    }
}
