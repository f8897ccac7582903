//! A tab of a Google spreadsheet, changed.
//!
//! Google's API has no write that depends on what is there, so a write is followed by a look, and what landed in other
//! rows is put back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use gate::{Column, KeyHash};
use serde_json::Value as Json;
use sheets::{Spreadsheet, Tab};

use super::landing::{self, Landing};
use super::{Change, NewRow, Rows, Seen, SourceError, index, told};
use crate::clock::Clock;
use crate::config::GoogleSheet;
use crate::keys::cells::Heard;
use crate::keys::google::{failure, open, whole};

/// How often a write is sent whose answer does not tell whether it was applied, and which a look says was not.
const ATTEMPTS: usize = 2;

/// How long it is waited, in seconds, between the attempts at a look that tells what became of a write: together longer
/// than the minute for which Google's quota may be used up.
const PATIENCE: [u64; 6] = [1, 2, 4, 8, 16, 32];

/// A tab of keys.
pub(crate) struct GoogleTable {
    sheet: GoogleSheet,
    spreadsheet: Spreadsheet,
    default_limit: Option<u32>,
    clock: Arc<dyn Clock>,
}

/// The table, and the tab that it is in.
pub(super) struct Look {
    pub(super) seen: Seen,
    pub(super) tab: Tab,
}

impl GoogleTable {
    pub(super) async fn open(
        sheet: GoogleSheet,
        default_limit: Option<u32>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let spreadsheet = open(&sheet).await.map_err(told)?;
        Ok(Self { sheet, spreadsheet, default_limit, clock })
    }

    pub(super) async fn look(&self) -> anyhow::Result<Look> {
        self.look_heard(&|_, _| ()).await
    }

    pub(super) async fn look_heard(&self, heard: Heard<'_>) -> anyhow::Result<Look> {
        self.seen(self.fetch(heard).await.map_err(told)?)
    }

    /// Rows, and the tab that they are in, with the size that it has now.
    async fn fetch(&self, heard: Heard<'_>) -> Result<(Rows, Option<Tab>), SourceError> {
        let properties = self.spreadsheet.properties().await.map_err(|error| failure(&error))?;
        let rows = whole(&self.spreadsheet, &properties, &self.sheet.tab, heard).await?;
        Ok((rows, properties.tabs.into_iter().find(|tab| tab.title == self.sheet.tab)))
    }

    fn seen(&self, (rows, tab): (Rows, Option<Tab>)) -> anyhow::Result<Look> {
        let seen = Seen::of(rows, self.default_limit)?;
        Ok(Look { seen, tab: tab.context("the tab was renamed meanwhile; run this again")? })
    }

    pub(super) async fn change(&self, seen: &Seen, changes: &[Change]) -> anyhow::Result<()> {
        let before = self.look().await?;
        before.seen.verify(seen, changes)?;
        let requests = before.update_cells(changes);
        for attempt in 1..=ATTEMPTS {
            let written = self.write(&requests).await?;
            let after = self.look_after().await?;
            let landings: Vec<Landing> =
                changes.iter().map(|change| landing::of(change, &before.seen, &after.seen)).collect();
            if landings.iter().all(|landing| matches!(landing, Landing::Done)) {
                return nothing_lost(&before.seen, &after.seen, changes);
            }
            let untouched = landings.iter().all(|landing| matches!(landing, Landing::Untouched));
            match written {
                // Absolute values, and a look that says they are not there: once more does no harm.
                Err(_) if untouched && attempt < ATTEMPTS => after.seen.verify(&before.seen, changes)?,
                Err(error) if untouched => bail!("{error}; nothing was changed; run this again"),
                _ => return self.put_back(landings, &after).await,
            }
        }
        unreachable!("the last attempt returns")
    }

    pub(super) async fn add(&self, key: KeyHash, row: &NewRow) -> anyhow::Result<Vec<u32>> {
        let fingerprint = key.fingerprint();
        let mut before = self.look().await?;
        for attempt in 1..=ATTEMPTS {
            let written = self.write(&before.add_row(row)).await?;
            let doubt = || {
                format!(
                    "whether the row was added cannot be told, and its key is lost; if `keys list` has {fingerprint}, \
                     revoke it; then run this again"
                )
            };
            let after = self.look_after().await.with_context(doubt)?;
            let found = after.seen.rows_of(key);
            if !found.is_empty() {
                for row_found in &found {
                    after.check_new(row, index(row_found))?;
                    let dress = before.dress(row, index(row_found));
                    if !dress.is_empty() {
                        // The row stands; what it looks like is worth an attempt and no more.
                        let _ = self.spreadsheet.change(&dress).await;
                    }
                }
                return Ok(found.iter().map(|row| row.record.row).collect());
            }
            match written {
                Err(_) if attempt < ATTEMPTS => before = after,
                Err(error) => bail!("{error}; no row was added; run this again"),
                Ok(()) => bail!("the row was added, and is not there any more: somebody else has removed it"),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Sends requests. `Ok(Err)` is a failure that leaves open whether they were done.
    async fn write(&self, requests: &[Json]) -> anyhow::Result<Result<(), sheets::Error>> {
        match self.spreadsheet.change(requests).await {
            Ok(_) => Ok(Ok(())),
            Err(error) if may_be_applied(&error) => Ok(Err(error)),
            Err(error) => Err(told(failure(&error)).context("nothing was written")),
        }
    }

    /// A look that the outcome depends on, so what may pass is waited for.
    async fn look_after(&self) -> anyhow::Result<Look> {
        let mut waits = PATIENCE.iter();
        let fetched = loop {
            match (self.fetch(&|_, _| ()).await, waits.next()) {
                (Err(error), Some(wait)) if !error.needs_help => {
                    tracing::warn!("waiting {wait} s to see what became of the write: {}", error.detail);
                    self.clock.sleep(Duration::from_secs(*wait)).await;
                }
                (fetched, _) => break fetched,
            }
        };
        let look = fetched.map_err(told).and_then(|rows| self.seen(rows));
        look.context(
            "the write was sent, and the table cannot be read to see what became of it; look at the sheet",
        )
    }

    /// Some of what was written stands where it should not: somebody sorted or inserted rows in between. Puts back what
    /// stood there, and says what happened.
    async fn put_back(&self, landings: Vec<Landing>, after: &Look) -> anyhow::Result<()> {
        let (mut restored, mut lost, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for landing in landings {
            match landing {
                Landing::Stranger(change) => {
                    places.push(format!("row {}", change.row + 1));
                    restored.push(change);
                }
                Landing::Unknown(cells) => lost.extend(cells),
                Landing::Done | Landing::Untouched => {}
            }
        }
        let mut said = vec!["the table was changed by somebody else in the moment of writing".to_owned()];
        if !restored.is_empty() {
            let places = places.join(", ");
            self.spreadsheet.change(&after.update_cells(&restored)).await.with_context(|| {
                format!(
                    "{}; what was written stands in {places} and cannot be put back; look at them",
                    said[0]
                )
            })?;
            let now = self.look_after().await?;
            said.push(if restored.iter().all(|change| now.seen.holds(change)) {
                format!("what was written landed in {places}, where the former cells were put back")
            } else {
                format!("what was written landed in {places}: compare with file > version history")
            });
        }
        if !lost.is_empty() {
            let lost = lost.join(", ");
            said.push(format!("{lost} may have been overwritten: compare with file > version history"));
        }
        bail!("{}; look at the table, and run this again", said.join("; "))
    }
}

/// Where keys were replaced by their hashes, every key must be there still: of two rows that differ in their key alone,
/// nothing else tells which was hit.
fn nothing_lost(before: &Seen, after: &Seen, changes: &[Change]) -> anyhow::Result<()> {
    let key_cell = before.column(Column::ApiKey)?;
    if changes.iter().all(|change| change.cells.iter().all(|(column, _)| *column != key_cell)) {
        return Ok(());
    }
    let there: HashSet<KeyHash> = after.listing.rows.iter().map(|row| row.record.key).collect();
    let keys = before.listing.rows.iter().map(|row| row.record.key);
    let lost: Vec<String> =
        keys.filter(|key| !there.contains(key)).map(|key| key.fingerprint().to_string()).collect();
    ensure!(
        lost.is_empty(),
        "the table was changed by somebody else in the moment of writing, and these keys are not in it any more: {}; \
         compare with file > version history",
        lost.join(", ")
    );
    Ok(())
}

/// Whether Google may have done what it was asked although it did not say so (recorded: a 503 after the write).
fn may_be_applied(error: &sheets::Error) -> bool {
    use sheets::Error::{Interrupted, Server, Timeout, TooLarge, Unreadable};
    matches!(error, Server { .. } | Timeout { .. } | Interrupted { .. } | TooLarge { .. } | Unreadable { .. })
}
