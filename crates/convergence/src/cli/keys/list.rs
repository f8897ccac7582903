//! `convergence keys list`.

use std::collections::BTreeMap;

use clap::{Arg, Command};
use gate::Record;
use serde::Serialize;

use super::show::{Shower, State, count, restrictions};
use super::{Desk, say};
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

const HEADERS: [&str; 9] = [
    "fingerprint",
    "client_name",
    "state",
    "rate_limit",
    "created_at",
    "expires_at",
    "revoked_at",
    "restrictions",
    "row",
];

/// One row, as JSON has it. Moments are RFC 3339.
#[derive(Serialize)]
struct Listed {
    fingerprint: String,
    client_name: String,
    state: State,
    rate_limit: Option<u32>,
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
    let seen = desk.table.look().await?;
    let shower = Shower::new(&seen, desk.now.unix);
    let wanted = desk.text("client").map(str::trim);
    let rows = seen.listing.rows.iter();
    let rows = rows.filter(|row| wanted.is_none_or(|client| *row.record.client == *client));
    let listed: Vec<Listed> = rows
        .map(|row| Listed {
            fingerprint: row.record.key.fingerprint().to_string(),
            client_name: shower.client(row).to_owned(),
            state: shower.state(row),
            // Of a row that cannot be read the limit is a guess.
            rate_limit: row.record.limit.filter(|_| row.record.readable),
            created_at: row.created_at.map(rfc3339),
            expires_at: row.record.expires_at.map(rfc3339),
            revoked_at: row.record.revoked_at.map(rfc3339),
            restrictions: by_column(&row.record),
            in_words: if row.record.readable { restrictions(&row.record) } else { String::new() },
            row: row.record.row,
        })
        .collect();
    let cells: Vec<Vec<String>> = listed.iter().map(Listed::cells).collect();
    table::print(Format::of(desk.flags), &HEADERS, &cells, &listed)?;
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

impl Listed {
    fn cells(&self) -> Vec<String> {
        vec![
            self.fingerprint.clone(),
            self.client_name.clone(),
            self.state.word().to_owned(),
            self.rate_limit.map(|limit| limit.to_string()).unwrap_or_default(),
            self.created_at.clone().unwrap_or_default(),
            self.expires_at.clone().unwrap_or_default(),
            self.revoked_at.clone().unwrap_or_default(),
            self.in_words.clone(),
            self.row.to_string(),
        ]
    }
}
