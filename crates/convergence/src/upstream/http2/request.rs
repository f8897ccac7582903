//! A request's head, as HTTP/2 has it (RFC 9113, 8.2.2 and 8.3.1).

use http::header::{CONNECTION, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, Request, Uri, Version};

/// What is about one connection of HTTP/1. A request that has one of them is malformed.
const OF_HTTP_1: [HeaderName; 6] = [
    CONNECTION,
    HOST,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The same request without what is HTTP/1's own; its `Host` is the authority.
pub(super) fn of(parts: &Parts, https: bool) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri(parts, https);
    let headers = request.headers_mut();
    headers.clone_from(&parts.headers);
    for name in OF_HTTP_1 {
        headers.remove(name);
    }
    if headers.get(TE).is_some_and(|te| te != "trailers") {
        headers.remove(TE);
    }
    request
}

fn uri(parts: &Parts, https: bool) -> Uri {
    let mut uri = http::uri::Parts::default();
    uri.path_and_query =
        Some(parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    uri.scheme = Some(if https { Scheme::HTTPS } else { Scheme::HTTP });
    let host = parts.headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    // A client may have sent a Host that is none; its request's is kept only if it can be said.
    uri.authority = Some(host.unwrap_or_else(|| Authority::from_static("localhost")));
    Uri::from_parts(uri).expect("a URI of all three parts is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_http_1s_own_is_left_out() {
        let (parts, ()) = Request::post("/a?b=c")
            .header("host", "app:50051")
            .header("connection", "te")
            .header("te", "trailers")
            .header("keep-alive", "timeout=5")
            .header("x-other", "1")
            .body(())
            .expect("a request")
            .into_parts();
        let request = of(&parts, true);
        assert_eq!(request.uri(), "https://app:50051/a?b=c");
        let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["te", "x-other"]);
        assert_eq!(of(&parts, false).uri().scheme_str(), Some("http"));
    }

    #[test]
    fn asking_for_all_of_a_server_is_no_path() {
        let (parts, ()) =
            Request::options("*").header("host", "app").body(()).expect("a request").into_parts();
        assert_eq!(of(&parts, false).uri().path(), "*");
    }
}
