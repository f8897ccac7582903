//! Under which name a request's path is counted: few names, whatever clients ask for, and no secret among them.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use gate::Gate;
use smallvec::SmallVec;

use super::redact;
use crate::routes::Routes;

/// So many names are kept apart. What comes after them is counted as [`OTHERS`].
const MOST: usize = 1_000;

/// Of a path so many segments are told apart.
const DEPTH: usize = 3;

/// A segment that is longer is a value, not a name.
const LONGEST_NAME: usize = 40;

const OTHERS: &str = "(other paths)";

/// The method and a path in which what varies is a `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoint(SmallVec<[u8; 96]>);

impl Endpoint {
    /// The name of what a request asks for. A path that nobody has said is the path of the proxy's question.
    fn of(method: &str, path: Option<&str>, routes: Option<&Routes>) -> Self {
        let mut name = Self(SmallVec::new());
        name.push(method_name(method)).push(" ");
        let path = path.unwrap_or("/auth/verify");
        match routes.and_then(|routes| routes.find(path)) {
            // As the operator has written it.
            Some(route) if !route.prefix.is_empty() => {
                name.push(&route.prefix).push(if path.len() > route.prefix.len() { "/*" } else { "" });
            }
            _ => name.push_path(path),
        }
        name
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or(OTHERS)
    }

    fn push(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn push_path(&mut self, path: &str) {
        let mut segments = path.split('/').skip(1);
        for segment in segments.by_ref().take(DEPTH) {
            self.push("/").push(if is_name(segment) { segment } else { "*" });
        }
        if segments.next().is_some() {
            self.push("/*");
        }
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
#[derive(Default)]
pub(crate) struct Endpoints(RwLock<HashSet<SmallVec<[u8; 96]>>>);

impl Endpoints {
    /// The name of what a request asks for.
    pub(crate) fn name(
        &self,
        method: &str,
        path: Option<&str>,
        routes: Option<&Routes>,
        gate: &Gate,
    ) -> Endpoint {
        let name = Endpoint::of(method, path, routes);
        if self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&name.0) {
            return name;
        }
        self.add(&name, gate)
    }

    /// A new name, if it may be one: a client may have put its key into the path by mistake.
    #[cold]
    fn add(&self, name: &Endpoint, gate: &Gate) -> Endpoint {
        let shown = redact::path(name.as_str(), gate);
        let name = Endpoint(SmallVec::from_slice(shown.as_bytes()));
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < MOST || names.contains(&name.0) {
            names.insert(name.0.clone());
            return name;
        }
        Endpoint(SmallVec::from_slice(OTHERS.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: &str, path: &str) -> String {
        Endpoint::of(method, Some(path), None).as_str().to_owned()
    }

    #[test]
    fn what_varies_in_a_path_is_a_star() {
        assert_eq!(name("POST", "/convergence/generate-audio"), "POST /convergence/generate-audio");
        assert_eq!(name("GET", "/"), "GET /");
        assert_eq!(name("GET", "/v1/users/42/orders/7"), "GET /v1/users/*/*");
        assert_eq!(name("GET", "/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301"), "GET /users/*");
        assert_eq!(name("BREW", "/v123/caf%C3%A9"), "(other) /*/*");
        assert_eq!(name("GET", &format!("/{}", "a".repeat(41))), "GET /*");
        assert_eq!(Endpoint::of("GET", None, None).as_str(), "GET /auth/verify");
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
        assert_eq!(endpoints.0.read().unwrap().len(), MOST);
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
