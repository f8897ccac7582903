//! A request as it is to go out.

use http::header::EXPECT;
use http::{HeaderName, Method};

/// What stands ahead of a request's body.
pub(crate) struct Message<'a> {
    pub(crate) method: &'a Method,
    /// The path and the query, in origin form.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a dyn Headers,
}

/// Whether this header says that the client waits for a word before it sends the body (RFC 9110, 10.1.1).
pub(super) fn expects_consent(name: &HeaderName, value: &[u8]) -> bool {
    *name == EXPECT && value.eq_ignore_ascii_case(b"100-continue")
}

/// Headers that are worked out while they are written, which spares a map of them.
pub(crate) trait Headers {
    /// Calls `emit` with each header line, `Host` included, but for `Transfer-Encoding`.
    fn each(&self, emit: &mut dyn FnMut(&HeaderName, &[u8]));
}
