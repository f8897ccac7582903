//! Keys, limits and counts of each client, in one row.

use std::collections::HashMap;

use gate::{CalendarQuota, Cause, Gate, Now, Quota, Quotas, Record, WINDOW_SECONDS};

use super::looks::Counts;
use super::words::Tone;
use crate::usage::{Used, cut};

/// How little of a limit is left when that is news.
const LITTLE: f64 = 0.2;

/// What is known of everybody with one `client_name`.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// As the sheet has it: a stranger's text.
    pub(crate) name: String,
    /// The first row that names it.
    pub(crate) row: Option<u32>,
    pub(crate) keys: u64,
    pub(crate) working: u64,
    pub(crate) standing: Standing,
    /// The last valid Unix second of the working key that expires first.
    pub(crate) expires_at: Option<i64>,
    /// Of all limits of its working keys the one with the least left.
    pub(crate) left: Option<Left>,
    /// In the range that is looked at.
    pub(crate) used: Used,
    /// The Unix second of its last request, whenever that was; `None` if it is not known to have come.
    pub(crate) last_used_at: Option<i64>,
}

/// Whether any key of a client is let through, and if not, why the last one is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Works,
    Expired,
    Inactive,
    Unreadable,
    /// It has no row any more.
    Gone,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) of: Span,
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Seconds until there is more.
    pub(crate) reset: u32,
}

/// What a limit holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Minute,
    Day,
    Month,
}

impl Client {
    /// Nothing is known of it but its name.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            row: None,
            keys: 0,
            working: 0,
            standing: Standing::Gone,
            expires_at: None,
            left: None,
            used: Used::default(),
            last_used_at: None,
        }
    }

    /// Adds what a row says, at this moment.
    fn add(&mut self, record: &Record, gate: &Gate, now: Now) {
        self.keys += 1;
        self.row = Some(self.row.map_or(record.row, |row| row.min(record.row)));
        match record.standing(now.unix) {
            Ok(()) => {
                self.working += 1;
                self.standing = Standing::Works;
                self.expires_at = [self.expires_at, record.expires_at].into_iter().flatten().min();
                let left = gate.left(record.key, now).and_then(|quotas| Left::least(&quotas));
                self.left = [self.left, left].into_iter().flatten().min_by(Left::order);
            }
            Err(_) if self.working > 0 => {}
            Err(Cause::Expired { .. }) => self.standing = Standing::Expired,
            Err(Cause::UnreadableRow) => self.standing = Standing::Unreadable,
            Err(_) => self.standing = Standing::Inactive,
        }
    }

    /// Requests that were turned away.
    pub(crate) fn refused(&self) -> u64 {
        self.used.totals.rate_limited.saturating_add(self.used.totals.denied)
    }
}

impl Left {
    /// Of a key's limits the one with the least left.
    fn least(quotas: &Quotas) -> Option<Self> {
        let minute = quotas.minute.map(|Quota { limit, remaining, reset_seconds }| Self {
            of: Span::Minute,
            limit: limit.into(),
            remaining: remaining.into(),
            // A request of this very moment counts for a little more than the window it is named after.
            reset: reset_seconds.min(WINDOW_SECONDS),
        });
        let calendar = |of, quota: Option<CalendarQuota>| {
            let of_quota = |CalendarQuota { limit, remaining, reset_seconds, .. }| Self {
                of,
                limit,
                remaining,
                reset: reset_seconds.get(),
            };
            quota.map(of_quota)
        };
        let limits = [minute, calendar(Span::Day, quotas.day), calendar(Span::Month, quotas.month)];
        limits.into_iter().flatten().min_by(Self::order)
    }

    /// How much of it is left, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share for people to look at")]
    pub(crate) fn share(&self) -> f64 {
        if self.limit == 0 { 0.0 } else { self.remaining as f64 / self.limit as f64 }
    }

    /// How good that is.
    pub(crate) fn tone(&self) -> Tone {
        match self.share() {
            _ if self.remaining == 0 => Tone::Bad,
            ..=LITTLE => Tone::Warn,
            _ => Tone::Good,
        }
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.share().total_cmp(&other.share())
    }
}

/// Everybody who has a row or has been counted.
pub(super) fn clients(records: &[Record], counts: Counts, gate: &Gate, now: Now) -> Vec<Client> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut clients: Vec<Client> = Vec::new();
    for record in records {
        let place = *places.entry(&record.client).or_insert_with(|| {
            clients.push(Client::named(&record.client));
            clients.len() - 1
        });
        clients[place].add(record, gate, now);
    }
    let Counts { mut used, last_used } = counts;
    for client in &mut clients {
        // The counts know long names by their beginning.
        let name = cut(&client.name);
        client.used = used.remove(name).unwrap_or_default();
        client.note_last(last_used.get(name).copied());
    }
    // Those without a row have no limits and no keys.
    clients.extend(used.into_iter().filter(|(name, _)| !name.is_empty()).map(|(name, used)| {
        let mut client = Client { used, ..Client::named(&name) };
        client.note_last(last_used.get(&name).copied());
        client
    }));
    clients
}

impl Client {
    fn note_last(&mut self, kept: Option<i64>) {
        let counted = Some(self.used.totals.last_used_at).filter(|at| *at != 0);
        self.last_used_at = [kept.filter(|at| *at != 0), counted].into_iter().flatten().max();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Roll;
    use crate::usage::Totals;
    use gate::{KeyHash, Table};
    use std::time::Duration;

    const NOW: Now = Now { unix: 1_764_547_200, uptime: Duration::from_secs(1_000) };

    /// The rows of a keys file, and a gate that has them.
    fn gate_of(lines: &[&str]) -> (Gate, Roll) {
        let header = "api_key,client_name,expires_at,is_active,rate_limit,rate_limit_day";
        let grid: Vec<Vec<gate::Cell>> = std::iter::once(&header)
            .chain(lines)
            .map(|line| line.split(',').map(|cell| gate::Cell::Text(cell.to_owned())).collect())
            .collect();
        let rules = gate::Rules { time_zone: jiff::tz::TimeZone::UTC, default_limit: None };
        let table = Table::read(&grid, &rules).expect("a header");
        let gate = Gate::shut();
        gate.set_time_zone(&jiff::tz::TimeZone::UTC, NOW);
        gate.replace(&table.records, i64::MAX);
        (gate, Roll::of(table.records))
    }

    fn counted(name: &str, admitted: u64, last_used_at: i64) -> (String, Used) {
        let totals = Totals { admitted, last_used_at, ..Totals::default() };
        (name.to_owned(), Used { totals, requests: vec![1] })
    }

    #[test]
    fn a_row_has_all_keys_of_a_client_and_what_is_left_of_the_tightest_limit() {
        let (gate, roll) = gate_of(&[
            "key-a,A,,TRUE,10,",
            "key-b,A,2026-01-01,TRUE,100,2",
            "key-c,A,2025-01-01,TRUE,1,",
            "key-d,B,2025-01-01,TRUE,1,",
            "key-e,C,,FALSE,,",
            "key-f,D,,TRUE,,",
        ]);
        let scopes = gate::Scopes::Needed(&[]);
        let asked = gate::Asked { address: None, method: "GET", scopes, environment: "" };
        for _ in 0..2 {
            assert!(gate.admit([b"Bearer key-b".as_slice()], &asked, NOW).is_ok());
        }
        let counts = Counts {
            used: HashMap::from([counted("A", 7, 500), counted("Gone", 3, 900)]),
            last_used: HashMap::from([("A".to_owned(), 400), ("D".to_owned(), 300)]).into(),
        };
        let clients = clients(roll.records(), counts, &gate, NOW);
        let names: Vec<&str> = clients.iter().map(|client| &*client.name).collect();
        assert_eq!(names, ["A", "B", "C", "D", "Gone"]);
        let [a, b, c, d, gone] = &*clients else { panic!("five of them") };
        assert_eq!((a.keys, a.working, a.row, a.standing), (3, 2, Some(2), Standing::Works));
        assert!(a.expires_at.is_some_and(|at| at > NOW.unix), "of the keys that work");
        let left = a.left.expect("limits");
        assert_eq!((left.of, left.limit, left.remaining), (Span::Day, 2, 0));
        assert_eq!((a.used.totals.admitted, a.last_used_at), (7, Some(500)));
        assert_eq!((b.standing, b.left), (Standing::Expired, None));
        assert_eq!(c.standing, Standing::Inactive);
        assert_eq!((d.left, d.last_used_at), (None, Some(300)));
        assert_eq!((gone.standing, gone.keys, gone.last_used_at), (Standing::Gone, 0, Some(900)));
        assert_eq!(gate.left(KeyHash::of(b"unknown"), NOW), None);
    }
}
