//! A table with a bound: what belongs to a hash has one set of places where it may stand. It is made a part at a time, so that
//! it takes no memory while nothing stands in it.

use std::sync::OnceLock;

/// How many there are.
#[cfg(test)]
pub(super) const SETS: usize = PARTS * SETS_OF_A_PART;

const PARTS: usize = 256;

const SETS_OF_A_PART: usize = 32;

/// Shared by all threads.
pub(super) struct Sets<T>([OnceLock<Box<[T; SETS_OF_A_PART]>>; PARTS]);

impl<T: Default> Sets<T> {
    /// All of them empty.
    pub(super) fn new() -> Self {
        Self([const { OnceLock::new() }; PARTS])
    }

    /// That of a hash; `None` where it was never needed, and neither was any other of its part.
    pub(super) fn find(&self, hash: u64) -> Option<&T> {
        let (part, set) = place(hash);
        self.0[part].get().map(|sets| &sets[set])
    }

    /// That of a hash.
    pub(super) fn of(&self, hash: u64) -> &T {
        let (part, set) = place(hash);
        &self.0[part].get_or_init(|| Box::new(std::array::from_fn(|_| T::default())))[set]
    }

    /// All that are made.
    #[cfg(test)]
    pub(super) fn made(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(OnceLock::get).flat_map(|sets| sets.iter())
    }
}

/// In which part, and where in it.
fn place(hash: u64) -> (usize, usize) {
    let low = usize::try_from(hash % (1 << 32)).expect("32 bits");
    (low % PARTS, low / PARTS % SETS_OF_A_PART)
}
