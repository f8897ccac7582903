//! A request's head, as HTTP/2 has it (RFC 9113, 8.2.2 and 8.3.1).

use http::header::{AUTHORIZATION, CONNECTION, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Request, Uri, Version};

use crate::upstream::message::{Message, expects_consent};

/// What is about one connection of HTTP/1. A request that has one of them is malformed.
const OF_HTTP_1: [HeaderName; 6] = [
    CONNECTION,
    HOST,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The same request without what is HTTP/1's own; its `Host` is the authority. And whether the client waits for a word
/// before it sends the body.
pub(super) fn of(message: &Message<'_>, https: bool) -> (Request<()>, bool) {
    let mut request = Request::new(());
    let (mut authority, mut expects) = (None, false);
    let headers = request.headers_mut();
    message.headers.each(&mut |name, value| {
        expects |= expects_consent(name, value);
        let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) else {
            return;
        };
        if name == HOST {
            // A client may have sent one that is none.
            authority = Authority::try_from(value.as_bytes()).ok();
        }
        if OF_HTTP_1.contains(&name) || (name == TE && value != "trailers") {
            return;
        }
        // Not to be kept in the table of headers (RFC 7541, 7.1.3).
        value.set_sensitive(name == AUTHORIZATION);
        headers.append(name, value);
    });
    *request.method_mut() = message.method.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri(message.target, authority, https);
    (request, expects)
}

fn uri(target: &str, authority: Option<Authority>, https: bool) -> Uri {
    let mut uri = http::uri::Parts::default();
    uri.path_and_query = Some(target.parse().unwrap_or_else(|_| PathAndQuery::from_static("/")));
    uri.scheme = Some(if https { Scheme::HTTPS } else { Scheme::HTTP });
    uri.authority = Some(authority.unwrap_or_else(|| Authority::from_static("localhost")));
    Uri::from_parts(uri).expect("a URI of all three parts is one")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn made(target: &str, headers: &[(&'static str, &'static str)], https: bool) -> (Request<()>, bool) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        of(&Message { method: &Method::POST, target, headers: &headers }, https)
    }

    #[test]
    fn what_is_http_1s_own_is_left_out() {
        let headers = [
            ("host", "app:50051"),
            ("connection", "te"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("expect", "100-Continue"),
            ("x-other", "1"),
        ];
        let (request, expects) = made("/a?b=c", &headers, true);
        assert_eq!(request.uri(), "https://app:50051/a?b=c");
        let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["expect", "te", "x-other"]);
        assert!(expects);
        let (request, expects) = made("/", &[("te", "gzip")], false);
        assert!(request.headers().is_empty() && !expects);
        assert_eq!(request.uri(), "http://localhost/");
    }

    #[test]
    fn asking_for_all_of_a_server_is_no_path() {
        assert_eq!(made("*", &[("host", "app")], false).0.uri().path(), "*");
    }
}
