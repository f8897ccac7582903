//! The table of the demo: a CSV file, changed as the `keys` commands change it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gate::{Cell, Column, KeyHash, Row};
use uuid::Uuid;

use super::cast::{Actor, Part};
use crate::cli::keys::revocation;
use crate::clock::SystemClock;
use crate::config::Keys;
use crate::keys::edit::{Change, KeysTable, NewRow, Seen, index};

/// The key file, and what the demo does to it.
pub(super) struct Sheet(KeysTable);

impl Sheet {
    /// Makes the file unless it is there from an earlier run.
    pub(super) async fn open(path: &Path, keys: &Keys) -> anyhow::Result<Self> {
        if !path.exists() {
            make(path).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(Self(KeysTable::open(keys, Arc::new(SystemClock::start())).await?))
    }

    /// The key of the topmost row that has one in plain text, for whoever looks at the demo.
    pub(super) async fn first_key(&self) -> anyhow::Result<String> {
        let seen = self.0.look().await?;
        let mut keys = seen.listing.rows.iter().filter_map(|row| plain_key(&seen, row));
        keys.next().context("the demo's key file holds no key in plain text; delete the file")
    }

    /// Everybody with a key. The rows are made, or made as they were at the beginning of an earlier demo.
    pub(super) async fn cast(&self, now: i64) -> anyhow::Result<Vec<Actor>> {
        let mut cast = vec![Actor { part: Part::Stranger, key: new_key() }];
        for part in Part::WITH_ROWS {
            cast.push(Actor { part, key: self.engage(part, now).await? });
        }
        Ok(cast)
    }

    /// Sets when a key expires, as `convergence keys expire` does.
    pub(super) async fn expire(&self, key: &str, at: i64) -> anyhow::Result<()> {
        let seen = self.0.look().await?;
        let key = KeyHash::of(key.as_bytes());
        let cell = (seen.column(Column::ExpiresAt)?, self.0.moment(at, &seen.rules.time_zone));
        let change = |row: &&Row| Change { key, row: index(row), cells: vec![cell.clone()] };
        self.0.change(&seen, &seen.rows_of(key).iter().map(change).collect::<Vec<_>>()).await
    }

    /// Revokes a key, as `convergence keys revoke` does.
    pub(super) async fn revoke(&self, key: &str, now: i64) -> anyhow::Result<()> {
        let seen = self.0.look().await?;
        let rows = seen.rows_of(KeyHash::of(key.as_bytes()));
        let changes =
            rows.iter().map(|row| revocation(&self.0, &seen, row, now)).collect::<Result<Vec<_>, _>>()?;
        self.0.change(&seen, &changes).await
    }

    /// A client's row, and the key in it.
    async fn engage(&self, part: Part, now: i64) -> anyhow::Result<String> {
        let seen = self.0.look().await?;
        let cells = [
            (Column::CreatedAt, self.0.moment(now, &seen.rules.time_zone)),
            (Column::ExpiresAt, Cell::Empty),
            (Column::IsActive, Cell::Bool(true)),
            (Column::RateLimit, Cell::Number(part.limit())),
            (Column::RevokedAt, Cell::Empty),
        ];
        // Whoever has deleted a column does without what it shows.
        let cells = cells.into_iter().filter(|(column, _)| seen.listing.place(*column).is_some());
        let mut theirs = seen.listing.rows.iter().filter(|row| *row.record.client == *part.name());
        if let Some((row, key)) = theirs.find_map(|row| Some((row, plain_key(&seen, row)?))) {
            let cells =
                cells.filter_map(|(column, cell)| Some((seen.listing.place(column)?, cell))).collect();
            let change = Change { key: row.record.key, row: index(row), cells };
            self.0.change(&seen, &[change]).await?;
            return Ok(key);
        }
        let key = new_key();
        let mut row = NewRow { cells: Vec::new() };
        row.put(&seen, Column::ApiKey, Cell::Text(key.clone()))?;
        row.put(&seen, Column::ClientName, Cell::Text(part.name().to_owned()))?;
        for (column, cell) in cells {
            row.put(&seen, column, cell)?;
        }
        self.0.add(KeyHash::of(key.as_bytes()), &row).await?;
        Ok(key)
    }
}

fn plain_key(seen: &Seen, row: &Row) -> Option<String> {
    match seen.cell(index(row), Column::ApiKey) {
        Cell::Text(key) if row.is_plain => Some(key.trim().to_owned()),
        _ => None,
    }
}

fn new_key() -> String {
    format!("sk-convergence-{}", Uuid::new_v4())
}

/// Writes a file with one key that works and one that has expired, to try both.
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(
        file,
        "api_key,client_name,created_at,expires_at,is_active,rate_limit,revoked_at\n\
         {works},Demo Client,2026-01-01 00:00:00,,TRUE,60,\n\
         {expired},Expired Client,2025-01-01 00:00:00,2025-12-31 23:59:59,TRUE,60,\n",
        works = new_key(),
        expired = new_key(),
    )
}
