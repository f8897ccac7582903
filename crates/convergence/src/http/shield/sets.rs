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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn each_set_is_a_place_of_its_own_that_is_made_when_it_is_needed() {
        let sets = Sets::<AtomicUsize>::new();
        let hashes = || 0..SETS as u64;
        assert!(hashes().all(|hash| sets.find(hash).is_none()));
        sets.of(7).store(1, Ordering::Relaxed);
        assert_eq!(sets.made().count(), SETS_OF_A_PART);
        hashes().for_each(|hash| {
            sets.of(hash).fetch_add(1, Ordering::Relaxed);
        });
        for hash in hashes() {
            let found = sets.find(hash).expect("it is made").load(Ordering::Relaxed);
            assert_eq!(found, if hash == 7 { 2 } else { 1 }, "{hash}");
        }
    }
}
