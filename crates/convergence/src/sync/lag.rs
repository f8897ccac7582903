//! How long a row's change takes to have its effect.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use gate::Record;

use super::early::Cause;

/// One change's way from the sheet into the directory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lag {
    /// From the change to the moment at which the directory that has it is in use.
    pub(crate) seconds: f64,
    /// What brought the read that showed it.
    pub(crate) via: Via,
}

/// What brought a change to our notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// The webhook, which says when the change was made.
    Webhook,
    /// A read after some time; the change was made since the one before began, nobody knows when. So is its lag at most
    /// what stands here.
    Poll,
    UnknownKey,
    Refresh,
}

impl Via {
    /// The word for it in the metric's label and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Via::Webhook => "webhook",
            Via::Poll => "poll",
            Via::UnknownKey => "unknown_key",
            Via::Refresh => "refresh",
        }
    }

    /// Whether the lag is an upper bound and not the thing itself.
    pub(crate) fn is_bound(self) -> bool {
        self != Via::Webhook
    }
}

/// The line for an operator.
impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_most = if self.via.is_bound() { "at most " } else { "" };
        write!(f, "{at_most}{:.1} s from the change to its effect, via {}", self.seconds, self.via.name())
    }
}

/// The lags of a read whose rows differ from those of the read before, which began at `before`, and are in use since
/// `now`: of each change that the webhook told of, or else one, the longest it can be. Unix milliseconds.
///
/// None for the first read of a process, whose changes were made while there was no server; nor for a file, whose saves
/// are seen within half a second.
pub(super) fn of(cause: Cause, changes: &[i64], before: Option<i64>, now: i64) -> Vec<Lag> {
    // Their clock may be ahead of ours; nothing takes less than no time.
    let since = |at: &i64, via| Lag { seconds: seconds(now.saturating_sub(*at).max(0)), via };
    let via = match cause {
        Cause::Start | Cause::File => return Vec::new(),
        _ if !changes.is_empty() => return changes.iter().map(|at| since(at, Via::Webhook)).collect(),
        Cause::Webhook | Cause::Poll => Via::Poll,
        Cause::Refresh => Via::Refresh,
        Cause::UnknownKey => Via::UnknownKey,
    };
    before.iter().map(|at| since(at, via)).collect()
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact for more than 200,000 years")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}

/// A number that differs, but for one chance in 2^64, when any decision by these records may differ. The order of the rows
/// is not in it: whoever sorts the sheet changes nothing.
pub(super) fn digest(records: &[Record]) -> u64 {
    records.iter().fold(0, |sum, record| {
        let Record { key, client, limit, active, expires_at, revoked_at, restrictions, readable, row: _ } =
            record;
        let mut hasher = DefaultHasher::new();
        (key, client, limit, active, expires_at, revoked_at, restrictions, readable).hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, row: u32) -> Record {
        Record {
            key: gate::KeyHash::of(key.as_bytes()),
            client: "C".into(),
            limit: None,
            active: true,
            expires_at: None,
            revoked_at: None,
            restrictions: None,
            readable: true,
            row,
        }
    }

    #[test]
    fn the_webhooks_lag_is_from_each_change_and_any_others_from_the_read_before() {
        let lags = |cause, changes: &[i64]| -> Vec<String> {
            of(cause, changes, Some(1_000), 4_500).iter().map(Lag::to_string).collect()
        };
        assert_eq!(
            lags(Cause::Webhook, &[4_000, 9_000]),
            [
                "0.5 s from the change to its effect, via webhook",
                "0.0 s from the change to its effect, via webhook"
            ]
        );
        assert_eq!(lags(Cause::Poll, &[]), ["at most 3.5 s from the change to its effect, via poll"]);
        assert_eq!(lags(Cause::Poll, &[4_400]), ["0.1 s from the change to its effect, via webhook"]);
        assert_eq!(lags(Cause::Start, &[]), [""; 0]);
        assert_eq!(of(Cause::Poll, &[], None, 4_500), []);
    }

    #[test]
    fn sorted_rows_are_no_change_and_any_cell_that_matters_is() {
        let rows = [record("a", 2), record("b", 3)];
        assert_eq!(digest(&rows), digest(&[record("b", 2), record("a", 3)]));
        let changed: [fn(&mut Record); 4] = [
            |row| row.active = false,
            |row| row.limit = Some(1),
            |row| row.expires_at = Some(1),
            |row| row.client = "D".into(),
        ];
        for change in changed {
            let mut other = rows.clone();
            change(&mut other[1]);
            assert_ne!(digest(&rows), digest(&other));
        }
        assert_ne!(digest(&rows), digest(&rows[..1]));
    }
}
