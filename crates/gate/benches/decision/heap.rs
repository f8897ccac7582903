//! Counts the bytes that live on the heap.

// `GlobalAlloc` is an unsafe trait, and there is no other way to count. Each method hands its arguments unchanged to
// `System`, whose contract is the same; the count beside it is a number that nothing else depends on.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// The bytes that have been asked for and not given back.
pub(crate) fn live() -> usize {
    LIVE.load(Relaxed)
}

// SAFETY: see above; every method is `System`'s.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `place` came from `System` by one of the other methods, with this layout.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        LIVE.fetch_add(new_size, Relaxed);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `place` came from `System` by one of the other methods, with this layout.
        unsafe { System.realloc(place, layout, new_size) }
    }
}
