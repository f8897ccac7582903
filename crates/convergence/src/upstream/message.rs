//! A request as it is to go out, and the head of the answer that comes back.

use http::header::EXPECT;
use http::{Method, StatusCode, Version};

use crate::wire::{Fields, is};

/// What stands ahead of a request's body.
pub(crate) struct Message<'a> {
    pub(crate) method: &'a Method,
    /// In origin form, or an asterisk (RFC 9112, 3.2).
    pub(crate) target: &'a str,
    pub(crate) headers: &'a dyn Headers,
}

/// Whether this header says that the client waits for a word before it sends the body (RFC 9110, 10.1.1).
pub(super) fn expects_consent(name: &[u8], value: &[u8]) -> bool {
    is(&EXPECT, name) && value.eq_ignore_ascii_case(b"100-continue")
}

/// Headers that are worked out while they are written, which spares a list of them.
pub(crate) trait Headers {
    /// Calls `emit` with each header line's name, in any case, and value; `Host` included, but for `Transfer-Encoding`.
    fn each(&self, emit: &mut dyn FnMut(&[u8], &[u8]));
}

/// What stands ahead of an answer's body, without what is for one connection only.
pub(crate) struct AnswerHead {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) fields: Fields,
}
