//! One readable row of the keys table: all that a decision needs, and no key.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::bearer::{self, HeaderProblem};
use crate::quota::{FurtherLimits, lower};
use crate::restrictions::Restrictions;

/// The SHA-256 of an API key. The key itself is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Hashes a whole key, as a client presents it or as a cell holds it.
    pub fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// That of the key which the values of a request's `Authorization` header fields present.
    ///
    /// # Errors
    /// No key can be read from them.
    pub fn presented<'a>(authorization: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, HeaderProblem> {
        bearer::present(authorization).map(|key| Self::of(key.bytes()))
    }

    /// The hash that 64 hex digits (either case) spell, as in a cell `sha256:<64 hex>`.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digits: Vec<u8> =
            hex.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect::<Option<_>>()?;
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        bytes.try_into().ok().map(Self)
    }

    /// The 64 lower-case hex digits that [`KeyHash::from_hex`] reads back.
    pub fn to_hex(self) -> String {
        // Not by `Hex`, a character at a time: a snapshot writes a million of these.
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: Vec<u8> = digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]).collect();
        String::from_utf8(hex).unwrap_or_default()
    }

    /// The hash itself, for sums over many of them; not for logs.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The short form for logs and listings.
    pub fn fingerprint(self) -> Fingerprint {
        let (first, _) = self.0.split_first_chunk().expect("6 of 32 bytes");
        Fingerprint(*first)
    }

    /// Its first eight bytes, as a number in the order of the hashes. A hash's bits are evenly spread, so they serve
    /// an index as they are.
    pub(crate) fn leading(&self) -> u64 {
        let (first, _) = self.0.split_first_chunk().expect("8 of 32 bytes");
        u64::from_be_bytes(*first)
    }
}

/// Shows the fingerprint only.
impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({}..)", self.fingerprint())
    }
}

/// The first 12 hex digits of a key's SHA-256: enough to tell keys apart, useless to a thief.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 6]);

impl Fingerprint {
    /// The same as a number of 48 bits.
    pub fn number(self) -> u64 {
        self.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// The fingerprint of a number that [`Fingerprint::number`] gives; more bits than 48 are dropped.
    pub fn of_number(number: u64) -> Self {
        let [_, _, rest @ ..] = number.to_be_bytes();
        Self(rest)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Bytes as lower-case hex digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One key's row, read. Moments are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which key, by its hash.
    pub key: KeyHash,
    /// `client_name`, trimmed; compared exactly. Empty only where `readable` is false.
    pub client: Box<str>,
    /// Requests per 60 seconds; `None` is unlimited, 0 admits nothing.
    pub limit: Option<u32>,
    /// Limits beside that; `None` where the row has none.
    pub further_limits: Option<Box<FurtherLimits>>,
    /// Whether `is_active` says so.
    pub active: bool,
    /// The last second in which the key is valid; `None` is never.
    pub expires_at: Option<i64>,
    /// The first second in which the key is refused; `None` is never.
    pub revoked_at: Option<i64>,
    /// Where, how and for what it may be used; `None` is anywhere, anyhow and for anything.
    pub restrictions: Option<Arc<Restrictions>>,
    /// False where a cell that matters could not be read: the key is known and refused (P04).
    pub readable: bool,
    /// The row's number in the sheet, from 1; of duplicates, the first.
    pub row: u32,
}

impl Record {
    /// Folds another row of the same key into this one: valid only while every copy is valid (P04), at the
    /// strictest limit. A copy that expires before the others ends the key the way a revocation does, since
    /// the remaining copies have not expired.
    pub(crate) fn merge(&mut self, other: &Record) {
        self.revoked_at = earliest([self.revoked_at, other.revoked_at, self.outlived_by(other)]);
        self.expires_at = match (self.expires_at, other.expires_at) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
        self.limit = lower(self.limit, other.limit);
        self.further_limits =
            FurtherLimits::strictest(self.further_limits.as_deref(), other.further_limits.as_deref());
        self.restrictions =
            Restrictions::intersection(self.restrictions.as_ref(), other.restrictions.as_ref());
        self.active &= other.active;
        self.readable &= other.readable;
        self.row = self.row.min(other.row);
    }

    /// The first second in which one of two copies has expired and the other has not.
    fn outlived_by(&self, other: &Record) -> Option<i64> {
        let first = earliest([self.expires_at, other.expires_at])?;
        (self.expires_at != other.expires_at).then_some(first.saturating_add(1))
    }
}

fn earliest<const N: usize>(moments: [Option<i64>; N]) -> Option<i64> {
    moments.into_iter().flatten().min()
}
