//! Messages as the server's side and the upstreams' both need them: fields as they came, bodies, a message on its way out.
//! Knows no sockets, no keys, and neither side.

mod body;
mod fields;
pub(crate) mod line;
pub(crate) mod sending;

pub(crate) use body::{ClientBody, RequestBody};
pub(crate) use fields::{Fields, is};
