//! The table of clients, a row each.

use super::spark;
use crate::dashboard::{self, Client, Left, Span, Standing, Tone, words};

pub(super) struct Row {
    pub(super) name: String,
    /// What is to be said of its keys, where they do not all work.
    pub(super) standing: Option<(Tone, &'static str)>,
    pub(super) keys: String,
    /// The first of its rows in the sheet.
    pub(super) place: u32,
    pub(super) link: Option<String>,
    pub(super) spark: String,
    pub(super) requests: String,
    pub(super) refused: String,
    pub(super) left: Option<Meter>,
    /// Where there is nothing left to say of.
    pub(super) no_limit: &'static str,
    pub(super) last_used: String,
    pub(super) last_used_at: String,
    pub(super) expires: String,
    pub(super) expires_at: String,
    pub(super) expires_tone: Tone,
}

/// How much of a limit is left.
pub(super) struct Meter {
    /// Whole percents.
    pub(super) percent: u64,
    pub(super) words: String,
    pub(super) tone: Tone,
}

impl Row {
    /// At this Unix second; `link` opens a row in the sheet.
    pub(super) fn of(client: &Client, now: i64, link: impl Fn(u32) -> Option<String>) -> Self {
        let bars: Vec<u64> = client.used.requests.iter().map(|number| u64::from(*number)).collect();
        let unknown = "\u{2013}".to_owned();
        let (expires, expires_at, expires_tone) = match client.expires_at {
            None => (unknown.clone(), String::new(), Tone::Plain),
            Some(at) => {
                (format!("in {}", words::length(at - now)), words::moment(at), dashboard::expiry(at - now))
            }
        };
        Self {
            name: words::name(&client.name),
            standing: standing(client),
            keys: keys(client),
            place: client.row.unwrap_or_default(),
            link: client.row.and_then(link),
            spark: spark::bars(&bars, 100.0, 24.0),
            requests: words::number(client.used.totals.requests()),
            refused: words::number(client.refused()),
            left: client.left.as_ref().map(Meter::of),
            no_limit: if client.working > 0 { "no limit" } else { "\u{2013}" },
            last_used: client.last_used_at.map_or(unknown, |at| words::ago(at, now)),
            last_used_at: client.last_used_at.map(words::moment).unwrap_or_default(),
            expires,
            expires_at,
            expires_tone,
        }
    }
}

fn standing(client: &Client) -> Option<(Tone, &'static str)> {
    match client.standing {
        Standing::Works => None,
        Standing::Expired => Some((Tone::Bad, "expired")),
        Standing::Inactive => Some((Tone::Bad, "not active")),
        Standing::Unreadable => Some((Tone::Bad, "unreadable")),
        Standing::Gone => Some((Tone::Warn, "no row")),
    }
}

fn keys(client: &Client) -> String {
    match (client.working, client.keys) {
        (_, 0) => "no key".to_owned(),
        (working, keys) if working == keys => words::count(keys, "key"),
        (working, keys) => format!("{} of {} work", words::number(working), words::count(keys, "key")),
    }
}

impl Meter {
    fn of(left: &Left) -> Self {
        let span = match left.of {
            Span::Minute => "this minute",
            Span::Day => "today",
            Span::Month => "this month",
        };
        let (remaining, limit) = (words::number(left.remaining), words::number(left.limit));
        let percent = left.remaining.min(left.limit).saturating_mul(100) / left.limit.max(1);
        Self { percent, words: format!("{remaining} of {limit} {span}"), tone: left.tone() }
    }
}
