//! From a path to its route. Pure.
//!
//! The longest prefix wins, on whole segments, byte for byte. That is enough to choose a time-out or an upstream, which is
//! done by this reading alone. It is not enough to choose what a key must be allowed to do: programs behind this one decode,
//! merge and cut paths in ways of their own, and whoever finds a spelling that is `/admin` to them and something else here
//! has gone around the route of `/admin`. So where any route asks for scopes, [`Routes::route`] takes only paths that
//! every usual reading leads to the same scopes, and calls all others ambiguous. It does not normalise: the path that was
//! judged must be the path that is passed on.
//!
//! Ambiguous by themselves are empty and dot segments, encoded or followed by `;` or not; encoded slashes, backslashes,
//! control characters and anything encoded twice or badly; and what is not UTF-8. A segment that is plain by these rules may
//! still be read as a route's segment without being spelt like it: with encoded letters (`%61dmin`), in another case, with
//! parameters (`admin;x`), an extension (`admin.json`) or blanks at its end. That is ambiguous if it changes the scopes. A
//! segment spelt like a route's is that route's, since the operator has written it so.

use std::time::Duration;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::upstream::Address;

/// The routes of a file, and the upstreams that they name.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Longest prefix first.
    all: Vec<Route>,
    upstreams: Vec<Upstream>,
    asks_for_scopes: bool,
}

/// What holds for the paths below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Begins with a slash and does not end with one; empty for all paths.
    pub(crate) prefix: Box<str>,
    /// What a key with scopes must have, all of it. In order, each once.
    pub(crate) scopes: Box<[Box<str>]>,
    /// For the upstream's answer to begin; `None` is the general one.
    pub(crate) timeout: Option<Duration>,
    /// The longest body; `None` is the general limit.
    pub(crate) max_body_bytes: Option<u64>,
    /// One of the file's upstreams; `None` is the general one.
    pub(crate) upstream: Option<Box<str>>,
}

/// Servers that answer alike, by the name that routes call them by.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: Box<str>,
    /// At least one.
    pub(crate) addresses: Vec<Address>,
    /// Asked for to see whether a server is well.
    pub(crate) health_path: Option<Uri>,
}

/// A path that a program behind this one may take for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

impl Routes {
    pub(crate) fn new(mut routes: Vec<Route>, upstreams: Vec<Upstream>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        let asks_for_scopes = routes.iter().any(|route| !route.scopes.is_empty());
        Self { all: routes, upstreams, asks_for_scopes }
    }

    /// The route of a path as it is spelt, without its query.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        self.all.iter().find(|route| route.covers(path))
    }

    /// The same, for whoever goes by its scopes.
    ///
    /// # Errors
    /// There are scopes to be asked for, and the path may be read as one of a route with others.
    pub(crate) fn route(&self, path: &str) -> Result<Option<&Route>, Ambiguous> {
        let route = self.find(path);
        if self.asks_for_scopes && !(is_plain(path) && self.has_one_reading(path, route)) {
            return Err(Ambiguous);
        }
        Ok(route)
    }

    /// Whether any route does.
    pub(crate) fn ask_for_scopes(&self) -> bool {
        self.asks_for_scopes
    }

    /// All that routes name.
    pub(crate) fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether no longer prefix than the route's own, read freely, covers the path and asks for something else.
    fn has_one_reading(&self, path: &str, route: Option<&Route>) -> bool {
        let scopes = route.map_or(&[][..], |route| &*route.scopes);
        let longer =
            self.all.iter().take_while(|other| route.is_none_or(|route| !std::ptr::eq(*other, route)));
        longer.filter(|other| other.may_cover(path)).all(|other| *other.scopes == *scopes)
    }
}

impl Route {
    fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&*self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The same by any usual reading of a plain path.
    fn may_cover(&self, path: &str) -> bool {
        let mut given = path.split('/').skip(1);
        let mut wanted = self.prefix.split('/').skip(1);
        wanted.all(|wanted| given.next().is_some_and(|given| may_be(given, wanted)))
    }
}

/// Whether a segment may be read as a prefix's: decoded, in any case, and cut before parameters, an extension or blanks.
fn may_be(given: &str, wanted: &str) -> bool {
    let mut given = percent_decode_str(given);
    wanted.bytes().all(|byte| given.next().is_some_and(|given| given.eq_ignore_ascii_case(&byte)))
        && matches!(given.next(), None | Some(b';' | b'.' | b' '))
}

/// Whether everybody takes the path apart into the same segments.
fn is_plain(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else { return false };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if !is_plain_segment(segment, is_last) {
            return false;
        }
    }
    true
}

fn is_plain_segment(segment: &str, is_last: bool) -> bool {
    if !segment.split('%').skip(1).all(is_encoded) || segment.contains([' ', '?', '#']) {
        return false;
    }
    let Ok(decoded) = percent_decode_str(segment).decode_utf8() else { return false };
    let is_encoded_twice = decoded.split('%').skip(1).any(is_encoded);
    if is_encoded_twice || decoded.contains(|c: char| matches!(c, '/' | '\\') || c.is_control()) {
        return false;
    }
    let name = decoded.split(';').next().unwrap_or_default();
    // Nothing but dots, with or without blanks, is "here" or "above" to somebody.
    if name.is_empty() { is_last } else { !name.trim_matches(['.', ' ']).is_empty() }
}

/// Whether what follows a percent sign makes it an encoded byte.
fn is_encoded(rest: &str) -> bool {
    matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
