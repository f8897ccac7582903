//! What happens in the background: the source of keys to the gate, and to the disk.

mod early;
pub(crate) mod freshness;
mod journal;
mod lag;
mod refresh;
mod snapshot;

pub(crate) use early::EarlyReads;
pub(crate) use freshness::Freshness;
pub(crate) use journal::{Journal, Outcome};
pub(crate) use lag::Lag;
pub(crate) use refresh::Refresher;
pub(crate) use snapshot::SnapshotFile;
