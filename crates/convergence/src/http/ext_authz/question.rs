//! From what Envoy tells of a request to that request, as far as it is decided by: its method, its target, its
//! `Authorization` and where it came from. Knows neither the gate nor the network.

use std::net::{IpAddr, Ipv4Addr};

use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};

use super::messages::{CheckRequest, HttpRequest, Peer};

/// What is asked.
pub(crate) struct Question {
    /// Method, target, and every `Authorization`.
    pub(crate) request: Request<()>,
    /// The client's address, as Envoy knows it. Where it tells none (a client at a Unix socket), the unspecified one, which
    /// is nobody's.
    pub(crate) source: IpAddr,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is about something else than an HTTP request: the fault of whoever set the proxy up.
    NotHttp,
    /// The request is none that this server would read itself: the client's fault.
    BadRequest(&'static str),
}

/// Reads a message.
///
/// # Errors
/// There is no request in it, or none that can be read.
pub(crate) fn read(check: CheckRequest) -> Result<Question, Unreadable> {
    let attributes = check.attributes.unwrap_or_default();
    let source = attributes.source.and_then(address).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let mut asked = attributes.request.and_then(|request| request.http).ok_or(Unreadable::NotHttp)?;
    let path = std::mem::take(&mut asked.path);
    let method = Method::from_bytes(&asked.method)
        .map_err(|_| Unreadable::BadRequest("the request's method is not one word"))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = target(path)?;
    credentials(request.headers_mut(), asked)?;
    Ok(Question { request, source })
}

fn address(peer: Peer) -> Option<IpAddr> {
    let address = peer.address?.socket_address?.address;
    std::str::from_utf8(&address).ok()?.parse().ok()
}

fn target(path: Vec<u8>) -> Result<Uri, Unreadable> {
    let wrong =
        Unreadable::BadRequest("the request's target must be a path, percent-encoded where it has to be");
    if !(path.starts_with(b"/") || path == b"*") {
        return Err(wrong);
    }
    PathAndQuery::from_maybe_shared(path).map(Uri::from).map_err(|_| wrong)
}

/// Every value by itself where Envoy gives them so, else the one that it has joined.
fn credentials(headers: &mut HeaderMap, asked: HttpRequest) -> Result<(), Unreadable> {
    let is_ours = |name: &str| name.eq_ignore_ascii_case(AUTHORIZATION.as_str());
    let raw = asked.header_map.into_iter().flat_map(|map| map.headers);
    let raw = raw.filter(|header| is_ours(&header.key)).map(|header| header.raw_value);
    let joined = asked.headers.into_iter().filter(|(name, _)| is_ours(name)).map(|(_, value)| value);
    for value in raw.chain(joined) {
        let value = HeaderValue::from_maybe_shared(value)
            .map_err(|_| Unreadable::BadRequest("the Authorization header has control characters"))?;
        headers.append(AUTHORIZATION, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// Recorded from Envoy 1.40, with `encode_raw_headers`.
    const RECORDED: &[u8] = include_bytes!("../../../../../fuzz/corpus/ext_authz/question");

    #[test]
    fn what_envoy_says_is_read() {
        let check = CheckRequest::decode(RECORDED).expect("a message");
        let Ok(Question { request, source }) = read(check) else { panic!("it can be read") };
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::GET, "/a%2Fb?x=1"));
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer good");
        assert_eq!((request.headers().len(), source), (1, IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }

    #[test]
    fn an_address_that_is_not_told_is_nobodys() {
        let mut check = CheckRequest::decode(RECORDED).expect("a message");
        check.attributes.as_mut().expect("attributes").source = None;
        let Ok(question) = read(check) else { panic!("it can be read") };
        assert!(question.source.is_unspecified());
    }
}
