//! What a client's HTTP/1 connection may say, told before hyper reads it (RFC 9112). A request that another reader could
//! end elsewhere is refused with 400 and the connection closed: a proxy in front of this server may have read it in
//! that other way, and taken what follows for somebody else's request (request smuggling).

mod chunks;
mod fault;
mod head;
mod machine;
mod stream;

use http::{Response, StatusCode, Uri};

use self::fault::Fault;
pub(super) use self::stream::Screened;
use super::body::Answer;
use super::problem::Problem;

/// The answer to what stands in a refused request's place: see [`Fault::stand_in`].
pub(super) fn refusal(stand_in: &Uri) -> Response<Answer> {
    let fault = stand_in.host().and_then(Fault::of_word).unwrap_or(Fault::Target);
    tracing::debug!("request refused: {fault}");
    Problem::new(StatusCode::BAD_REQUEST, "bad_request_framing", "Bad request framing", fault.to_string())
        .answer()
}

#[cfg(test)]
mod tests;
