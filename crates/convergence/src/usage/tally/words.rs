//! The memory that counts stand in: a file's pages, which outlive the process, or the process' own where no file can be had.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Numbers of 64 bits, by their place.
pub(super) enum Words {
    /// A file that is mapped whole, and that nobody makes shorter.
    Mapped {
        map: MmapRaw,
        length: usize,
    },
    Own(Box<[AtomicU64]>),
}

impl Words {
    /// A page of memory, in words. The smallest that there is: a larger one is touched more than once.
    const PAGE: usize = 4_096 / size_of::<u64>();

    /// Of a file that is at least this many words long, all of which have room on the disk.
    ///
    /// A file in which somebody else cuts a mapped page off ends the process by SIGBUS at the next count: it lies in a folder
    /// that is the server's alone.
    pub(super) fn of_file(file: &File, length: usize) -> std::io::Result<Self> {
        let map = MmapOptions::new().len(length * size_of::<u64>()).map_raw(file)?;
        Ok(Self::Mapped { map, length })
    }

    /// Of the process. They end with it.
    pub(super) fn own(length: usize) -> Self {
        Self::Own((0..length).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Mapped { length, .. } => *length,
            Self::Own(words) => words.len(),
        }
    }

    /// The word at a place within [`Words::len`].
    #[expect(clippy::cast_ptr_alignment, reason = "a map begins at a page")]
    #[expect(
        unsafe_code,
        reason = "memory that other processes may map as well is reached by its address only"
    )]
    pub(super) fn at(&self, place: usize) -> &AtomicU64 {
        match self {
            Self::Own(words) => &words[place],
            Self::Mapped { map, length } => {
                assert!(place < *length, "a word is within its file");
                // SAFETY: the map is `length` words long and lives as long as `self`, whose borrow the reference has; it begins at a
                // page, so each word is aligned; every access in this process is by this method, and so atomic.
                unsafe { AtomicU64::from_ptr(map.as_mut_ptr().cast::<u64>().add(place)) }
            }
        }
    }

    /// Writes to the pages of the first words, so that the first request that counts there finds them in memory and
    /// writable: the kernel may let whoever dirties a clean page of a file wait for the disk.
    pub(super) fn warm(&self, length: usize) {
        for place in (0..length.min(self.len())).step_by(Self::PAGE) {
            self.at(place).fetch_add(0, Ordering::Relaxed);
        }
    }

    /// A copy of the first words.
    pub(super) fn copy(&self, length: usize) -> Vec<u64> {
        (0..length.min(self.len())).map(|place| self.at(place).load(Ordering::Acquire)).collect()
    }
}
