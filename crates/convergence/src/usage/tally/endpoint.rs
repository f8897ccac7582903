//! The name that a path is counted under.

use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use foldhash::quality::RandomState;

/// With a secret of this process: nobody can make two names that are taken for one.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A name, and its hash, which is worked out once. A copy is the same.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint(Arc<Name>);

#[derive(Debug)]
struct Name {
    text: Box<str>,
    hash: u64,
}

impl Endpoint {
    pub(crate) fn new(text: &str) -> Self {
        Self(Arc::new(Name { text: text.into(), hash: HASHER.hash_one(text) }))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The hash of what a count is about.
    pub(super) fn hash_with(&self, client: &str, key: u64, minute: u64) -> u64 {
        HASHER.hash_one((self.0.hash, client, key, minute))
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::new("")
    }
}
