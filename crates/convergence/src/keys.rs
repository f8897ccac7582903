//! Sources of keys: each gives the same rows, whatever they are kept in.

mod cells;
mod csv;
pub(crate) mod google;

pub(crate) mod edit;

pub(crate) use cells::{MOVING, cell, cells, requests};
pub(crate) use csv::{CsvFile, grid};
pub(crate) use google::{GoogleTab, credentials, open, time_zone};

use std::time::Duration;

use gate::{HeaderFault, Rules, Table};
use jiff::tz::TimeZone;

/// The rows as they stand, and what their times mean.
pub(crate) struct Rows {
    pub(crate) grid: Vec<Vec<gate::Cell>>,
    pub(crate) time_zone: TimeZone,
}

impl Rows {
    /// Reads them, where rows without a limit have this one.
    fn table(&self, default_limit: Option<u32>) -> Result<Table, SourceError> {
        let rules = Rules { time_zone: self.time_zone.clone(), default_limit };
        Ok(Table::read(&self.grid, &rules)?)
    }
}

/// Why the rows could not be read. Two messages: `/auth/status` is public, the log is not.
#[derive(Debug)]
pub(crate) struct SourceError {
    /// For everybody: names no key, client, sheet id or path.
    pub(crate) public: String,
    /// For the operator: what to do.
    pub(crate) detail: String,
    /// How long the source asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// Whether nothing will change until somebody does something about it.
    pub(crate) needs_help: bool,
}

impl SourceError {
    /// A fault that somebody has to mend.
    pub(crate) fn new(public: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { public: public.into(), detail: detail.into(), retry_after: None, needs_help: true }
    }
}

impl From<HeaderFault> for SourceError {
    fn from(fault: HeaderFault) -> Self {
        let message = format!("the keys table has no usable header: {fault}");
        Self::new(message.clone(), message)
    }
}

/// Somewhere keys are kept.
pub(crate) trait KeySource: Send + 'static {
    /// What distinguishes this source from others of its kind, for the snapshot on disk: it is hashed, not shown.
    fn identity(&self) -> String;

    /// Reads all rows, and whatever else that takes (credentials, time zone), anew. Rows without a limit have the default.
    fn read(&mut self, default_limit: Option<u32>)
    -> impl Future<Output = Result<Table, SourceError>> + Send;

    /// How many requests the last reading took of a quota that others share; 0 for a source without one.
    fn requests(&self) -> u32 {
        0
    }

    /// Google's number for the tab that was read last; `None` for a source without tabs, and while it is not known.
    fn tab(&self) -> Option<i64> {
        None
    }

    /// Ends when the rows have changed since they were last read. For a source that cannot tell, never.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}
