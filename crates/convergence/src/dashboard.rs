//! What the operator's page shows: gathered from the gate, the source of the keys and the counts. Knows no HTTP.
//!
//! | step | file |
//! |---|---|
//! | which stretch of time is looked at | `range` |
//! | everything about the clients at one moment, kept for the next who ask | `looks` |
//! | keys, limits and counts of each client, in one row | `clients` |
//! | the rows that are wanted, in order, a page of them | `listing` |
//! | who needs a person | `attention` |
//! | the columns of the chart | `chart` |
//! | how the server and the sheet are doing | `state` |
//! | links to the cells of the sheet | `place` |
//! | numbers, times and names as people read them | `words` |

pub(crate) use attention::{Notice, expiry, notices};
pub(crate) use chart::Chart;
pub(crate) use clients::{Client, Left, Span, Standing};
pub(crate) use listing::{Listing, Sort, Wanted};
pub(crate) use looks::{Look, Looks};
pub(crate) use place::{Fault, Place, faults};
pub(crate) use range::{Range, zoomed};
pub(crate) use state::{Tile, tiles};
pub(crate) use words::Tone;

mod range;

mod clients;
mod looks;

mod attention;
mod chart;
mod listing;
mod place;
mod state;

pub(crate) mod words;
