//! The two locks of this crate, and loom's in their place when a test explores every order of events.
//!
//! The lock around the directory is sharded: each thread that reads takes a shard of its own, so that requests on two
//! cores do not pass one line of the processor's cache to and fro, and a writer takes them all.

use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(not(loom))]
pub(crate) use crossbeam_utils::sync::{
    ShardedLock as RwLock, ShardedLockReadGuard as RwLockReadGuard, ShardedLockWriteGuard as RwLockWriteGuard,
};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Locks. A panic elsewhere while the lock was held does not spread: nothing here is left half-changed by one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, as [`lock`] does.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing, as [`lock`] does.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Puts `value` in the lock's place and hands back the old one, so that it is dropped outside the lock.
pub(crate) fn replace<T>(lock: &RwLock<T>, value: T) -> T {
    std::mem::replace(&mut write(lock), value)
}
