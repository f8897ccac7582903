//! What was let in lately, as hashes: each stands for a key and where it came from. Of a fixed size. Only what was let in gets
//! in, so nobody can fill it without a key; whoever has one, and very many addresses, can push others out, who then wait like
//! a new key while their own address is over the limit, and no longer than that.

use std::sync::atomic::{AtomicU64, Ordering};

use super::sets::Sets;

/// Places of a set. With these, 65,536 hashes are held, in 512 KiB.
const PLACES: usize = 8;

/// The newest first. Of the size of a cache line, which nobody writes to while all that comes is known.
#[derive(Default)]
#[repr(align(64))]
struct Set([AtomicU64; PLACES]);

/// Shared by all threads, without a lock: each place is a value by itself. Where two threads write to a set at once, its
/// hashes may come to stand in another order, and that is all.
pub(super) struct Admitted(Sets<Set>);

impl Admitted {
    /// Nobody was let in.
    pub(super) fn nobody() -> Self {
        Self(Sets::new())
    }

    pub(super) fn has(&self, hash: u64) -> bool {
        self.0.find(hash).is_some_and(|set| set.has(hash))
    }

    /// Holds a hash until eight newer ones have come to its set.
    pub(super) fn hold(&self, hash: u64) {
        let set = self.0.of(hash);
        if !set.has(hash) {
            let mut moved = hash;
            for place in &set.0 {
                moved = place.swap(moved, Ordering::Relaxed);
            }
        }
    }
}

impl Set {
    fn has(&self, hash: u64) -> bool {
        self.0.iter().any(|place| place.load(Ordering::Relaxed) == hash)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sets::SETS;
    use super::*;

    #[test]
    fn a_hash_is_held_until_eight_newer_ones_have_come_to_its_set() {
        let admitted = Admitted::nobody();
        let of_one_set = |number: u64| 7 + number * SETS as u64;
        let other = 8;
        admitted.hold(other);
        (1..=8).for_each(|number| admitted.hold(of_one_set(number)));
        // Again: it is not newer for that, and takes no second place.
        admitted.hold(of_one_set(1));
        assert!((1..=8).all(|number| admitted.has(of_one_set(number))));
        admitted.hold(of_one_set(9));
        assert!((2..=9).all(|number| admitted.has(of_one_set(number))));
        assert!(admitted.has(other) && !admitted.has(of_one_set(1)));
    }
}
