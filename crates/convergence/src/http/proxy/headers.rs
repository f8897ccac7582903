//! What is taken from a request's headers and what is added, on the way to the upstream and back (RFC 9110, 7.6).

use std::net::SocketAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};

use super::Gateway;
use crate::http::admit::Caller;
use crate::http::connection::Connected;
use crate::http::stamp::{self, RequestId};
use crate::upstream::names;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
/// Some servers take this request header for the address of a proxy of theirs (httpoxy, CVE-2016-5385).
const PROXY: HeaderName = HeaderName::from_static("proxy");

/// RFC 9110, 7.6.3: the version in which the message came, and who passes it on.
const VIA_US: [HeaderValue; 3] = [
    HeaderValue::from_static("1.0 convergence"),
    HeaderValue::from_static("1.1 convergence"),
    HeaderValue::from_static("2.0 convergence"),
];

/// What is known of a request beside its headers.
pub(super) struct Facts<'a> {
    pub(super) connected: &'a Connected,
    pub(super) gateway: &'a Gateway,
    pub(super) caller: &'a Caller,
    pub(super) id: RequestId,
    /// The protocol that the client wants to switch to.
    pub(super) protocol: Option<&'a HeaderValue>,
}

/// The protocol that the client wants to switch to. `h2c` is none: in a tunnel of HTTP requests none would be checked
/// but the first.
pub(super) fn wanted_upgrade<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let protocol = headers.get(UPGRADE).filter(|_| request.version() == Version::HTTP_11)?;
    let asks = headers.get_all(CONNECTION).iter().any(|value| names(value, "upgrade"));
    let is_http = protocol.as_bytes().split(|&byte| byte == b',').any(|name| {
        name.trim_ascii().get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"h2")) || is_http(name)
    });
    (asks && !is_http).then(|| protocol.clone())
}

fn is_http(name: &[u8]) -> bool {
    name.trim_ascii().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"http"))
}

/// Makes the client's request this server's own.
pub(super) fn prepare(parts: &mut Parts, facts: &Facts<'_>) {
    let version = parts.version;
    let headers = &mut parts.headers;
    let takes_trailers = headers.get_all(TE).iter().any(|value| names(value, "trailers"));
    remove_hop_by_hop(headers);
    if let Some(protocol) = facts.protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    } else if takes_trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    // RFC 9112, 3.2.2: a target with an authority overrides the header.
    if let Some(authority) = parts.uri.authority()
        && let Ok(authority) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, authority);
    }
    forwarded(headers, facts.connected);
    headers.append(VIA, via(version));
    headers.remove(PROXY);
    stamp::client_name(headers, facts.caller.client());
    stamp::request_id(headers, facts.id);
    match &facts.gateway.authorization {
        Some(authorization) => headers.insert(AUTHORIZATION, authorization.clone()),
        None => headers.remove(AUTHORIZATION),
    };
}

/// Makes the upstream's answer, of this version, this server's own.
pub(super) fn returned(headers: &mut HeaderMap, version: Version) {
    remove_hop_by_hop(headers);
    headers.append(VIA, via(version));
}

/// Says that the connection is switched to this protocol.
pub(super) fn switched(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

fn via(version: Version) -> HeaderValue {
    let [old, usual, new] = &VIA_US;
    match version {
        Version::HTTP_09 | Version::HTTP_10 => old,
        Version::HTTP_2 | Version::HTTP_3 => new,
        _ => usual,
    }
    .clone()
}

/// What is said about one connection only, and what `Connection` says is (RFC 9110, 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
            // Not by this way: it is how a message is framed, or to whom it goes.
            .filter(|name| *name != http::header::CONTENT_LENGTH && *name != HOST)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
}

/// Who has asked, and how. What a client says about that itself is not passed on.
fn forwarded(headers: &mut HeaderMap, connected: &Connected) {
    let values = connected.forwarded.get_or_init(|| Values::of(connected.peer));
    headers.insert(FORWARDED_FOR, values.address.clone());
    headers.insert(FORWARDED_PROTO, values.proto.clone());
    headers.insert(FORWARDED, values.element.clone());
    match headers.get(HOST).cloned() {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(FORWARDED_HOST),
    };
}

/// What all requests of a connection are forwarded with: made once.
pub(crate) struct Values {
    address: HeaderValue,
    proto: HeaderValue,
    /// RFC 7239, 4.
    element: HeaderValue,
}

impl Values {
    fn of(peer: SocketAddr) -> Self {
        let address = peer.ip().to_canonical();
        let node = if address.is_ipv6() { format!("\"[{address}]\"") } else { address.to_string() };
        let value = |text: String| HeaderValue::from_str(&text).expect("digits, letters and marks of ASCII");
        Self {
            address: value(address.to_string()),
            proto: HeaderValue::from_static("http"),
            element: value(format!("for={node};proto=http")),
        }
    }
}
