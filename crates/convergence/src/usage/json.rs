//! `usage.json`, where versions before the database kept the totals of 40 days: taken over once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use super::ledger::Row;
use super::totals::Totals;

/// The one version that there was.
const VERSION: u32 = 1;

/// The file, beside the folder of the database.
pub(crate) struct UsageJson {
    path: PathBuf,
}

/// What it has.
pub(crate) struct Kept {
    /// The instances whose rows in the tab were taken over.
    pub(crate) settled: Vec<String>,
    pub(crate) rows: BTreeMap<Row, Totals>,
}

#[derive(Deserialize)]
struct Contents {
    version: u32,
    settled: Vec<String>,
    rows: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    /// The UTC day, `YYYY-MM-DD`.
    date: String,
    instance: String,
    client_name: String,
    admitted: u64,
    rate_limited: u64,
    failed: u64,
    audio_ms: u64,
    /// Unix seconds.
    last_used_at: i64,
}

impl UsageJson {
    pub(crate) fn beside(folder: &Path) -> Self {
        Self { path: folder.with_file_name("usage.json") }
    }

    /// What is in it; `None` where there is no such file. One that cannot be read is put aside, with its reason.
    pub(crate) fn read(&self) -> io::Result<Option<Kept>> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        match serde_json::from_slice::<Contents>(&bytes) {
            Ok(contents) if contents.version == VERSION => Ok(Some(contents.kept())),
            unreadable => {
                let why = unreadable.map_or_else(|error| error.to_string(), |_| "another version".to_owned());
                tracing::warn!(
                    "{} cannot be taken over and is kept as usage.json.bad: {why}",
                    self.path.display()
                );
                fs::rename(&self.path, self.path.with_extension("json.bad"))?;
                Ok(None)
            }
        }
    }

    /// It is in the database.
    pub(crate) fn put_aside(&self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_extension("json.imported"))
    }
}

impl Contents {
    fn kept(self) -> Kept {
        let row = |line: Line| {
            let date: Date = line.date.parse().ok()?;
            let Line { admitted, rate_limited, failed, audio_ms, last_used_at, .. } = line;
            let totals =
                Totals { admitted, rate_limited, failed, audio_ms, last_used_at, ..Totals::default() };
            Some((Row { date, instance: line.instance, client: line.client_name }, totals))
        };
        Kept { settled: self.settled, rows: self.rows.into_iter().filter_map(row).collect() }
    }
}
