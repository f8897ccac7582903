//! `convergence keys revoke`.

use clap::Command;
use gate::{Cell, Column, Row};
use serde::Serialize;

use super::key::Named;
use super::{Desk, say};
use crate::cli::table::{self, Format};
use crate::keys::edit::{Change, KeysTable, Seen, index};

pub(super) fn command() -> Command {
    Command::new("revoke")
        .about("Untick is_active and note the moment in revoked_at, in every row that holds the key")
        .arg(Named::arg())
        .arg(Format::flag_of_a_deed())
}

/// What was done, as JSON has it.
#[derive(Serialize)]
struct Done {
    fingerprint: String,
    /// Those that were changed.
    rows: Vec<usize>,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let named = Named::of(desk)?;
    let seen = desk.look().await?;
    let key = named.find(&seen)?;
    let rows = seen.rows_of(key);
    let changes = rows
        .iter()
        .map(|row| revocation(&desk.table, &seen, row, desk.now.unix))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let changes: Vec<Change> = changes.into_iter().filter(|change| !change.cells.is_empty()).collect();
    desk.change(&seen, &changes).await?;
    let fingerprint = key.fingerprint().to_string();
    let rows: Vec<usize> = changes.iter().map(|change| change.row + 1).collect();
    let numbers: Vec<String> = rows.iter().map(usize::to_string).collect();
    if Format::of(desk.flags) == Format::Json {
        return table::print_json(&Done { fingerprint, rows });
    }
    if rows.is_empty() {
        say(&format!("Key {fingerprint} is revoked already. Nothing was changed."));
        return Ok(());
    }
    say(&format!("Key {fingerprint} is revoked (row {}).", numbers.join(", ")));
    if seen.listing.place(Column::RevokedAt).is_none() {
        say("The table has no column revoked_at, so the moment is not noted.");
    }
    Ok(())
}

/// What is missing to a row's revocation. A moment that has come stays, and so does one that cannot be read.
pub(in crate::cli) fn revocation(
    table: &KeysTable,
    seen: &Seen,
    row: &Row,
    now: i64,
) -> anyhow::Result<Change> {
    let mut cells = Vec::new();
    if row.record.active {
        cells.push((seen.column(Column::IsActive)?, Cell::Bool(false)));
    }
    if let Some(place) = seen.listing.place(Column::RevokedAt) {
        let is_blank = seen.cell(index(row), Column::RevokedAt).is_blank();
        let is_to_come = row.record.revoked_at.is_some_and(|moment| moment > now);
        if is_blank || is_to_come {
            cells.push((place, table.moment(now, &seen.rules.time_zone)));
        }
    }
    Ok(Change { key: row.record.key, row: index(row), cells })
}
