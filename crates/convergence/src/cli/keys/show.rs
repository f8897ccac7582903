//! How a row is shown: what it says at this second, and never a key.

use std::collections::{HashMap, HashSet};

use gate::{Cause, KeyHash, Record, Row};
use serde::Serialize;

use crate::keys::edit::Seen;
use crate::sync::listed;

/// What a row does for its key. The words are part of the command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Active,
    /// It would be active, and so its key stands in several rows.
    Duplicate,
    Inactive,
    Revoked,
    Expired,
    Unreadable,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Duplicate => "duplicate",
            Self::Inactive => "inactive",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Unreadable => "unreadable",
        }
    }

    /// Of a row by itself, by the gate's own rules.
    pub(super) fn of(record: &Record, now: i64) -> Self {
        match record.standing(now) {
            Ok(()) => Self::Active,
            Err(Cause::UnreadableRow) => Self::Unreadable,
            Err(Cause::Revoked { .. }) => Self::Revoked,
            Err(Cause::Expired { .. }) => Self::Expired,
            Err(_) => Self::Inactive,
        }
    }
}

/// What is known of the table as a whole, to show its rows by.
pub(super) struct Shower {
    copies: HashMap<KeyHash, usize>,
    /// The hashes of keys that stand in the table as they are.
    plain: HashSet<KeyHash>,
    now: i64,
}

impl Shower {
    pub(super) fn new(seen: &Seen, now: i64) -> Self {
        let mut copies = HashMap::new();
        let mut plain = HashSet::new();
        for row in &seen.listing.rows {
            *copies.entry(row.record.key).or_default() += 1;
            plain.extend(row.is_plain.then_some(row.record.key));
        }
        Self { copies, plain, now }
    }

    pub(super) fn state(&self, row: &Row) -> State {
        let copies = self.copies.get(&row.record.key).copied().unwrap_or_default();
        match State::of(&row.record, self.now) {
            State::Active if copies > 1 => State::Duplicate,
            state => state,
        }
    }

    /// The client's name, unless somebody has put a key in its place.
    pub(super) fn client<'a>(&self, row: &'a Row) -> &'a str {
        let name = &*row.record.client;
        let is_key = name.contains("sk-convergence-") || self.plain.contains(&KeyHash::of(name.as_bytes()));
        if is_key { "(not shown: it may be a key)" } else { name }
    }
}

/// What a key is restricted to, by column: `scopes read, write; methods GET`. Nothing where it is not.
pub(super) fn restrictions(record: &Record) -> String {
    let of = |(name, list): (&str, Option<Vec<String>>)| match list?.join(", ") {
        none if none.is_empty() => Some(format!("{name} none")),
        list => Some(format!("{name} {list}")),
    };
    listed(record.restrictions.as_deref()).into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

/// `in 3 d`, `5 h ago`, `now`: rounded down, since the exact moment stands beside it.
pub(super) fn from_now(unix: i64, now: i64) -> String {
    let seconds = unix.saturating_sub(now);
    let length = match seconds.unsigned_abs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    };
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// `1 key`, `2 keys`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
