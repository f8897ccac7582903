//! What happens in the background: the source of keys to the gate and to the disk, and counts to the disk and to
//! the spreadsheet.

mod early;
pub(crate) mod freshness;
mod journal;
mod lag;
mod refresh;
mod schedule;

mod guard;
mod listed;
mod roll;
mod state;

mod pieces;
mod share;

pub(crate) mod audit;
pub(crate) mod difference;
pub(crate) mod directories;
mod disk;
pub(crate) mod orders;
pub(crate) mod snapshot;
pub(crate) mod standing;
mod store;

mod complaint;
mod flush;
mod keeper;
mod pool;
mod usage_tab;

mod back_off;

#[cfg(test)]
pub(crate) mod samples;

pub(crate) use back_off::back_off;
pub(crate) use complaint::Complaint;
pub(crate) use disk::replace;
pub(crate) use early::{EarlyReads, UNKNOWN_KEY_EVERY};
pub(crate) use flush::Flusher;
pub(crate) use freshness::{Freshness, InUse, View};
pub(crate) use guard::{Fate, works};
pub(crate) use journal::{Journal, Outcome};
pub(crate) use keeper::Books;
pub(crate) use lag::Lag;
#[cfg(test)]
pub(crate) use lag::Via;
pub(crate) use listed::listed;
pub(crate) use orders::Orders;
pub(crate) use pool::totals_of_all;
pub(crate) use refresh::Refresher;
pub(crate) use roll::{Pair, Roll};
pub(crate) use schedule::Schedule;
pub(crate) use share::Share;
pub(crate) use snapshot::VERSION as SNAPSHOT_VERSION;
pub(crate) use standing::Standing;
pub(crate) use state::State;
pub(crate) use store::Store;
