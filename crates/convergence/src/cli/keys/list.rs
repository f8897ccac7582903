//! `convergence keys list`.

use std::collections::BTreeMap;

use clap::{Arg, Command};
use gate::{Column, FurtherLimits, Record, Row};
use serde::Serialize;

use super::show::{Shower, State, count, restrictions};
use super::{Desk, say};
use crate::cli::say_unknown_client;
use crate::cli::table::{self, Format};
use crate::clock::rfc3339;
use crate::sync::listed;

pub(super) fn command() -> Command {
    let client = Arg::new("client").long("client").value_name("NAME").help("Only the keys of this client");
    Command::new("list")
        .about("Print the rows of the table, each with the fingerprint of its key")
        .arg(client)
        .arg(Format::flag())
}

/// Of the limits beside that of the minute those that the table has a column for.
const FURTHER_LIMITS: [Column; 4] =
    [Column::RateLimitDay, Column::RateLimitMonth, Column::ShadowRateLimit, Column::AudioMinutesDay];

/// One row, as JSON has it. Moments are RFC 3339.
#[derive(Serialize)]
struct Listed {
    fingerprint: String,
    client_name: String,
    state: State,
    rate_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit_day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit_month: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow_rate_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_minutes_day: Option<f64>,
    created_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// By column; none where the row has none, or cannot be read.
    restrictions: BTreeMap<&'static str, Vec<String>>,
    #[serde(skip)]
    in_words: String,
    row: u32,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let seen = desk.look().await?;
    let shower = Shower::new(&seen, desk.now.unix);
    let wanted = desk.text("client").map(str::trim);
    let rows = seen.listing.rows.iter();
    let rows = rows.filter(|row| wanted.is_none_or(|client| *row.record.client == *client));
    let listed: Vec<Listed> = rows.map(|row| Listed::of(row, &shower)).collect();
    if let Some(client) = wanted.filter(|_| listed.is_empty()) {
        say_unknown_client(client, seen.listing.rows.iter().map(|row| shower.client(row)));
    }
    let further = FURTHER_LIMITS.into_iter().filter(|column| seen.listing.place(*column).is_some());
    let further: Vec<Column> = further.collect();
    let cells: Vec<Vec<String>> = listed.iter().map(|listed| listed.cells(&further)).collect();
    table::print(Format::of(desk.flags), &headers(&further), &cells, &listed)?;
    let problems = seen.table()?.problems.len();
    if problems > 0 {
        say(&format!("{} in the table: convergence keys check", count(problems, "problem")));
    }
    Ok(())
}

fn by_column(record: &Record) -> BTreeMap<&'static str, Vec<String>> {
    let restrictions = record.restrictions.as_deref().filter(|_| record.readable);
    listed(restrictions).into_iter().filter_map(|(column, list)| Some((column, list?))).collect()
}

fn headers(further: &[Column]) -> Vec<&'static str> {
    let limits = further.iter().map(|column| column.name());
    let first = ["fingerprint", "client_name", "state", "rate_limit"].into_iter().chain(limits);
    first.chain(["created_at", "expires_at", "revoked_at", "restrictions", "row"]).collect()
}

impl Listed {
    fn of(row: &Row, shower: &Shower) -> Self {
        let record = &row.record;
        // Of a row that cannot be read the limits are a guess.
        let further = record.further_limits.as_deref().copied().filter(|_| record.readable);
        let further = further.unwrap_or_default();
        let FurtherLimits { day, month, shadow, .. } = further;
        Self {
            fingerprint: record.key.fingerprint().to_string(),
            client_name: shower.client(row).to_owned(),
            state: shower.state(row),
            rate_limit: record.limit.filter(|_| record.readable),
            rate_limit_day: day,
            rate_limit_month: month,
            shadow_rate_limit: shadow,
            audio_minutes_day: further.audio_minutes_day(),
            created_at: row.created_at.map(rfc3339),
            expires_at: record.expires_at.map(rfc3339),
            revoked_at: record.revoked_at.map(rfc3339),
            restrictions: by_column(record),
            in_words: if record.readable { restrictions(record) } else { String::new() },
            row: record.row,
        }
    }

    fn cells(&self, further: &[Column]) -> Vec<String> {
        let words = |limit: Option<u64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let limits = further.iter().map(|column| match column {
            Column::RateLimitDay => words(self.rate_limit_day),
            Column::RateLimitMonth => words(self.rate_limit_month),
            Column::AudioMinutesDay => {
                self.audio_minutes_day.map(|minutes| minutes.to_string()).unwrap_or_default()
            }
            _ => words(self.shadow_rate_limit.map(u64::from)),
        });
        let moment = |moment: &Option<String>| moment.clone().unwrap_or_default();
        let mut cells = vec![
            self.fingerprint.clone(),
            self.client_name.clone(),
            self.state.word().to_owned(),
            words(self.rate_limit.map(u64::from)),
        ];
        cells.extend(limits);
        cells.extend([&self.created_at, &self.expires_at, &self.revoked_at].map(moment));
        cells.extend([self.in_words.clone(), self.row.to_string()]);
        cells
    }
}
