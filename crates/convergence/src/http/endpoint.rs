//! Under which name a request's path is counted: few names, whatever clients ask for, and no secret among them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;
use gate::Gate;

use super::redact;
use crate::routes::{InUse, Routes};
use crate::usage::Endpoint;

/// So many names are kept apart. What comes after them is counted as [`OTHERS`].
const MOST: usize = 1_000;

/// Of a path so many segments are told apart.
const DEPTH: usize = 3;

/// A segment that is longer is a value, not a name.
const LONGEST_NAME: usize = 40;

/// So many paths each thread remembers the names of, if they are not longer than this.
const RECENT: usize = 128;
const LONGEST_PATH: usize = 256;

const OTHERS: &str = "(other paths)";

/// The path of a question about a path that nobody has said.
const UNSAID: &str = "/auth/verify";

thread_local! {
    static RECENTLY: RefCell<Recent> = RefCell::default();
}

/// What paths a thread has named of late: a name takes longer to make than all the rest of a count.
#[derive(Default)]
struct Recent {
    /// Of whose names they are.
    of: (u64, u64),
    hasher: RandomState,
    /// Each at the place that its hash says, where a later one takes it over.
    names: Vec<Option<(Box<str>, Endpoint)>>,
}

/// The name of what a request asks for. A path that nobody has said is the path of the proxy's question.
fn name(method: &str, path: &str, routes: Option<&Routes>) -> String {
    let mut name = format!("{} ", method_name(method));
    match routes.and_then(|routes| routes.find(path)) {
        // As the operator has written it.
        Some(route) if !route.prefix.is_empty() => {
            name.push_str(&route.prefix);
            name.push_str(if path.len() > route.prefix.len() { "/*" } else { "" });
        }
        _ => push_path(&mut name, path),
    }
    name
}

/// The same for whom nothing is counted: nobody else has to keep it.
pub(super) fn unlisted(
    method: &str,
    path: Option<&str>,
    routes: Option<&InUse>,
    gate: Option<&Gate>,
) -> String {
    let name = name(method, path.unwrap_or(UNSAID), routes.map(|in_use| &in_use.routes));
    redact::path(&name, gate).into_owned()
}

fn push_path(name: &mut String, path: &str) {
    let mut segments = path.split('/').skip(1);
    for segment in segments.by_ref().take(DEPTH) {
        name.push('/');
        name.push_str(if is_name(segment) { segment } else { "*" });
    }
    if segments.next().is_some() {
        name.push_str("/*");
    }
}

/// Methods that are counted by their names.
fn method_name(method: &str) -> &str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("(other)")
}

/// Whether a segment of a path is a name rather than a value: short, of letters and few other characters; a number only
/// behind a `v`, as in `v1`.
fn is_name(segment: &str) -> bool {
    let version = segment.strip_prefix('v').unwrap_or_default();
    if !version.is_empty() && version.len() <= 2 && version.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let is_fit = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.' | b':');
    segment.len() <= LONGEST_NAME && segment.bytes().all(is_fit)
}

/// The names that are in use.
pub(crate) struct Endpoints {
    /// Which of several servers of a process they are of.
    number: u64,
    known: RwLock<HashSet<String>>,
}

impl Default for Endpoints {
    fn default() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), known: RwLock::default() }
    }
}

impl Endpoints {
    /// The name of what a request asks for.
    pub(crate) fn name(
        &self,
        method: &str,
        path: Option<&str>,
        routes: Option<&InUse>,
        gate: &Gate,
    ) -> Endpoint {
        let path = path.unwrap_or(UNSAID);
        let of = (self.number, routes.map_or(0, |in_use| in_use.number));
        let make = || self.make(&name(method, path, routes.map(|in_use| &in_use.routes)), gate);
        RECENTLY.with_borrow_mut(|recent| recent.find(of, method, path, make))
    }

    /// A name, if it may be one: a client may have put its key into the path by mistake.
    fn make(&self, name: &str, gate: &Gate) -> Endpoint {
        if self.known.read().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return Endpoint::new(name);
        }
        let name = redact::path(name, Some(gate));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST || known.contains(&*name) {
            known.insert(name.clone().into_owned());
            return Endpoint::new(&name);
        }
        Endpoint::new(OTHERS)
    }
}

impl Recent {
    fn find(
        &mut self,
        of: (u64, u64),
        method: &str,
        path: &str,
        make: impl FnOnce() -> Endpoint,
    ) -> Endpoint {
        if self.of != of {
            self.of = of;
            self.names = vec![None; RECENT];
        }
        let place = usize::try_from(self.hasher.hash_one((method, path))).unwrap_or_default() % RECENT;
        let is_it = |asked: &str| {
            asked.len() == method.len() + path.len() && asked.starts_with(method) && asked.ends_with(path)
        };
        match &self.names[place] {
            Some((asked, endpoint)) if is_it(asked) => endpoint.clone(),
            _ => {
                let endpoint = make();
                if path.len() <= LONGEST_PATH {
                    self.names[place] = Some(([method, path].concat().into(), endpoint.clone()));
                }
                endpoint
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: &str, path: &str) -> String {
        super::name(method, path, None)
    }

    #[test]
    fn what_varies_in_a_path_is_a_star() {
        assert_eq!(name("POST", "/convergence/generate-audio"), "POST /convergence/generate-audio");
        assert_eq!(name("GET", "/"), "GET /");
        assert_eq!(name("GET", "/v1/users/42/orders/7"), "GET /v1/users/*/*");
        assert_eq!(name("GET", "/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301"), "GET /users/*");
        assert_eq!(name("BREW", "/v123/caf%C3%A9"), "(other) /*/*");
        assert_eq!(name("GET", &format!("/{}", "a".repeat(41))), "GET /*");
        let nobody_said = Endpoints::default().name("GET", None, None, &Gate::shut());
        assert_eq!(nobody_said.as_str(), "GET /auth/verify");
    }

    #[test]
    fn names_are_few_whatever_is_asked_for() {
        let (endpoints, gate) = (Endpoints::default(), Gate::shut());
        let letters = |number: usize| format!("/{}{}", "x".repeat(number % 30), "y".repeat(number / 30));
        let name = |path: &str| endpoints.name("GET", Some(path), None, &gate).as_str().to_owned();
        let names: HashSet<String> = (0..300).map(|number| name(&letters(number))).collect();
        assert_eq!(names.len(), 300, "they are apart");
        (0..300).for_each(|number| {
            for more in ["a", "b", "c"] {
                name(&format!("/{more}{}", letters(number)));
            }
        });
        assert_eq!(endpoints.known.read().unwrap().len(), MOST);
        assert_eq!(name("/new/one"), OTHERS);
        assert_eq!(name("/xxx"), "GET /xxx");
    }

    #[test]
    fn p24_a_key_in_a_path_is_no_name() {
        let gate = Gate::shut();
        let name = Endpoints::default().name("GET", Some("/sk-convergence-abc/x"), None, &gate);
        assert_eq!(name.as_str(), "GET /[redacted]/x");
    }
}
