//! The brute-force shield.

use std::num::NonZeroU16;

use super::settings::Reader;

/// A new key works within about ten seconds of its first use. Whoever tries it each second until then must not be held
/// back, nor two of them at one address.
const LIMIT: u16 = 30;

/// How many attempts may fail.
#[derive(Clone, Copy)]
pub struct Shield {
    /// `AUTH_FAILURE_LIMIT`, for one address in any 60 s; none where it is 0, which turns the shield off.
    pub limit: Option<NonZeroU16>,
}

impl Shield {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { limit: NonZeroU16::new(reader.number("AUTH_FAILURE_LIMIT", 0..=10_000, LIMIT)) }
    }
}
