//! What a request asks for, in the gate's words: from where, by which method, and with which scopes its path is guarded.

use std::net::IpAddr;

use gate::{Asked, Gate, Network, Scopes};
use http::HeaderName;

use super::request::Asks;
use crate::app::App;
use crate::routes::{Ambiguous, Routes};
use crate::usage::Endpoint;

static FORWARDED: HeaderName = HeaderName::from_static("forwarded");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a proxy says it was asked, where it asks `/auth/verify` for a client.
pub(super) const VERIFY: &str = "/auth/verify";
static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];
static PATHS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-uri"), HeaderName::from_static("x-original-uri")];

/// A request as far as restrictions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errand<'a> {
    /// The client's; `None` where a trusted proxy has not said it in a way that can be read.
    pub(crate) address: Option<IpAddr>,
    /// Empty where it is said in two ways, which is the method of no list.
    pub(crate) method: &'a str,
    /// Without its query; `None` where it is said in two ways, or by nobody.
    pub(crate) path: Option<&'a str>,
}

impl<'a> Errand<'a> {
    /// That of a request which came over a connection from `peer`.
    pub(crate) fn of(app: &App, peer: IpAddr, request: &'a impl Asks) -> Self {
        let address = client(peer, request, &app.place.trusted_proxies);
        let (method, path) = (request.method().as_str(), request.path());
        if path != VERIFY {
            return Self { address, method, path: Some(path) };
        }
        let method = match told(request, &METHODS) {
            Told::Nothing => method,
            Told::Once(told) => told,
            Told::Unclear => "",
        };
        match told(request, &PATHS) {
            Told::Once(uri) => Self::told(address, method, uri),
            Told::Nothing | Told::Unclear => Self { address, method, path: None },
        }
    }

    /// That of a request which a proxy describes; `uri` is a path with or without a query, or a whole URL.
    pub(crate) fn told(address: Option<IpAddr>, method: &'a str, uri: &'a str) -> Self {
        Self { address, method, path: path_of(uri) }
    }

    /// Under which name it is counted.
    pub(crate) fn endpoint(&self, app: &App, gate: &Gate) -> Endpoint {
        app.endpoints.name(self.method, self.path, app.routes().as_deref(), gate)
    }

    /// Hands it to whoever decides, with the scopes of its route.
    pub(crate) fn ask<T>(&self, app: &App, decide: impl FnOnce(&Asked<'_>) -> T) -> T {
        let routes = app.routes();
        let scopes =
            routes.as_deref().map_or(Scopes::Needed(&[]), |in_use| scopes(&in_use.routes, self.path));
        let Self { address, method, .. } = *self;
        decide(&Asked { address, method, scopes, environment: &app.place.environment })
    }
}

/// What a path is guarded with. One that nobody has said may be any of those that are.
fn scopes<'a>(routes: &'a Routes, path: Option<&str>) -> Scopes<'a> {
    match path.map(|path| routes.route(path)) {
        Some(Ok(route)) => Scopes::Needed(route.map_or(&[], |route| &route.scopes)),
        None if !routes.ask_for_scopes() => Scopes::Needed(&[]),
        None | Some(Err(Ambiguous)) => Scopes::Unclear,
    }
}

/// What one of two headers says.
enum Told<'a> {
    Nothing,
    Once(&'a str),
    /// Differently in both, or twice, or not in ASCII: one is the client's own then, passed on by a proxy that sets the
    /// other.
    Unclear,
}

fn told<'a>(request: &'a impl Asks, names: &'static [HeaderName; 2]) -> Told<'a> {
    let mut values = names.iter().flat_map(|name| request.all(name));
    let Some(first) = values.next() else { return Told::Nothing };
    match std::str::from_utf8(first) {
        Ok(text) if text.is_ascii() && values.all(|other| other == first) => Told::Once(text),
        _ => Told::Unclear,
    }
}

/// The path of what a proxy was asked for, which may be a whole URL.
fn path_of(uri: &str) -> Option<&str> {
    let uri = uri.split('?').next().unwrap_or_default();
    if uri.starts_with('/') {
        return Some(uri);
    }
    let (_, rest) = uri.split_once("://")?;
    Some(rest.find('/').map_or("/", |at| &rest[at..]))
}

/// The client's address: the other end of the connection, or if that is a trusted proxy, the last address before those of
/// trusted ones. What cannot be read is no address at all: the proxy's own says nothing of the client, and may well be one
/// that keys allow.
pub(crate) fn client(peer: IpAddr, request: &impl Asks, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let forwarded = chain(request, &FORWARDED).map(|chain| last(chain, for_node, is_trusted));
    let forwarded_for = chain(request, &FORWARDED_FOR).map(|chain| last(chain, node, is_trusted));
    match (forwarded, forwarded_for) {
        (None, None) => Some(peer),
        (Some(address), None) | (None, Some(address)) => address,
        // A proxy that sets one passes a client's other one on.
        (Some(address), Some(other)) => address.filter(|_| address == other),
    }
}

/// The values of a header from the last to the first, each by itself; `None` where there is no such header.
fn chain<'a>(request: &'a impl Asks, name: &'a HeaderName) -> Option<impl Iterator<Item = &'a [u8]>> {
    let values: Vec<&[u8]> = request.all(name).collect();
    let is_there = !values.is_empty();
    is_there.then(|| values.into_iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')))
}

/// The first of a chain that is not trusted; where all are, the farthest.
fn last<'a>(
    chain: impl Iterator<Item = &'a [u8]>,
    read: impl Fn(&str) -> Option<IpAddr>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut farthest = None;
    for item in chain {
        let address = read(std::str::from_utf8(item).ok()?.trim())?;
        farthest = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    farthest
}

/// The `for` of one element of `Forwarded` (RFC 7239, 4).
fn for_node(element: &str) -> Option<IpAddr> {
    let mut nodes = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let node_text = nodes.next()?;
    if nodes.next().is_some() {
        return None;
    }
    let unquoted = node_text.strip_prefix('"').map_or(Some(node_text), |rest| rest.strip_suffix('"'));
    node(unquoted?)
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(bracketed) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return bracketed.parse().ok().map(IpAddr::V6);
    }
    text.parse().ok().map(|address: std::net::SocketAddr| address.ip())
}

#[cfg(test)]
mod tests;
