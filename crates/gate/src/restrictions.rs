//! Step 4: where, how and for what a key may be used. Most rows say nothing of it, and their keys never come here.

use std::sync::Arc;

use crate::asked::{Asked, Scopes};
use crate::network::Network;
use crate::refusal::Cause;

/// What a row restricts its key to. `None` is no restriction; an empty list lets nothing through, which no cell says but
/// two copies of a row may. Lists are in order, each item once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Restrictions {
    /// What the key may do, compared exactly.
    pub scopes: Option<Box<[Box<str>]>>,
    /// From where.
    pub allowed_ips: Option<Box<[Network]>>,
    /// By which methods, in upper case. `GET` allows `HEAD`.
    pub methods: Option<Box<[Box<str>]>>,
    /// On which servers, in lower case.
    pub environments: Option<Box<[Box<str>]>>,
}

impl Restrictions {
    /// To be shared by all that it holds for; `None` where it restricts nothing.
    pub fn shared(self) -> Option<Arc<Self>> {
        (self != Self::default()).then(|| Arc::new(self))
    }

    /// What both let through.
    pub fn intersection(a: Option<&Arc<Self>>, b: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) if a != b => (a, b),
            (a, b) => return a.or(b).cloned(),
        };
        Self {
            scopes: intersection(a.scopes.as_deref(), b.scopes.as_deref(), same),
            allowed_ips: intersection(a.allowed_ips.as_deref(), b.allowed_ips.as_deref(), |a, b| {
                a.intersection(*b)
            }),
            methods: intersection(a.methods.as_deref(), b.methods.as_deref(), same),
            environments: intersection(a.environments.as_deref(), b.environments.as_deref(), same),
        }
        .shared()
    }

    /// Whether a request may use the key. The server's place comes first, what the route asks for last.
    pub(crate) fn allow(&self, asked: &Asked<'_>) -> Result<(), Cause> {
        let has = |list: &[Box<str>], word: &str| list.iter().any(|item| **item == *word);
        if self.environments.as_ref().is_some_and(|environments| !has(environments, asked.environment)) {
            return Err(Cause::WrongEnvironment);
        }
        if let Some(networks) = &self.allowed_ips
            && !asked.address.is_some_and(|address| networks.iter().any(|network| network.contains(address)))
        {
            return Err(Cause::AddressNotAllowed);
        }
        if let Some(methods) = &self.methods
            && !has(methods, asked.method)
            && !(asked.method == "HEAD" && has(methods, "GET"))
        {
            return Err(Cause::MethodNotAllowed);
        }
        match (&self.scopes, asked.scopes) {
            (Some(_), Scopes::Unclear) => Err(Cause::AmbiguousPath),
            (Some(scopes), Scopes::Needed(needed)) if !needed.iter().all(|scope| has(scopes, scope)) => {
                Err(Cause::InsufficientScope)
            }
            _ => Ok(()),
        }
    }
}

fn same<T: Clone + PartialEq>(a: &T, b: &T) -> Option<T> {
    (a == b).then(|| a.clone())
}

/// The items that two lists share, where no list is every item there can be.
fn intersection<T: Clone + Ord>(
    a: Option<&[T]>,
    b: Option<&[T]>,
    shared: impl Fn(&T, &T) -> Option<T>,
) -> Option<Box<[T]>> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b).map(Into::into) };
    let mut both: Vec<T> = a.iter().flat_map(|a| b.iter().filter_map(|b| shared(a, b))).collect();
    both.sort_unstable();
    both.dedup();
    Some(both.into())
}
