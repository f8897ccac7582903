//! Records for the tests of this folder.

use gate::{KeyHash, Record};

pub(crate) fn hash(key: &str) -> KeyHash {
    KeyHash::of(key.as_bytes())
}

/// A key that works, at 60 a minute.
pub(crate) fn record(key: &str) -> Record {
    Record {
        key: hash(key),
        client: format!("Client {key}").into(),
        limit: Some(60),
        active: true,
        expires_at: None,
        revoked_at: None,
        readable: true,
        row: 2,
    }
}
