//! What happens in the background: the source of keys to the gate, and to the disk.

pub(crate) mod freshness;
mod refresh;
mod snapshot;

pub(crate) use freshness::Freshness;
pub(crate) use refresh::Refresher;
pub(crate) use snapshot::SnapshotFile;
