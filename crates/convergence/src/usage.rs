//! What clients have used: counted in memory that outlives the process, kept in a database, and written to a tab by UTC day.
//!
//! | step | file |
//! |---|---|
//! | what is counted | `totals` |
//! | a request counts, and no more than that | `tally` |
//! | twice a second: to the disk; every few seconds: to the database | `bookkeeper` |
//! | counts by minute, hour and day, and what is asked of them | `store`, `report` |
//! | what versions before the database have left | `json` |
//! | the totals of 40 days, for the tab | `ledger` |
//! | which column of the tab is which, and what its cells say | `tab` |
//! | the tab as it stands to what has to be written | `plan` |
//! | what a write has hit instead, and how to put that back | `aim` |
//!
//! Nothing here reads a clock or calls Google: `sync/keeper.rs` and `sync/flush.rs` do that.

pub(crate) use aim::{Mishap, identities, misses, restore, suspects};
pub(crate) use bookkeeper::{Bookkeeper, KeepError};
pub(crate) use ledger::{Ledger, Row, day_of, oldest_kept};
pub(crate) use plan::{Plan, Update, found, plan};
pub(crate) use report::{
    Asked, Entry, GROUPS, Stretches, Used, course, days_of, has_counts, last_used, last_uses, of_days,
    report, spent, spoken, stretches, totals_by_client,
};
pub(crate) use store::{KEPT_HOURS, KEPT_MINUTES, Question};
pub(crate) use tab::{COLUMNS, Grid, HeaderLost, Layout};
pub(crate) use tally::{Endpoint, Tally, Whose, cut};
pub(crate) use totals::{Kind, Totals};

mod totals;

mod tally;

mod bookkeeper;
mod json;
mod store;

mod report;

mod ledger;
mod tab;

mod plan;

mod aim;

#[cfg(test)]
mod tests;
