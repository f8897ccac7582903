//! What clients have used, by UTC day: totals in memory, in `DATA_DIR`, and as rows of a tab.
//!
//! | step | file |
//! |---|---|
//! | the gate's counts to totals by day, client and instance | `ledger` |
//! | the seconds of speech, which the gate does not know | `speech` |
//! | the totals on disk | `file` |
//! | which column of the tab is which, and what its cells say | `tab` |
//! | the tab as it stands to what has to be written | `plan` |
//! | what a write has hit instead, and how to put that back | `aim` |
//!
//! Nothing here reads a clock or calls Google: `sync/flush.rs` does both.

pub(crate) use aim::{Mishap, identities, misses, restore, suspects};
pub(crate) use file::{Contents, UsageFile};
pub(crate) use ledger::{Ledger, Row, Totals, day_of};
pub(crate) use plan::{Plan, Update, found, plan};
pub(crate) use speech::Speech;
pub(crate) use tab::{COLUMNS, Grid, HeaderLost, Layout};

mod ledger;
mod speech;

mod file;

mod tab;

mod plan;

mod aim;
