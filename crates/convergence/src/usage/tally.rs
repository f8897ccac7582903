//! What is counted and not in the database yet. Counting is adding to a number in memory, which is a file's: it waits for
//! no disk, and what was counted is there when the process is killed in the next instant.
//!
//! | what | file |
//! |---|---|
//! | the memory, word by word | `words` |
//! | what stands there, and how it is read back | `record` |
//! | records that requests count in, and the names of their paths | `segment`, `endpoint` |
//! | the files behind them, and what others have left | `files` |
//!
//! Segments are short-lived: twice a second the one in use is retired for a fresh one, whose pages are in memory and may be
//! written. A file's page that has been on its way to the disk may make whoever writes to it next wait for the disk.

mod endpoint;
pub(crate) mod files;
mod record;
mod segment;
mod words;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use endpoint::Endpoint;
pub(crate) use files::SegmentFile;
pub(crate) use record::{About, Contents, Origin, cut};
pub(crate) use segment::Whose;

use super::totals::Kind;
use segment::Segment;
use words::Words;

/// The words of a segment that is the process' own: some 300 records.
const OWN_WORDS: usize = 1 << 13;

/// At least so many words of a fresh segment are in memory before it is used.
const WARM_WORDS: usize = 2_048;

/// How often counting is tried again with a fresh segment. A record is far smaller than a segment, so once is enough unless
/// other threads fill it meanwhile.
const TRIES: usize = 8;

/// What is done when a segment is full.
pub(crate) type OnFull = Box<dyn Fn() + Send + Sync>;

/// Shared by all threads that count.
pub(crate) struct Tally {
    folder: PathBuf,
    instance: String,
    /// A random number for this process.
    run: u64,
    /// Read to count. Written to swap a segment for another.
    stack: RwLock<Stack>,
    /// Called when a segment was full, so that a spare is made soon.
    on_full: OnFull,
    /// Why counts are in this process' memory only; `None` while they are not.
    trouble: Mutex<Option<String>>,
}

struct Stack {
    current: Live,
    spare: Option<Live>,
    retired: Vec<Live>,
    /// Of the last segment that was made.
    sequence: u64,
    /// Whether it was the last rotation, after which no file is made.
    is_closed: bool,
}

/// A segment, and where it is kept.
struct Live {
    segment: Segment,
    file: Option<SegmentFile>,
    origin: Origin,
}

/// A segment that nobody counts in any more.
pub(crate) struct Retired {
    pub(crate) contents: Contents,
    /// Where it is kept; `None` where it is in memory only.
    pub(crate) file: Option<SegmentFile>,
    /// In words.
    length: usize,
}

impl Tally {
    /// Counts in memory until the first [`Tally::rotate`].
    pub(crate) fn new(folder: PathBuf, instance: &str, run: u64, on_full: OnFull) -> Self {
        let stack = Stack {
            current: own(Origin { run, sequence: 0 }, instance),
            spare: None,
            retired: Vec::new(),
            sequence: 0,
            is_closed: false,
        };
        Self {
            folder,
            instance: instance.to_owned(),
            run,
            stack: RwLock::new(stack),
            on_full,
            trouble: Mutex::new(None),
        }
    }

    /// Adds to a count, at this Unix second.
    pub(crate) fn count(&self, whose: Whose<'_>, kind: Kind, number: u64, unix: i64) {
        for _ in 0..TRIES {
            let stack = self.look();
            let sequence = stack.current.origin.sequence;
            if stack.current.segment.count(whose, (kind, number), unix).is_ok() {
                return;
            }
            drop(stack);
            self.change().replace_full(sequence, &self.instance);
            (self.on_full)();
        }
    }

    /// Retires the segment in use, if there is anything in it, and makes a fresh one. Takes as long as the disk does.
    ///
    /// What is returned may be lost by a loss of power until it is [finished](Retired::finish), and by nothing else.
    pub(crate) fn rotate(&self) -> (Vec<Retired>, io::Result<()>) {
        let made = self.make_spare();
        let retired = {
            let mut stack = self.change();
            stack.rotate(&self.instance);
            std::mem::take(&mut stack.retired)
        };
        (retired.into_iter().filter_map(Live::retire).collect(), made)
    }

    /// The last rotation: what is counted from here on is in memory only, and no file is left.
    pub(crate) fn close(&self) -> Vec<Retired> {
        let (retired, spare) = {
            let mut stack = self.change();
            stack.is_closed = true;
            let spare = stack.spare.take();
            stack.retire_for_own(&self.instance);
            (std::mem::take(&mut stack.retired), spare)
        };
        spare.and_then(|spare| spare.file).into_iter().for_each(SegmentFile::remove);
        retired.into_iter().filter_map(Live::retire).collect()
    }

    /// What has kept counts in memory only, if anything has.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn look(&self) -> RwLockReadGuard<'_, Stack> {
        self.stack.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Stack> {
        self.stack.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_spare(&self) -> io::Result<()> {
        let (sequence, warm) = {
            let mut stack = self.change();
            if stack.spare.is_some() || stack.is_closed {
                return Ok(());
            }
            stack.sequence += 1;
            (stack.sequence, stack.current.segment.length() * 2)
        };
        let origin = Origin { run: self.run, sequence };
        let (file, words) = SegmentFile::make(&self.folder, origin)?;
        words.warm(warm.max(WARM_WORDS));
        let segment = Segment::new(words, origin, &self.instance);
        let spare = Live { segment, file: Some(file), origin };
        self.change().spare = Some(spare);
        Ok(())
    }
}

impl Stack {
    /// Swaps the segment of this number, which is full, for the spare, or for memory of the process where there is none.
    fn replace_full(&mut self, sequence: u64, instance: &str) {
        if self.current.origin.sequence != sequence {
            return;
        }
        match self.spare.take() {
            Some(spare) => self.retired.push(std::mem::replace(&mut self.current, spare)),
            None => self.retire_for_own(instance),
        }
    }

    /// Swaps a segment that is used, or in memory only, for the spare if there is one.
    fn rotate(&mut self, instance: &str) {
        let is_own = self.current.file.is_none();
        let is_used = self.current.segment.is_used();
        match self.spare.take_if(|_| is_used || is_own) {
            Some(spare) => self.retired.push(std::mem::replace(&mut self.current, spare)),
            None if is_used => self.retire_for_own(instance),
            None => {}
        }
    }

    fn retire_for_own(&mut self, instance: &str) {
        self.sequence += 1;
        let fresh = own(Origin { sequence: self.sequence, ..self.current.origin }, instance);
        self.retired.push(std::mem::replace(&mut self.current, fresh));
    }
}

impl Live {
    fn retire(self) -> Option<Retired> {
        let (contents, length) = (self.segment.contents()?, self.segment.length());
        Some(Retired { contents, file: self.file, length })
    }
}

impl Retired {
    /// Waits until it is on the disk.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.finish(self.length))
    }
}

/// A segment that ends with the process.
fn own(origin: Origin, instance: &str) -> Live {
    Live { segment: Segment::new(Words::own(OWN_WORDS), origin, instance), file: None, origin }
}
