//! A request as it is to go out.

use http::{HeaderName, Method};

/// What stands ahead of a request's body.
pub(crate) struct Message<'a> {
    pub(crate) method: &'a Method,
    /// The path and the query, in origin form.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a dyn Headers,
}

/// Headers that are worked out while they are written, which spares a map of them.
pub(crate) trait Headers {
    /// Calls `emit` with each header line, `Host` included, but for `Transfer-Encoding`.
    fn each(&self, emit: &mut dyn FnMut(&HeaderName, &[u8]));
}
