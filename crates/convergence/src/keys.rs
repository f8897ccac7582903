//! Sources of keys: each gives the same rows, whatever they are kept in.

mod csv;
pub(crate) mod google;

pub(crate) mod edit;

pub(crate) use csv::CsvFile;
pub(crate) use google::GoogleTab;

use std::time::Duration;

use jiff::tz::TimeZone;

/// The rows as they stand, and what their times mean.
pub(crate) struct Rows {
    pub(crate) grid: Vec<Vec<gate::Cell>>,
    pub(crate) time_zone: TimeZone,
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

/// Somewhere keys are kept.
pub(crate) trait KeySource: Send + 'static {
    /// What distinguishes this source from others of its kind, for the snapshot on disk: it is hashed, not shown.
    fn identity(&self) -> String;

    /// Reads all rows, and whatever else that takes (credentials, time zone), anew.
    fn read(&mut self) -> impl Future<Output = Result<Rows, SourceError>> + Send;

    /// Ends when the rows have changed since they were last read. For a source that cannot tell, never.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}
