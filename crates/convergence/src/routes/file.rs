//! `routes.toml`, read: all faults at once, each with its line and what to do. Pure.

use std::time::Duration;

use http::uri::PathAndQuery;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::matching::{Route, Routes, Upstream};
use crate::upstream::{Address, EXPECTED};

/// The longest time-out, in seconds: a day.
const LONGEST_TIMEOUT: u64 = 86_400;

/// The largest body that a route may allow: a tebibyte.
const LARGEST_BODY: u64 = 1 << 40;

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) wrong: String,
}

/// Reads a file's text.
///
/// # Errors
/// Everything that is wrong with it, from the top down. A file without a route is one that was cut short, or the wrong one.
pub(crate) fn parse(text: &str) -> Result<Routes, Vec<Fault>> {
    let mut reader = Reader { text, faults: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        reader.fault(at, format!("not TOML: {}", error.message().trim_end().replace('\n', "; ")));
    }
    let routes = if errors.is_empty() { reader.file(table.get_ref()) } else { Routes::default() };
    let mut faults = reader.faults;
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(routes) } else { Err(faults) }
}

struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

type Member<'a, 'i> = Option<&'a Spanned<DeValue<'i>>>;

impl Reader<'_> {
    fn file(&mut self, file: &DeTable<'_>) -> Routes {
        self.known(file, &["route", "upstream"], "the file");
        let upstreams = self.upstreams(member(file, "upstream"));
        let routes = self.routes(member(file, "route"), &upstreams);
        if routes.is_empty() && self.faults.is_empty() {
            self.fault(0, "there is no [[route]] in it; to have no routes, leave ROUTES_FILE unset");
        }
        Routes::new(routes, upstreams)
    }

    fn upstreams(&mut self, value: Member<'_, '_>) -> Vec<Upstream> {
        let Some(value) = value else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.fault(value.span().start, "upstreams are tables: [upstream.NAME]");
            return Vec::new();
        };
        let mut upstreams = Vec::new();
        for (name, value) in table {
            let at = name.span().start;
            let DeValue::Table(members) = value.get_ref() else {
                self.fault(at, format!("an upstream is a table: [upstream.{}]", name.get_ref()));
                continue;
            };
            self.known(members, &["urls", "health_path"], "an upstream");
            let urls = if let Some(urls) = member(members, "urls") {
                self.words(urls, "urls", EXPECTED, |url| Address::read(url).is_some())
            } else {
                self.fault(at, "it has no urls; add urls = [\"http://127.0.0.1:9000\"]");
                Vec::new()
            };
            let health_path = self.text(member(members, "health_path"), "health_path", A_PATH, is_path);
            let health_path = health_path.and_then(|path| path.parse().ok());
            let addresses = urls.iter().filter_map(|url| Address::read(url)).collect();
            upstreams.push(Upstream { name: name.get_ref().as_ref().into(), addresses, health_path });
        }
        upstreams
    }

    fn routes(&mut self, value: Member<'_, '_>, upstreams: &[Upstream]) -> Vec<Route> {
        let Some(value) = value else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(value.span().start, "routes are an array of tables: [[route]]");
            return Vec::new();
        };
        let mut routes: Vec<(Route, usize)> = Vec::new();
        for item in items {
            let at = item.span().start;
            let DeValue::Table(members) = item.get_ref() else {
                self.fault(at, "a route is a table: [[route]]");
                continue;
            };
            let Some(route) = self.route(members, at, upstreams) else { continue };
            let prefix_at = member(members, "prefix").map_or(at, |prefix| prefix.span().start);
            if let Some((_, first)) =
                routes.iter().find(|(other, _)| other.prefix.eq_ignore_ascii_case(&route.prefix))
            {
                let line = self.line(*first);
                let wrong = "has this prefix already, or one that differs by the case of its letters";
                self.fault(prefix_at, format!("the route of line {line} {wrong}; join the two"));
            }
            routes.push((route, prefix_at));
        }
        routes.into_iter().map(|(route, _)| route).collect()
    }

    fn route(&mut self, members: &DeTable<'_>, at: usize, upstreams: &[Upstream]) -> Option<Route> {
        self.known(members, &["prefix", "scopes", "timeout", "max_body_bytes", "upstream"], "a route");
        let prefix = member(members, "prefix");
        if prefix.is_none() {
            self.fault(at, "it has no prefix; add prefix = \"/v1\", or \"/\" for every path");
        }
        let prefix = self.text(prefix, "prefix", A_PREFIX, is_prefix);
        let scopes = member(members, "scopes");
        let mut scopes =
            scopes.map(|scopes| self.words(scopes, "scopes", A_SCOPE, is_scope)).unwrap_or_default();
        scopes.sort();
        scopes.dedup();
        let timeout = self.number(member(members, "timeout"), "timeout", 1..=LONGEST_TIMEOUT, " of seconds");
        let max_body_bytes =
            self.number(member(members, "max_body_bytes"), "max_body_bytes", 0..=LARGEST_BODY, "");
        let upstream = self.upstream(member(members, "upstream"), upstreams);
        Some(Route {
            prefix: prefix?.trim_end_matches('/').into(),
            scopes: scopes.into_iter().map(String::into_boxed_str).collect(),
            timeout: timeout.map(Duration::from_secs),
            max_body_bytes,
            upstream,
        })
    }

    fn upstream(&mut self, value: Member<'_, '_>, upstreams: &[Upstream]) -> Option<Box<str>> {
        let name = self.text(value, "upstream", "an upstream's name", |name| !name.is_empty())?;
        if !upstreams.iter().any(|upstream| *upstream.name == *name) {
            let at = value.map_or(0, |value| value.span().start);
            self.fault(at, format!("there is no [upstream.{name}] in this file; add it, or mend the name"));
        }
        Some(name.into())
    }

    /// Says which members nothing reads: a misspelt one must not pass for an absent one.
    fn known(&mut self, table: &DeTable<'_>, names: &[&str], whose: &str) {
        for (name, _) in table {
            if !names.contains(&name.get_ref().as_ref()) {
                let known = names.join(", ");
                self.fault(
                    name.span().start,
                    format!("{whose} has no member {}; there are {known}", name.get_ref()),
                );
            }
        }
    }

    fn text(
        &mut self,
        value: Member<'_, '_>,
        name: &str,
        wanted: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let value = value?;
        match value.get_ref() {
            DeValue::String(text) if is_right(text) => return Some(text.to_string()),
            _ => self.fault(value.span().start, format!("{name} must be {wanted}")),
        }
        None
    }

    fn words(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        name: &str,
        wanted: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(value.span().start, format!("{name} must be a list, each {wanted}"));
            return Vec::new();
        };
        if items.is_empty() {
            self.fault(value.span().start, format!("{name} is empty; leave it out, or list {wanted}"));
        }
        let words: Vec<_> = items
            .iter()
            .map(|item| self.text(Some(item), &format!("each of {name}"), wanted, &is_right))
            .collect();
        words.into_iter().flatten().collect()
    }

    fn number(
        &mut self,
        value: Member<'_, '_>,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        of_what: &str,
    ) -> Option<u64> {
        let value = value?;
        let number = match value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let wrong =
                format!("{name} must be a whole number{of_what} from {} to {}", range.start(), range.end());
            self.fault(value.span().start, wrong);
        }
        number
    }

    fn fault(&mut self, at: usize, wrong: impl Into<String>) {
        self.faults.push(Fault { line: self.line(at), wrong: wrong.into() });
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

fn member<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Member<'a, 'i> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

const A_PATH: &str = "a path such as /health";
const A_PREFIX: &str = "a path such as /v1, of letters, digits and -._~!$&'()*+,=:@, without empty parts or dots alone; \
                        write it as it is decoded";
const A_SCOPE: &str = "a scope: one word of visible ASCII without quotes, commas and backslashes";

fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.parse::<PathAndQuery>().is_ok()
}

/// Only what is spelt in one way: a prefix is compared byte for byte.
fn is_prefix(prefix: &str) -> bool {
    let Some(path) = prefix.strip_prefix('/') else { return false };
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
    let is_segment = |segment: &str| {
        segment.bytes().all(is_literal) && !segment.trim_matches('.').is_empty() && !segment.ends_with('.')
    };
    prefix == "/" || path.split('/').all(is_segment)
}

/// RFC 6749, 3.3, less the comma, which separates scopes in a cell.
fn is_scope(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\,".contains(&byte))
}

#[cfg(test)]
mod tests;
