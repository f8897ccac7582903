//! `convergence keys revoke`.

use clap::Command;
use gate::{Cell, Column, Row};

use super::key::Named;
use super::{Desk, say};
use crate::keys::edit::{Change, Seen, index};

pub(super) fn command() -> Command {
    Command::new("revoke")
        .about("Untick is_active and note the moment in revoked_at, in every row that holds the key")
        .arg(Named::arg())
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let named = Named::of(desk)?;
    let seen = desk.table.look().await?;
    let key = named.find(&seen)?;
    let rows = seen.rows_of(key);
    let changes = rows.iter().map(|row| change(desk, &seen, row)).collect::<anyhow::Result<Vec<_>>>()?;
    let changes: Vec<Change> = changes.into_iter().filter(|change| !change.cells.is_empty()).collect();
    let fingerprint = key.fingerprint();
    if changes.is_empty() {
        say(&format!("Key {fingerprint} is revoked already. Nothing was changed."));
        return Ok(());
    }
    desk.table.change(&seen, &changes).await?;
    let numbers: Vec<String> = changes.iter().map(|change| (change.row + 1).to_string()).collect();
    say(&format!("Key {fingerprint} is revoked (row {}).", numbers.join(", ")));
    if seen.listing.place(Column::RevokedAt).is_none() {
        say("The table has no column revoked_at, so the moment is not noted.");
    }
    Ok(())
}

/// What is missing to a row's revocation. A moment that has come stays, and so does one that cannot be read.
fn change(desk: &Desk<'_>, seen: &Seen, row: &Row) -> anyhow::Result<Change> {
    let mut cells = Vec::new();
    if row.record.active {
        cells.push((seen.column(Column::IsActive)?, Cell::Bool(false)));
    }
    if let Some(place) = seen.listing.place(Column::RevokedAt) {
        let is_blank = seen.cell(index(row), Column::RevokedAt).is_blank();
        let is_to_come = row.record.revoked_at.is_some_and(|moment| moment > desk.now.unix);
        if is_blank || is_to_come {
            cells.push((place, desk.table.moment(desk.now.unix, &seen.rules.time_zone)));
        }
    }
    Ok(Change { key: row.record.key, row: index(row), cells })
}
