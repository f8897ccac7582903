//! What is kept no longer: recordings by their age, and the oldest of too many.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{LINES, OUTCOME, REQUEST, Store, entries};

/// The part of all bytes that lines which were paid for may take.
const LINES_SHARE: u64 = 4;

impl Store {
    /// Removes what was finished longer than `retention` ago, the oldest of what is more than `most` bytes, and what a server
    /// that was killed has left. Says how many recordings that were. What `is_live` is left alone. Lines go before recordings,
    /// which nobody can have again.
    ///
    /// # Errors
    /// The disk's.
    pub(in crate::audio) fn sweep(
        &self,
        retention: Duration,
        most: u64,
        is_live: impl Fn(Uuid) -> bool,
    ) -> io::Result<usize> {
        let oldest = SystemTime::now().checked_sub(retention).unwrap_or(SystemTime::UNIX_EPOCH);
        let (_, lines) =
            expire(self.kept_lines()?, oldest, most / LINES_SHARE, |file| fs::remove_file(file))?;
        let mut kept = Vec::new();
        for folder in self.folders()? {
            if is_live(folder.id) || folder.path.join(REQUEST).exists() && !folder.path.join(OUTCOME).exists()
            {
                continue;
            }
            kept.push((last_change(&folder.path)?, size(&folder.path)?, folder.path));
        }
        let (removed, _) =
            expire(kept, oldest, most.saturating_sub(lines), |folder| fs::remove_dir_all(folder))?;
        Ok(removed)
    }

    /// The lines of all owners. One that is being written may be gone a moment later.
    fn kept_lines(&self) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for owner in entries(&self.root)? {
            if !owner.file_type()?.is_dir() {
                continue;
            }
            for file in entries(&owner.path().join(LINES))? {
                if let Ok(found) = file.metadata() {
                    kept.push((found.modified()?, found.len(), file.path()));
                }
            }
        }
        Ok(kept)
    }
}

/// When something was last written to, its bytes, and where it is.
type Kept = (SystemTime, u64, PathBuf);

/// Removes what is older than `oldest`, and the oldest of what is more than `most` bytes. Says how many that were, and how many
/// bytes are left.
fn expire(
    mut kept: Vec<Kept>,
    oldest: SystemTime,
    most: u64,
    remove: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<(usize, u64)> {
    kept.sort();
    let (mut bytes, mut removed) = (kept.iter().map(|(_, size, _)| size).sum::<u64>(), 0);
    for (changed, size, path) in kept {
        if changed >= oldest && bytes <= most {
            break;
        }
        match remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        bytes -= size;
        removed += 1;
    }
    Ok((removed, bytes))
}

/// When something was last written to a folder or a file in it.
fn last_change(folder: &Path) -> io::Result<SystemTime> {
    let files = entries(folder)?.into_iter().map(|file| file.metadata()?.modified());
    let latest = files.collect::<io::Result<Vec<_>>>()?.into_iter().max();
    latest.map_or_else(|| folder.metadata()?.modified(), Ok)
}

fn size(folder: &Path) -> io::Result<u64> {
    entries(folder)?.into_iter().map(|file| Ok(file.metadata()?.len())).sum()
}
