//! The last good keys on disk, so that a restart while Google is away keeps working (P20). Hashes only.

use std::fs;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use gate::{KeyHash, Record};
use serde::{Deserialize, Serialize};
use tracing::warn;

/// Raised when the file's meaning changes; a file of another version is ignored.
const VERSION: u32 = 1;

/// One file in `DATA_DIR`, replaced whole.
#[derive(Clone)]
pub(crate) struct SnapshotFile {
    path: PathBuf,
    /// A hash of what the keys were read from: another source's keys must not open this door.
    source: String,
}

/// What a snapshot file is to hold.
pub(crate) struct Snapshot {
    file: SnapshotFile,
    header: Header,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    source: String,
    /// Unix seconds.
    read_at: i64,
    /// How many records follow, a line each.
    records: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sha256: String,
    client: Box<str>,
    limit: Option<u32>,
    active: bool,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    readable: bool,
    row: u32,
}

impl SnapshotFile {
    /// The snapshot of a source in a folder, which is made when first needed.
    pub(crate) fn new(data_dir: &Path, source: &str) -> Self {
        Self { path: data_dir.join("keys-snapshot.jsonl"), source: KeyHash::of(source.as_bytes()).to_hex() }
    }

    /// The records and the Unix second at which they were read, if the file is whole and of this source.
    pub(crate) async fn load(&self) -> Option<(i64, Vec<Record>)> {
        let file = self.clone();
        let loaded = tokio::task::spawn_blocking(move || file.read()).await;
        match loaded.map_err(io::Error::other).flatten() {
            Ok(loaded) => loaded,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                warn!("the snapshot {} cannot be used: {error}", self.path.display());
                None
            }
        }
    }

    /// A snapshot of these records, yet to be saved.
    pub(crate) fn of(&self, read_at: i64, records: &[Record]) -> Snapshot {
        let header =
            Header { version: VERSION, source: self.source.clone(), read_at, records: records.len() };
        Snapshot { file: self.clone(), header, lines: records.iter().map(Line::from).collect() }
    }

    fn read(&self) -> io::Result<Option<(i64, Vec<Record>)>> {
        use io::BufRead;
        let mut lines = BufReader::new(fs::File::open(&self.path)?).lines();
        let header: Header = serde_json::from_str(&lines.next().transpose()?.unwrap_or_default())?;
        if header.version != VERSION || header.source != self.source {
            return Ok(None);
        }
        let records: Vec<Record> = lines
            .map(|line| serde_json::from_str::<Line>(&line?)?.into_record())
            .collect::<io::Result<_>>()?;
        if records.len() != header.records {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not whole"));
        }
        Ok(Some((header.read_at, records)))
    }

    /// Writes a file beside the old one and renames it over that: a reader sees the one or the other.
    fn write(&self, header: &Header, lines: &[Line]) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.path.with_extension("jsonl.new");
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let mut out = BufWriter::new(file);
        serde_json::to_writer(&mut out, header)?;
        for line in lines {
            out.write_all(b"\n")?;
            serde_json::to_writer(&mut out, line)?;
        }
        out.write_all(b"\n")?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(beside, &self.path)
    }
}

impl Snapshot {
    /// Writes it; takes as long as the disk does. A failure costs the next restart its head start and nothing else, so
    /// it is logged only.
    pub(crate) fn save(&self) {
        if let Err(error) = self.file.write(&self.header, &self.lines) {
            warn!("the snapshot {} cannot be written: {error}", self.file.path.display());
        }
    }
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        Self {
            sha256: record.key.to_hex(),
            client: record.client.clone(),
            limit: record.limit,
            active: record.active,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            readable: record.readable,
            row: record.row,
        }
    }
}

impl Line {
    fn into_record(self) -> io::Result<Record> {
        let key = KeyHash::from_hex(&self.sha256)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a hash in it is not one"))?;
        Ok(Record {
            key,
            client: self.client,
            limit: self.limit,
            active: self.active,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            readable: self.readable,
            row: self.row,
        })
    }
}
