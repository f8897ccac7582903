//! Segments as files of a folder, where they outlive their process: `<run>-<sequence>.tally`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use tracing::warn;

use super::record::{self, Contents, Origin};
use super::words::Words;

/// Room for some 25,000 records, or where the disk has less, for some 400. What is not used of it is given back when the
/// segment is retired.
const SIZES: [usize; 2] = [4 << 20, 64 << 10];

/// How much of a segment is looked at first, in bytes.
const PIECE: u64 = 64 << 10;

const ENDING: &str = "tally";

/// A segment's file, which nobody else takes for a leftover as long as this is held.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    file: File,
    path: PathBuf,
}

impl SegmentFile {
    /// A new one, empty, with room on the disk for all that it may hold.
    pub(super) fn make(folder: &Path, origin: Origin) -> io::Result<(Self, Words)> {
        make_folder(folder)?;
        let path = folder.join(format!("{:016x}-{}.{ENDING}", origin.run, origin.sequence));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let made = Self { file, path };
        let words = made.take_room().and_then(|bytes| Words::of_file(&made.file, bytes / size_of::<u64>()));
        match words {
            Ok(words) => Ok((made, words)),
            Err(error) => {
                made.remove();
                Err(error)
            }
        }
    }

    /// Makes it as long as there is room, and returns how many bytes that is. A page without room on the disk would end the
    /// process when it is written.
    fn take_room(&self) -> io::Result<usize> {
        self.file.try_lock().map_err(io::Error::from)?;
        let take = |bytes: usize| match rustix::fs::fallocate(
            &self.file,
            FallocateFlags::empty(),
            0,
            bytes as u64,
        ) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => (&self.file).write_all(&vec![0; bytes]),
            done => Ok(done?),
        };
        let [most, least] = SIZES;
        match take(most) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.file.set_len(0)?;
                take(least).map(|()| least)
            }
            taken => taken.map(|()| most),
        }
    }

    /// Gives back what is not used, and waits until the rest is on the disk. Nobody counts there any more.
    pub(super) fn finish(&self, words: usize) -> io::Result<()> {
        self.file.set_len((words * size_of::<u64>()) as u64)?;
        self.file.sync_data()
    }

    /// What was counted there is kept elsewhere.
    pub(crate) fn remove(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!("{} cannot be removed: {error}; it is counted once all the same", self.path.display());
        }
    }
}

/// What processes have left that have ended otherwise than by a stop, in the order in which it was counted. Those of
/// processes that run are theirs.
pub(crate) fn leftovers(folder: &Path) -> io::Result<Vec<(Contents, SegmentFile)>> {
    let mut found = Vec::new();
    for path in paths(folder)? {
        let Some(left) = open_leftover(&path)? else { continue };
        match record::read(&record::words(&read(&left.file)?)) {
            Some(contents) => found.push((contents, left)),
            // It had no head yet.
            None if read(&left.file)?.iter().all(|byte| *byte == 0) => left.remove(),
            None => set_aside(&path),
        }
    }
    found.sort_by_key(|(contents, _)| contents.origin);
    Ok(found)
}

/// What is counted and not in the database yet, for whoever only looks; some of it may be there meanwhile.
pub(crate) fn peek(folder: &Path) -> io::Result<Vec<Contents>> {
    let mut found = Vec::new();
    for path in paths(folder)? {
        match File::open(&path).and_then(|file| peek_at(&file)) {
            Ok(contents) => found.extend(contents),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A segment, of which only the part in use is read: most of the file is room.
fn peek_at(file: &File) -> io::Result<Option<Contents>> {
    let mut bytes = Vec::new();
    loop {
        // Twice as much each time.
        let more = file.take(PIECE.max(bytes.len() as u64)).read_to_end(&mut bytes)?;
        let contents = record::read(&record::words(&bytes));
        if more == 0 || contents.as_ref().is_some_and(|contents| contents.is_whole) {
            return Ok(contents);
        }
    }
}

/// Makes the folder if it is not there, for nobody else to look into.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == ENDING);
    paths.filter(|path| path.as_ref().map_or(true, is_segment)).collect()
}

/// Opens a file that no process has; one that is gone meanwhile was somebody else's leftover.
fn open_leftover(path: &Path) -> io::Result<Option<SegmentFile>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock() {
        Ok(()) if path.exists() => Ok(Some(SegmentFile { file, path: path.to_owned() })),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn read(mut file: &File) -> io::Result<Vec<u8>> {
    use std::io::Seek;
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn set_aside(path: &Path) {
    let aside = path.with_extension("bad");
    warn!("{} is no segment of counts and is kept as {}", path.display(), aside.display());
    if let Err(error) = fs::rename(path, &aside) {
        warn!("{} cannot be renamed: {error}", path.display());
    }
}
