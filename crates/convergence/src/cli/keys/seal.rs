//! `convergence keys seal`.

use clap::Command;
use gate::{Cell, Column};
use serde::Serialize;

use super::key::sealed;
use super::show::{Shower, count};
use super::{Desk, confirm, say, yes_flag};
use crate::cli::table::{self, Format};
use crate::keys::edit::{Change, index};

pub(super) fn command() -> Command {
    Command::new("seal")
        .about("Replace every key that stands in the table as it is by its SHA-256, after showing which")
        .long_about(
            "Replace every key that stands in the table as it is by its SHA-256, after showing which. Clients notice \
             nothing. The keys themselves cannot be had back from the table; a Google Sheet keeps them in its version \
             history.",
        )
        .arg(yes_flag())
        .arg(Format::flag())
}

/// A row whose key is to be sealed.
#[derive(Serialize)]
struct Plain {
    fingerprint: String,
    client_name: String,
    row: u32,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let seen = desk.look().await?;
    let shower = Shower::new(&seen, desk.now.unix);
    let rows: Vec<&gate::Row> = seen.listing.rows.iter().filter(|row| row.is_plain).collect();
    let plain: Vec<Plain> = rows
        .iter()
        .map(|row| Plain {
            fingerprint: row.record.key.fingerprint().to_string(),
            client_name: shower.client(row).to_owned(),
            row: row.record.row,
        })
        .collect();
    let cells = |one: &Plain| vec![one.fingerprint.clone(), one.client_name.clone(), one.row.to_string()];
    let cells: Vec<Vec<String>> = plain.iter().map(cells).collect();
    table::print(Format::of(desk.flags), &["fingerprint", "client_name", "row"], &cells, &plain)?;
    if plain.is_empty() {
        say("No key stands in the table as it is. Nothing was changed.");
        return Ok(());
    }
    say(&format!("To be replaced by the SHA-256: {}.", count(plain.len(), "key")));
    confirm(desk.flags, "seal")?;
    let place = seen.column(Column::ApiKey)?;
    let change = |row: &&gate::Row| {
        let key = row.record.key;
        Change { key, row: index(row), cells: vec![(place, Cell::Text(sealed(key)))] }
    };
    desk.change(&seen, &rows.iter().map(change).collect::<Vec<_>>()).await?;
    say(&format!("Sealed: {}.", count(plain.len(), "key")));
    Ok(())
}
