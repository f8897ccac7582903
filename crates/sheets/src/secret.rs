//! A text that nobody may see: a private key, a refresh token, a client's secret, a token.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A secret text, wiped from memory when dropped. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for a signature, a form or a header only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can stand in a header: visible ASCII, and some of it.
    pub(crate) fn is_token(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
