//! What happens in the background: the source of keys to the gate and to the disk, and the gate's counts to the disk
//! and to the spreadsheet.

pub(crate) mod freshness;
mod refresh;
mod snapshot;

mod complaint;
mod flush;
mod usage_tab;

mod back_off;

pub(crate) use flush::Flusher;
pub(crate) use freshness::Freshness;
pub(crate) use refresh::Refresher;
pub(crate) use snapshot::SnapshotFile;
