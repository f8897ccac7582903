//! Decides who may call: rows of a keys table and a presented key in, a [`Permit`] or a [`Refusal`] out.
//!
//! Pure: no I/O, no async, no logging, no HTTP type, and no clock. Time is an argument, [`Now`], that the caller
//! reads once for each request.
//!
//! | step | module | what may go wrong |
//! |---|---|---|
//! | is there a directory fresh enough to decide by? | [`admit`](Gate::admit) | unavailable |
//! | the presented key | `bearer` | missing, wrong scheme, not text, given twice |
//! | lookup by hash | `directory` | unknown |
//! | standing at this second | `expiry` | unreadable row, inactive, revoked, expired |
//! | may the key be used here, so, for this? | `restrictions` | environment, address, method, scopes |
//! | one whose key stands, ahead of its limits | `candidate` | - |
//! | the client's sliding window, its quotas of the calendar | `limit`, `quota` | over a limit |
//! | proof of admission | `permit` | - |
//!
//! Ahead of all that stands `table`, which reads a grid of cells into [`Record`]s, and `record`, what a row says.

mod table;

mod record;

mod now;

mod asked;

mod admit;
mod upkeep;

mod bearer;
mod directory;
mod expiry;

mod network;
mod restrictions;

mod calendar;
mod client;
mod limit;
mod quota;
mod roster;
mod runs;
mod shadow;

mod candidate;
mod permit;
mod refusal;

mod sync;

pub use admit::Gate;
pub use asked::{Asked, Scopes};
pub use bearer::HeaderProblem;
pub use calendar::{Period, Periods, Span};
pub use candidate::Candidate;
pub use client::Verdict;
pub use limit::{EXACT_UP_TO, OverLimit, Quota, WINDOW_SECONDS};
pub use network::{Network, NotANetwork};
pub use now::Now;
pub use permit::Permit;
pub use quota::{CalendarQuota, FurtherLimits, Known, Quotas, Spent, Used};
pub use record::{Fingerprint, KeyHash, Record};
pub use refusal::{Cause, Refusal};
pub use restrictions::Restrictions;
pub use table::{
    Cell, Column, HeaderFault, LARGEST_AUDIO_MINUTES, LARGEST_QUOTA, Layout, Listing, Problem, Row, Rules,
    Table, TableReader, address,
};
