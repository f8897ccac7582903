//! `usage.json` in `DATA_DIR`: the totals of the kept days. No key is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::ledger::{Ledger, Row, Totals};

/// Raised when the file's meaning changes.
const VERSION: u32 = 1;

/// One file, replaced whole.
#[derive(Clone)]
pub(crate) struct UsageFile {
    path: PathBuf,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Contents {
    version: u32,
    /// The instances whose rows in the tab have been taken over.
    settled: Vec<String>,
    rows: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
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

impl UsageFile {
    /// In a folder, which is made when first needed.
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("usage.json") }
    }

    /// The totals that an earlier process has left, or none. A file that cannot be read is put aside, not overwritten.
    pub(crate) fn load(&self, instance: &str) -> Ledger {
        match self.read() {
            Ok(contents) => contents.into_ledger(instance),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ledger::new(instance),
            Err(error) => {
                let aside = self.path.with_extension("json.bad");
                warn!("{} cannot be read and is kept as {}: {error}", self.path.display(), aside.display());
                if let Err(error) = fs::rename(&self.path, &aside) {
                    warn!("{} cannot be renamed: {error}", self.path.display());
                }
                Ledger::new(instance)
            }
        }
    }

    /// The totals as they were last saved, for whoever only looks.
    pub(crate) fn peek(&self) -> io::Result<Ledger> {
        self.read().map(|contents| contents.into_ledger(""))
    }

    /// Writes a file beside the old one and renames it over that: a reader sees the one or the other. Takes as long as
    /// the disk does.
    pub(crate) fn save(&self, contents: &Contents) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.path.with_extension("json.new");
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let mut out = BufWriter::new(file);
        serde_json::to_writer(&mut out, contents)?;
        out.write_all(b"\n")?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(beside, &self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> io::Result<Contents> {
        let contents: Contents = serde_json::from_slice(&fs::read(&self.path)?)?;
        let wrong = |what: &'static str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if contents.version != VERSION {
            return wrong("it is of another version of convergence");
        }
        if contents.rows.iter().any(|line| line.date.parse::<Date>().is_err()) {
            return wrong("a date in it is not one");
        }
        Ok(contents)
    }
}

impl Contents {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let line = |(row, totals): (&Row, &Totals)| Line {
            date: row.date.to_string(),
            instance: row.instance.clone(),
            client_name: row.client.clone(),
            admitted: totals.admitted,
            rate_limited: totals.rate_limited,
            failed: totals.failed,
            audio_ms: totals.audio_ms,
            last_used_at: totals.last_used_at,
        };
        Self {
            version: VERSION,
            settled: ledger.settled().map(str::to_owned).collect(),
            rows: ledger.rows().iter().map(line).collect(),
        }
    }

    fn into_ledger(self, instance: &str) -> Ledger {
        let row = |line: Line| {
            let row = Row {
                date: line.date.parse().unwrap_or_default(),
                instance: line.instance,
                client: line.client_name,
            };
            let Line { admitted, rate_limited, failed, audio_ms, last_used_at, .. } = line;
            (row, Totals { admitted, rate_limited, failed, audio_ms, last_used_at })
        };
        let rows: BTreeMap<Row, Totals> = self.rows.into_iter().map(row).collect();
        Ledger::resumed(instance, rows, self.settled)
    }
}
