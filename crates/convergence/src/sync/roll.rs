//! The records of one reading in the order of their keys, so that two readings can be laid side by side.

use std::cmp::Ordering;
use std::fmt::Write;
use std::iter;

use gate::Record;
use sha2::{Digest, Sha256};

/// What a table says of its keys: each key once, by the order of the hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roll(Vec<Record>);

/// One key in an old roll, a new one, or both.
#[derive(Clone, Copy)]
pub(crate) enum Pair<'a> {
    Gone(&'a Record),
    New(&'a Record),
    Both(&'a Record, &'a Record),
}

impl Roll {
    pub(crate) fn of(mut records: Vec<Record>) -> Self {
        records.sort_by_key(|record| record.key);
        records.dedup_by_key(|record| record.key);
        Self(records)
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.0
    }

    /// Every key of this roll and of a newer one.
    pub(crate) fn beside<'a>(&'a self, newer: &'a Roll) -> impl Iterator<Item = Pair<'a>> {
        let (mut old, mut new) = (self.0.iter().peekable(), newer.0.iter().peekable());
        iter::from_fn(move || {
            let order = match (old.peek(), new.peek()) {
                (Some(old), Some(new)) => old.key.cmp(&new.key),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            match order {
                Ordering::Less => old.next().map(Pair::Gone),
                Ordering::Greater => new.next().map(Pair::New),
                Ordering::Equal => old.next().zip(new.next()).map(|(old, new)| Pair::Both(old, new)),
            }
        })
    }

    /// The SHA-256, in hex, over all that is said of the keys. Not of where: rows that are sorted say the same.
    pub(crate) fn digest(&self) -> String {
        let mut sum = Sha256::new();
        for record in &self.0 {
            let Record { key, client, limit, active, expires_at, revoked_at, readable, row: _ } = record;
            sum.update(key.as_bytes());
            // A length ahead of the text, so that no two lists of fields run together to the same bytes.
            sum.update((client.len() as u64).to_be_bytes());
            sum.update(client.as_bytes());
            for number in [limit.map(i64::from), *expires_at, *revoked_at] {
                sum.update([u8::from(number.is_some())]);
                sum.update(number.unwrap_or_default().to_be_bytes());
            }
            sum.update([u8::from(*active), u8::from(*readable)]);
        }
        let mut hex = String::new();
        for byte in sum.finalize() {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::samples::record;

    #[test]
    fn a_digest_is_of_what_rows_say_and_not_of_their_order() {
        let (a, b) = (record("a"), record("b"));
        let moved = Record { row: 7, ..a.clone() };
        let digest = |records: Vec<Record>| Roll::of(records).digest();
        assert_eq!(digest(vec![a.clone(), b.clone()]), digest(vec![b.clone(), moved]));
        let others = [
            Record { client: "Other".into(), ..a.clone() },
            Record { limit: None, ..a.clone() },
            Record { limit: Some(0), ..a.clone() },
            Record { active: false, ..a.clone() },
            Record { readable: false, ..a.clone() },
            Record { expires_at: Some(0), ..a.clone() },
            Record { revoked_at: Some(0), ..a.clone() },
            record("c"),
        ];
        let mut digests: Vec<String> =
            others.into_iter().chain([a]).map(|other| digest(vec![other, b.clone()])).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 9);
    }
}
