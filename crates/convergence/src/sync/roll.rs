//! The records of one reading, which can be laid side by side with another's.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt::Write;
use std::iter;

use gate::{FurtherLimits, Record};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::listed::listed;

/// What a table says of its keys: each key once. Equal to another that says the same of each in the same row.
#[derive(Clone, Debug)]
pub(crate) struct Roll {
    /// In the order of the rows, where those of one client tend to stand together: the gate is quicker with them.
    records: Vec<Record>,
    /// Their places, in the order of the keys.
    by_key: Vec<u32>,
    /// Where the table's wall clocks hang, by which days and months begin. It is none of what is said of the keys.
    time_zone: TimeZone,
}

impl Default for Roll {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

/// One key in an old roll, a new one, or both.
#[derive(Clone, Copy)]
pub(crate) enum Pair<'a> {
    Gone(&'a Record),
    New(&'a Record),
    Both(&'a Record, &'a Record),
}

impl Roll {
    /// A table gives no key two records; if it did, the first would count.
    pub(crate) fn of(mut records: Vec<Record>) -> Self {
        let mut by_key = order(&records);
        let double = |pair: &[u32]| records[pair[0] as usize].key == records[pair[1] as usize].key;
        if by_key.windows(2).any(double) {
            let mut seen = HashSet::new();
            records.retain(|record| seen.insert(record.key));
            by_key = order(&records);
        }
        Self { records, by_key, time_zone: TimeZone::UTC }
    }

    /// The same of a table in this time zone; else it is in UTC.
    pub(crate) fn in_zone(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// Where the table's wall clocks hang.
    pub(crate) fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// In the order of the rows.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// In the order of the keys.
    fn by_key(&self) -> impl Iterator<Item = &Record> {
        self.by_key.iter().map(|place| &self.records[*place as usize])
    }

    /// Every key of this roll and of a newer one.
    pub(crate) fn beside<'a>(&'a self, newer: &'a Roll) -> impl Iterator<Item = Pair<'a>> {
        let (mut old, mut new) = (self.by_key().peekable(), newer.by_key().peekable());
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
        for record in self.by_key() {
            let Record { key, client, limit, further_limits, active, expires_at, .. } = record;
            let Record { revoked_at, restrictions, readable, row: _, .. } = record;
            sum.update(key.as_bytes());
            // A length ahead of the text, so that no two lists of fields run together to the same bytes.
            sum.update((client.len() as u64).to_be_bytes());
            sum.update(client.as_bytes());
            for number in [limit.map(i64::from), *expires_at, *revoked_at] {
                sum.update([u8::from(number.is_some())]);
                sum.update(number.unwrap_or_default().to_be_bytes());
            }
            sum.update([u8::from(*active), u8::from(*readable)]);
            for (_, list) in listed(restrictions.as_deref()) {
                // One more than its length, so that no list is told from an empty one.
                sum.update(list.as_ref().map_or(0, |list| list.len() as u64 + 1).to_be_bytes());
                for item in list.iter().flatten() {
                    sum.update((item.len() as u64).to_be_bytes());
                    sum.update(item.as_bytes());
                }
            }
            if let Some(FurtherLimits { day, month, shadow, audio_day }) = further_limits.as_deref() {
                // Only where there are some: so the digests stay that were written down before there could be.
                for number in [*day, *month, shadow.map(u64::from)] {
                    sum.update([u8::from(number.is_some())]);
                    sum.update(number.unwrap_or_default().to_be_bytes());
                }
                if let Some(length) = audio_day {
                    sum.update([1]);
                    sum.update(length.as_millis().to_be_bytes());
                }
            }
        }
        let mut hex = String::new();
        for byte in sum.finalize() {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

impl PartialEq for Roll {
    fn eq(&self, other: &Self) -> bool {
        self.by_key().eq(other.by_key())
    }
}

impl Eq for Roll {}

/// The places of records in the order of their keys: by their first bits, which are a number and nearly always differ,
/// and by the rest only where they do not.
fn order(records: &[Record]) -> Vec<u32> {
    let key = |place: u32| records[place as usize].key;
    let first =
        |record: &Record| record.key.as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    let mut order: Vec<(u64, u32)> = records.iter().map(first).zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(&key(b.1))).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::samples::{audible, further, record, restricted};

    #[test]
    fn a_key_counts_once_and_the_order_of_rows_stays() {
        let named = |key: &str, client: &str| Record { client: client.into(), ..record(key) };
        let roll = Roll::of(vec![named("b", "1"), named("a", "2"), named("b", "3"), named("c", "4")]);
        let clients: Vec<&str> = roll.records().iter().map(|record| &*record.client).collect();
        assert_eq!(clients, ["1", "2", "4"]);
        let mut keys: Vec<_> = roll.records().iter().map(|record| record.key).collect();
        keys.sort();
        assert_eq!(roll.by_key().map(|record| record.key).collect::<Vec<_>>(), keys);
        assert_eq!(roll, Roll::of(vec![named("c", "4"), named("b", "1"), named("a", "2")]));
    }

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
            Record { restrictions: restricted(&["read"], &[]), ..a.clone() },
            Record { restrictions: restricted(&["read", "write"], &[]), ..a.clone() },
            Record { restrictions: restricted(&["readwrite"], &[]), ..a.clone() },
            Record { restrictions: restricted(&[], &["10.0.0.0/8"]), ..a.clone() },
            Record { further_limits: further(Some(10), None, None), ..a.clone() },
            Record { further_limits: further(None, Some(10), None), ..a.clone() },
            Record { further_limits: further(None, None, Some(10)), ..a.clone() },
            Record { further_limits: audible(10), ..a.clone() },
            Record { further_limits: audible(11), ..a.clone() },
            Record { further_limits: audible(0), ..a.clone() },
            record("c"),
        ];
        let mut digests: Vec<String> =
            others.into_iter().chain([a]).map(|other| digest(vec![other, b.clone()])).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 19);
    }
}
