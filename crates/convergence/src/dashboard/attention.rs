//! Who needs a person: those who are at a limit or near one, whose keys expire, or who are turned away.

use super::clients::{Client, Span, Standing};
use super::words::{self, Tone};

/// How long before its end a key's expiry is news, in seconds, and when it is urgent.
const SOON: i64 = 14 * 86_400;
const VERY_SOON: i64 = 3 * 86_400;

/// What is said of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) tone: Tone,
    pub(crate) client: String,
    pub(crate) row: Option<u32>,
    pub(crate) words: String,
}

/// How good it is that a key expires in so many seconds.
pub(crate) fn expiry(ends_in: i64) -> Tone {
    match ends_in {
        _ if ends_in > SOON => Tone::Plain,
        _ if ends_in > VERY_SOON => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// The most urgent `most` of them, one for each client, and how many there are.
pub(crate) fn notices(clients: &[Client], most: usize, now: i64) -> (Vec<Notice>, usize) {
    let mut found: Vec<(Tone, i64, &Client, String)> = Vec::new();
    for client in clients {
        if let Some((tone, urgency, words)) = urgent(client, now) {
            found.push((tone, urgency, client, words));
        }
    }
    let number = found.len();
    found.sort_by(|a, b| (a.0, a.1, &a.2.name).cmp(&(b.0, b.1, &b.2.name)));
    let notice = |(tone, _, client, words): (Tone, i64, &Client, String)| Notice {
        tone,
        client: words::name(&client.name),
        row: client.row,
        words,
    };
    (found.into_iter().take(most).map(notice).collect(), number)
}

/// What is most urgent about a client: its tone, its rank within that (the lower, the sooner), and the words.
fn urgent(client: &Client, now: i64) -> Option<(Tone, i64, String)> {
    let totals = &client.used.totals;
    if client.standing != Standing::Works {
        let why = match client.standing {
            Standing::Expired => "its key has expired",
            Standing::Inactive => "its key is revoked or not active",
            Standing::Unreadable => "its row cannot be read",
            Standing::Works | Standing::Gone => return None,
        };
        let times = words::count(totals.denied, "time");
        return (totals.denied > 0).then(|| (Tone::Bad, 0, format!("was turned away {times}: {why}")));
    }
    if let Some(left) = client.left.filter(|left| left.tone() != Tone::Good) {
        let span = match left.of {
            Span::Minute => "minute",
            Span::Day => "day",
            Span::Month => "month",
        };
        let limit = words::number(left.limit);
        return Some(match left.remaining {
            0 if left.limit == 0 => {
                (Tone::Warn, 9, "has a limit of 0, which lets nothing through".to_owned())
            }
            0 => {
                let reset = words::length(left.reset.into());
                (Tone::Bad, 1, format!("has used all {limit} requests of the {span}; more in {reset}"))
            }
            remaining => {
                let remaining = words::number(remaining);
                (Tone::Warn, 1, format!("has {remaining} of {limit} requests of the {span} left"))
            }
        });
    }
    if let Some(ends_in) = client.expires_at.map(|at| at - now).filter(|ends_in| *ends_in <= SOON) {
        return Some((expiry(ends_in), 2, format!("has a key that expires in {}", words::length(ends_in))));
    }
    let limited = totals.rate_limited;
    if limited > 0 {
        return Some((Tone::Warn, 3, format!("was over a limit {}", words::count(limited, "time"))));
    }
    let times = words::count(totals.denied, "time");
    (totals.denied > 0).then(|| (Tone::Warn, 4, format!("used a key where it may not, {times}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::clients::Left;

    const NOW: i64 = 1_764_547_200;

    fn works(name: &str) -> Client {
        Client { standing: Standing::Works, ..Client::named(name) }
    }

    fn with(remaining: u64, name: &str) -> Client {
        let left = Left { of: Span::Day, limit: 1_000, remaining, reset: 7_200 };
        Client { left: Some(left), ..works(name) }
    }

    #[test]
    fn the_most_urgent_come_first_and_each_client_once() {
        let mut refused = works("refused");
        refused.used.totals.rate_limited = 1;
        let mut expired = Client { standing: Standing::Expired, ..Client::named("expired") };
        expired.used.totals.denied = 1_200;
        let clients = [
            works("quiet"),
            refused,
            with(201, "not near"),
            Client { expires_at: Some(NOW), ..with(200, "near") },
            with(0, "at the end"),
            Client { expires_at: Some(NOW + SOON), ..works("two weeks") },
            Client { expires_at: Some(NOW + SOON + 1), ..works("later") },
            Client { expires_at: Some(NOW + VERY_SOON), ..works("three days") },
            Client { standing: Standing::Expired, ..Client::named("gone quietly") },
            expired,
        ];
        let (found, number) = notices(&clients, 10, NOW);
        let said: Vec<String> =
            found.iter().map(|it| format!("{} {} {}", it.tone.class(), it.client, it.words)).collect();
        assert_eq!(
            said,
            [
                "bad expired was turned away 1,200 times: its key has expired",
                "bad at the end has used all 1,000 requests of the day; more in 2 h",
                "bad three days has a key that expires in 3 days",
                "warn near has 200 of 1,000 requests of the day left",
                "warn two weeks has a key that expires in 14 days",
                "warn refused was over a limit 1 time",
            ]
        );
        assert_eq!((number, notices(&clients, 2, NOW).0.len()), (6, 2));
    }
}
