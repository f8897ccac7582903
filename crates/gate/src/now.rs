//! Time, as an argument: nothing in this crate reads a clock.

use std::time::Duration;

/// The moment of a request, read once by whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, whole Unix seconds: what expiry is judged by.
    pub unix: i64,
    /// Since some fixed start, never backwards: what windows are measured by.
    pub uptime: Duration,
}
