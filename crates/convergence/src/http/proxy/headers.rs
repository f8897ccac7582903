//! What is taken from a request's headers and what is added, on the way to the upstream (RFC 9110, 7.6).

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use smallvec::SmallVec;

use super::Asking;
use super::look_alike::is_look_alike;
use crate::http::connection::Connected;
use crate::http::stamp;
use crate::upstream::{Headers, Server};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What of a request is for this connection only, and what the client wants with it.
pub(super) struct Hop {
    /// What `Connection` names.
    named: SmallVec<[HeaderName; 1]>,
    takes_trailers: bool,
    /// The protocol that the client wants to switch to.
    pub(super) protocol: Option<HeaderValue>,
}

impl Hop {
    pub(super) fn read(headers: &HeaderMap, version: Version) -> Self {
        let mut hop = Self { named: SmallVec::new(), takes_trailers: false, protocol: None };
        hop.takes_trailers = lists(headers, &TE).any(|word| word.eq_ignore_ascii_case(b"trailers"));
        let mut upgrades = false;
        for word in lists(headers, &CONNECTION) {
            upgrades |= word.eq_ignore_ascii_case(b"upgrade");
            let usual = word.eq_ignore_ascii_case(b"keep-alive") || word.eq_ignore_ascii_case(b"close");
            if !usual && let Ok(name) = HeaderName::from_bytes(word) {
                hop.named.push(name);
            }
        }
        // How a message is framed and to whom it goes is never for one connection only.
        hop.named.retain(|name| *name != CONTENT_LENGTH && *name != HOST);
        if upgrades && version == Version::HTTP_11 {
            hop.protocol = headers.get(UPGRADE).filter(|protocol| !is_http(protocol)).cloned();
        }
        hop
    }
}

/// The words of all lines of a header that holds a list.
fn lists<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii))
}

/// `h2c`, or another version of HTTP: in a tunnel of requests none would be checked but the first.
fn is_http(protocol: &HeaderValue) -> bool {
    protocol.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii).any(|name| {
        let starts =
            |word: &[u8]| name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        starts(b"h2") || starts(b"http")
    })
}

/// The client's headers, made this server's own, for one of the upstreams that it tries.
pub(super) struct Passed<'a> {
    pub(super) asking: &'a Asking<'a>,
    pub(super) server: &'a Server,
}

impl Headers for Passed<'_> {
    fn each(&self, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
        let Asking { connected, way, caller, id, parts, hop } = *self.asking;
        let gateway = way.gateway;
        // RFC 9112, 3.2.2: a target with an authority overrides the header.
        let asked = match parts.uri.authority() {
            Some(authority) => Some(authority.as_str().as_bytes()),
            None => parts.headers.get(HOST).map(HeaderValue::as_bytes),
        };
        let own = self.server.address.host.as_bytes();
        emit(&HOST, if gateway.keep_host { asked.unwrap_or(own) } else { own });
        // RFC 9113, 8.2.3: clients of HTTP/2 may send a cookie in pieces, which belong together elsewhere.
        let cookies = if parts.version == Version::HTTP_2 { pieces(&parts.headers) } else { None };
        if let Some(cookies) = &cookies {
            emit(&COOKIE, cookies);
        }
        for (name, value) in &parts.headers {
            if cookies.is_some() && *name == COOKIE {
                continue;
            }
            if !is_ours(name) && !is_look_alike(name.as_str()) && !hop.named.contains(name) {
                emit(name, value.as_bytes());
            }
        }
        if let Some(protocol) = &hop.protocol {
            emit(&CONNECTION, b"upgrade");
            emit(&UPGRADE, protocol.as_bytes());
        } else if hop.takes_trailers {
            emit(&CONNECTION, b"te");
            emit(&TE, b"trailers");
        }
        if let Some(authorization) = &gateway.authorization {
            emit(&AUTHORIZATION, authorization.as_bytes());
        }
        let peer = connected.forwarded.get_or_init(|| Forwarded::of(connected));
        peer.each(&parts.headers, asked, emit);
        emit(&VIA, via(parts.version).as_bytes());
        stamp::upstream(caller.client(), id, emit);
    }
}

/// The pieces of a cookie, joined; nothing where there is one, or none.
fn pieces(headers: &HeaderMap) -> Option<Vec<u8>> {
    let pieces: SmallVec<[&[u8]; 8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    (pieces.len() > 1).then(|| pieces.join(&b"; "[..]))
}

/// Whether a header is not passed on as it is: it is for one connection only (RFC 9110, 7.6.1), it is said anew, or some
/// servers take it for the address of a proxy of theirs (`Proxy`: httpoxy, CVE-2016-5385).
fn is_ours(name: &HeaderName) -> bool {
    match *name {
        CONNECTION | TE | TRANSFER_ENCODING | UPGRADE | PROXY_AUTHENTICATE | PROXY_AUTHORIZATION | HOST
        | AUTHORIZATION | FORWARDED => true,
        _ => matches!(
            name.as_str(),
            "keep-alive"
                | "proxy-connection"
                | "proxy"
                | "x-forwarded-for"
                | "x-forwarded-host"
                | "x-forwarded-proto"
                | "x-client-name"
                | "x-request-id"
        ),
    }
}

/// Says in an answer, which came in this version, that it has come this way.
pub(super) fn returned(headers: &mut HeaderMap, version: Version) {
    headers.remove(PROXY_AUTHENTICATE);
    headers.append(VIA, HeaderValue::from_static(via(version)));
}

/// RFC 9110, 7.6.3: the version in which the message came, and who passes it on.
fn via(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 | Version::HTTP_10 => "1.0 convergence",
        Version::HTTP_2 | Version::HTTP_3 => "2.0 convergence",
        _ => "1.1 convergence",
    }
}

/// Who has asked, and how: the same for all requests of a connection. What a client says about that itself is not passed
/// on; what a trusted proxy says is, with the proxy added to it.
pub(crate) struct Forwarded {
    address: String,
    proto: &'static str,
    /// RFC 7239, 4.
    element: String,
    trusted: bool,
}

impl Forwarded {
    fn of(connected: &Connected) -> Self {
        let address = connected.peer.ip().to_canonical();
        let node = if address.is_ipv6() { format!("\"[{address}]\"") } else { address.to_string() };
        let trusted = connected.app.place.trusted_proxies.iter().any(|network| network.contains(address));
        let proto = if connected.secure { "https" } else { "http" };
        let (address, element) = (address.to_string(), format!("for={node};proto={proto}"));
        Self { address, proto, element, trusted }
    }

    fn each(&self, said: &HeaderMap, host: Option<&[u8]>, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
        if self.trusted {
            let before = |name: &HeaderName| said.get(name).map(HeaderValue::as_bytes);
            emit(&FORWARDED_FOR, &chain(said, &FORWARDED_FOR, &self.address));
            emit(&FORWARDED, &chain(said, &FORWARDED, &self.element));
            emit(&FORWARDED_PROTO, before(&FORWARDED_PROTO).unwrap_or(self.proto.as_bytes()));
            if let Some(host) = before(&FORWARDED_HOST).or(host) {
                emit(&FORWARDED_HOST, host);
            }
            return;
        }
        emit(&FORWARDED_FOR, self.address.as_bytes());
        emit(&FORWARDED, self.element.as_bytes());
        emit(&FORWARDED_PROTO, self.proto.as_bytes());
        if let Some(host) = host {
            emit(&FORWARDED_HOST, host);
        }
    }
}

/// What was said before, and one more.
fn chain(said: &HeaderMap, name: &HeaderName, own: &str) -> Vec<u8> {
    let before = said.get_all(name).iter().map(HeaderValue::as_bytes);
    before.chain([own.as_bytes()]).collect::<Vec<_>>().join(&b", "[..])
}
