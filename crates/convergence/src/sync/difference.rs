//! What one directory has that another has not: for the audit file and for people. By fingerprint, never by key.

use std::collections::BTreeMap;

use gate::Record;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::listed::listed;
use super::roll::{Pair, Roll};
use crate::clock::rfc3339;

/// How many changes, or lost keys, are listed one by one. The counts are always whole.
pub(crate) const MOST_LISTED: usize = 1_000;

/// The difference between two directories. Where a row stands is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) changed: usize,
    /// The first `MOST_LISTED` of them, by the order of the hashes.
    pub(crate) changes: Vec<Change>,
}

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) fingerprint: String,
    pub(crate) client_name: String,
    #[serde(rename = "change")]
    pub(crate) kind: Kind,
    /// The columns that say something else now; `readable` stands for all that may make a row unreadable.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, OldAndNew>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Added,
    Removed,
    Changed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OldAndNew {
    pub(crate) old: Value,
    pub(crate) new: Value,
}

impl Difference {
    pub(crate) fn between(old: &Roll, new: &Roll) -> Self {
        let mut difference = Self::default();
        for pair in old.beside(new) {
            let (record, kind, fields) = match pair {
                Pair::New(record) => (record, Kind::Added, BTreeMap::new()),
                Pair::Gone(record) => (record, Kind::Removed, BTreeMap::new()),
                Pair::Both(old, new) if says_the_same(old, new) => continue,
                Pair::Both(old, new) => (new, Kind::Changed, changed_fields(old, new)),
            };
            difference.add(record, kind, fields);
        }
        difference
    }

    /// Everything that is in the first directory there is.
    pub(crate) fn from_nothing(new: &Roll) -> Self {
        Self::between(&Roll::default(), new)
    }

    pub(crate) fn is_none(&self) -> bool {
        self.total() == 0
    }

    /// How many keys differ.
    pub(crate) fn total(&self) -> usize {
        self.added + self.removed + self.changed
    }

    fn add(&mut self, record: &Record, kind: Kind, fields: BTreeMap<String, OldAndNew>) {
        *match kind {
            Kind::Added => &mut self.added,
            Kind::Removed => &mut self.removed,
            Kind::Changed => &mut self.changed,
        } += 1;
        if self.changes.len() < MOST_LISTED {
            let fingerprint = record.key.fingerprint().to_string();
            self.changes.push(Change { fingerprint, client_name: record.client.to_string(), kind, fields });
        }
    }
}

fn says_the_same(old: &Record, new: &Record) -> bool {
    // Compared field by field, restrictions by pointer where they are the same: a copy would cost an allocation for each of a million keys.
    old.client == new.client
        && (old.limit, old.active, old.readable) == (new.limit, new.active, new.readable)
        && (old.expires_at, old.revoked_at) == (new.expires_at, new.revoked_at)
        && old.restrictions == new.restrictions
        && old.further_limits == new.further_limits
}

fn changed_fields(old: &Record, new: &Record) -> BTreeMap<String, OldAndNew> {
    let fields = |record: &Record| {
        let further = record.further_limits.as_deref().copied().unwrap_or_default();
        let own = [
            ("audio_minutes_day", json!(further.audio_minutes_day())),
            ("client_name", json!(record.client)),
            ("expires_at", json!(record.expires_at.map(rfc3339))),
            ("is_active", json!(record.active)),
            ("rate_limit", json!(record.limit)),
            ("rate_limit_day", json!(further.day)),
            ("rate_limit_month", json!(further.month)),
            ("readable", json!(record.readable)),
            ("revoked_at", json!(record.revoked_at.map(rfc3339))),
            ("shadow_rate_limit", json!(further.shadow)),
        ];
        own.into_iter().chain(listed(record.restrictions.as_deref()).map(|(name, list)| (name, json!(list))))
    };
    let pairs = fields(old).zip(fields(new));
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((name, old), (_, new))| (name.to_owned(), OldAndNew { old, new }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::samples::{audible, further, record, restricted};

    #[test]
    fn each_change_is_told_with_old_and_new_values_and_no_key() {
        let (a, b, c) = (record("a"), record("b"), record("c"));
        let expired = Record { expires_at: Some(0), limit: None, row: 9, ..b.clone() };
        let old = Roll::of(vec![a.clone(), b]);
        let difference = Difference::between(&old, &Roll::of(vec![expired, c]));
        assert_eq!((difference.added, difference.removed, difference.changed), (1, 1, 1));
        let changed = difference.changes.iter().find(|change| change.kind == Kind::Changed);
        let expected = json!({
            "fingerprint": "3e23e8160039",
            "client_name": "Client b",
            "change": "changed",
            "fields": {
                "expires_at": {"old": null, "new": "1970-01-01T00:00:00Z"},
                "rate_limit": {"old": 60, "new": null},
            },
        });
        assert_eq!(json!(changed), expected);
        let narrowed = Record { restrictions: restricted(&["read"], &["10.0.0.0/8"]), ..a.clone() };
        let narrowed = Difference::between(&Roll::of(vec![a.clone()]), &Roll::of(vec![narrowed]));
        let expected = json!({
            "allowed_ips": {"old": null, "new": ["10.0.0.0/8"]},
            "scopes": {"old": null, "new": ["read"]},
        });
        assert_eq!(json!(narrowed.changes[0].fields), expected);
        let limited = Record { further_limits: further(Some(1_000), None, Some(30)), ..a.clone() };
        let limited = Difference::between(&Roll::of(vec![a.clone()]), &Roll::of(vec![limited]));
        let expected = json!({
            "rate_limit_day": {"old": null, "new": 1_000},
            "shadow_rate_limit": {"old": null, "new": 30},
        });
        assert_eq!(json!(limited.changes[0].fields), expected);
        let silenced = Record { further_limits: audible(30_000), ..a.clone() };
        let silenced = Difference::between(&Roll::of(vec![a.clone()]), &Roll::of(vec![silenced]));
        let expected = json!({"audio_minutes_day": {"old": null, "new": 0.5}});
        assert_eq!(json!(silenced.changes[0].fields), expected);
        let moved = Roll::of(vec![Record { row: 9, ..a.clone() }]);
        assert!(Difference::between(&Roll::of(vec![a]), &moved).is_none(), "a row that moved says the same");
    }

    #[test]
    fn sorted_rows_are_no_difference_and_any_cell_that_matters_is() {
        let (a, b) = (record("a"), record("b"));
        let rows = |a: &Record, b: &Record| {
            Roll::of(vec![Record { row: 2, ..a.clone() }, Record { row: 3, ..b.clone() }])
        };
        let old = rows(&a, &b);
        assert!(Difference::between(&old, &rows(&b, &a)).is_none());
        let others = [
            Record { client: "Other".into(), ..b.clone() },
            Record { limit: None, ..b.clone() },
            Record { active: false, ..b.clone() },
            Record { readable: false, ..b.clone() },
            Record { expires_at: Some(0), ..b.clone() },
            Record { revoked_at: Some(0), ..b.clone() },
            Record { further_limits: further(None, Some(1), None), ..b.clone() },
            Record { further_limits: audible(1), ..b.clone() },
        ];
        for other in others {
            assert_eq!(Difference::between(&old, &rows(&a, &other)).changed, 1, "{other:?}");
        }
    }

    #[test]
    fn only_so_many_changes_are_listed() {
        let all = Roll::of((0..MOST_LISTED + 5).map(|n| record(&n.to_string())).collect());
        let difference = Difference::from_nothing(&all);
        assert_eq!((difference.added, difference.changes.len()), (MOST_LISTED + 5, MOST_LISTED));
    }
}
