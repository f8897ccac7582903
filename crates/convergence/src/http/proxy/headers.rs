//! What is taken from a request's headers and what is added, on the way to the upstream (RFC 9110, 7.6).

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, TE, UPGRADE, VIA};
use http::{HeaderName, HeaderValue, Version};
use smallvec::SmallVec;

use super::Asking;
use super::look_alike::is_look_alike;
use crate::http::connection::Connected;
use crate::http::stamp;
use crate::http::underway::TRACE_PARENT;
use crate::telemetry::Trace;
use crate::upstream::{Headers, Server};
use crate::wire::line::words;
use crate::wire::{Fields, is};

static TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What of a request is for this connection only, and what the client wants with it.
pub(super) struct Hop {
    /// What `Connection` names.
    named: SmallVec<[HeaderName; 1]>,
    takes_trailers: bool,
    /// The protocol that the client wants to switch to.
    pub(super) protocol: Option<HeaderValue>,
}

impl Hop {
    pub(super) fn read(fields: &Fields, version: Version) -> Self {
        let mut hop = Self { named: SmallVec::new(), takes_trailers: false, protocol: None };
        let (mut upgrades, mut protocol) = (false, None);
        for (name, value) in fields.iter() {
            if is(&TE, name) {
                hop.takes_trailers |= words(value).any(|word| word.eq_ignore_ascii_case(b"trailers"));
            } else if is(&CONNECTION, name) {
                words(value).for_each(|word| upgrades |= hop.read_word(word));
            } else if is(&UPGRADE, name) {
                protocol = protocol.or(Some(value));
            }
        }
        if upgrades && version == Version::HTTP_11 {
            let protocol = protocol.filter(|protocol| !is_http(protocol));
            hop.protocol = protocol.and_then(|protocol| HeaderValue::from_bytes(protocol).ok());
        }
        hop
    }

    /// One of `Connection`; whether it is `upgrade`.
    fn read_word(&mut self, word: &[u8]) -> bool {
        let usual = word.eq_ignore_ascii_case(b"keep-alive") || word.eq_ignore_ascii_case(b"close");
        // How a message is framed and to whom it goes is never for one connection only.
        let is_never = is(&CONTENT_LENGTH, word) || is(&HOST, word);
        if !usual
            && !is_never
            && let Ok(name) = HeaderName::from_bytes(word)
        {
            self.named.push(name);
        }
        word.eq_ignore_ascii_case(b"upgrade")
    }

    fn names(&self, name: &[u8]) -> bool {
        self.named.iter().any(|named| is(named, name))
    }
}

/// `h2c`, or another version of HTTP: in a tunnel of requests none would be checked but the first.
fn is_http(protocol: &[u8]) -> bool {
    words(protocol).any(|name| {
        let starts =
            |word: &[u8]| name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        starts(b"h2") || starts(b"http")
    })
}

/// The client's headers, made this server's own, for one of the upstreams that it tries.
pub(super) struct Lines<'a> {
    pub(super) asking: &'a Asking<'a>,
    pub(super) server: &'a Server,
}

impl Headers for Lines<'_> {
    fn each(&self, emit: &mut dyn FnMut(&[u8], &[u8])) {
        let Asking { connected, way, caller, underway, head, hop } = *self.asking;
        let trace = underway.trace();
        let gateway = way.gateway;
        // RFC 9112, 3.2.2: a target with an authority overrides the header.
        let asked = match &head.authority {
            Some(authority) => Some(authority.as_str().as_bytes()),
            None => head.fields.first(&HOST),
        };
        let own = self.server.address.host.as_bytes();
        emit(HOST.as_ref(), if gateway.keep_host { asked.unwrap_or(own) } else { own });
        // RFC 9113, 8.2.3: clients of HTTP/2 may send a cookie in pieces, which belong together elsewhere.
        let cookies = if head.version == Version::HTTP_2 { pieces(&head.fields) } else { None };
        if let Some(cookies) = &cookies {
            emit(COOKIE.as_ref(), cookies);
        }
        for (name, value) in head.fields.iter() {
            if cookies.is_some() && is(&COOKIE, name) {
                continue;
            }
            let is_replaced = trace.is_some_and(|trace| is_of_trace(name, trace));
            if !is_ours(name) && !is_look_alike(name) && !hop.names(name) && !is_replaced {
                emit(name, value);
            }
        }
        if let Some(protocol) = &hop.protocol {
            emit(CONNECTION.as_ref(), b"upgrade");
            emit(UPGRADE.as_ref(), protocol.as_bytes());
        } else if hop.takes_trailers {
            emit(CONNECTION.as_ref(), b"te");
            emit(TE.as_ref(), b"trailers");
        }
        if let Some(authorization) = &gateway.authorization {
            emit(AUTHORIZATION.as_ref(), authorization.as_bytes());
        }
        let peer = connected.forwarded.get_or_init(|| Forwarded::of(connected));
        peer.each(&head.fields, asked, emit);
        emit(VIA.as_ref(), via(head.version).as_bytes());
        if let Some(trace) = trace {
            emit(TRACE_PARENT.as_ref(), &trace.for_upstream());
        }
        stamp::upstream(caller.client(), underway.id, emit);
    }
}

/// What of a trace is said anew. What others add to it belongs to one that goes on.
fn is_of_trace(name: &[u8], trace: &Trace) -> bool {
    is(&TRACE_PARENT, name) || (is(&TRACE_STATE, name) && !trace.is_continued())
}

/// The pieces of a cookie, joined; nothing where there is one, or none.
fn pieces(fields: &Fields) -> Option<Vec<u8>> {
    let pieces: SmallVec<[&[u8]; 8]> = fields.all(&COOKIE).collect();
    (pieces.len() > 1).then(|| pieces.join(&b"; "[..]))
}

/// What is not passed on as it is: it is for one connection only (RFC 9110, 7.6.1), it is said anew, or some servers take
/// it for the address of a proxy of theirs (`Proxy`: httpoxy, CVE-2016-5385).
const OURS: [&str; 17] = [
    "host",
    "authorization",
    "connection",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "proxy",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-client-name",
    "x-request-id",
];

fn is_ours(name: &[u8]) -> bool {
    OURS.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(name))
}

/// RFC 9110, 7.6.3: the version in which the message came, and who passes it on.
pub(super) fn via(version: Version) -> &'static str {
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

    fn each(&self, said: &Fields, host: Option<&[u8]>, emit: &mut dyn FnMut(&[u8], &[u8])) {
        let mut emit = |name: &HeaderName, value: &[u8]| emit(name.as_ref(), value);
        if self.trusted {
            emit(&FORWARDED_FOR, &chain(said, &FORWARDED_FOR, &self.address));
            emit(&FORWARDED, &chain(said, &FORWARDED, &self.element));
            emit(&FORWARDED_PROTO, said.first(&FORWARDED_PROTO).unwrap_or(self.proto.as_bytes()));
            if let Some(host) = said.first(&FORWARDED_HOST).or(host) {
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
fn chain(said: &Fields, name: &HeaderName, own: &str) -> Vec<u8> {
    said.all(name).chain([own.as_bytes()]).collect::<Vec<_>>().join(&b", "[..])
}
