//! What a client's HTTP/1 connection may say (RFC 9112). A request that another reader could end elsewhere is refused with
//! 400 and the connection closed: a proxy in front of this server may have read it in that other way, and taken what follows
//! for somebody else's request (request smuggling).

mod chunks;
mod fault;
mod head;
mod machine;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Uri};
use http::{Method, Response, Version};

pub(super) use self::chunks::Piece;
pub(super) use self::fault::Fault;
pub(super) use self::head::Head as Told;
pub(super) use self::machine::Machine;
use super::body::Answer;
use super::code::Code;
use super::problem::Problem;
use super::request::Head;
use crate::wire::Fields;

/// A head as the rest of the server reads it, from its bytes and what the machine has told about them.
///
/// # Errors
/// The target holds a character that none can hold, or the method one that is too much.
pub(super) fn head(bytes: Bytes, told: Told) -> Result<Head, Fault> {
    let method = Method::from_bytes(&bytes[told.method]).map_err(|_| Fault::RequestLine)?;
    let target = bytes.slice(told.target);
    let (authority, target) = if target.starts_with(b"/") {
        (None, PathAndQuery::from_maybe_shared(target).map_err(|_| Fault::Target)?)
    } else {
        whole(target).ok_or(Fault::Target)?
    };
    let version = if told.old { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(Head { method, authority, target, version, fields: Fields::new(bytes, told.lines) })
}

/// A target that is more, or less, than a path. `CONNECT` has an authority alone, and so the path of its root.
fn whole(target: Bytes) -> Option<(Option<Authority>, PathAndQuery)> {
    let parts = Uri::from_maybe_shared(target).ok()?.into_parts();
    let none = PathAndQuery::from_static("/");
    Some((parts.authority, parts.path_and_query.unwrap_or(none)))
}

/// The answer to a request that is refused.
pub(super) fn refusal(fault: Fault) -> Response<Answer> {
    tracing::debug!("request refused: {fault}");
    let code = match fault {
        Fault::TooLarge => Code::HeaderTooLarge,
        _ => Code::BadRequestFraming,
    };
    Problem::new(code, fault.to_string()).answer()
}

#[cfg(test)]
mod tests;
