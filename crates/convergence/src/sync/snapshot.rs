//! The last good keys on disk, so that a restart while Google is away keeps working (P20). Hashes only.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate::{FurtherLimits, KeyHash, Record};
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::disk;
use super::listed::Lists;
use super::roll::Roll;

/// Raised when the file's meaning changes; a file of a later version is ignored.
pub(crate) const VERSION: u32 = 4;

/// The earliest version that is read. In version 1 no row had restrictions, since nothing read them: a key that the sheet
/// restricts would be free with it, so there are rather no keys until the first reading. In version 2 no row had quotas:
/// what is used without them until the first reading counts for them all the same, and directories to go back to stay. In
/// version 3 no row limited sound, of which the same is true.
const EARLIEST: u32 = 2;

/// One file in `DATA_DIR`, replaced whole.
#[derive(Clone)]
pub(crate) struct SnapshotFile {
    path: PathBuf,
    /// A hash of what the keys were read from: another source's keys must not open this door.
    source: String,
}

/// What a snapshot file holds.
pub(crate) struct Snapshot {
    /// The hash of its source.
    pub(crate) source: String,
    /// Unix seconds.
    pub(crate) read_at: i64,
    pub(crate) roll: Roll,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    source: String,
    /// Unix seconds.
    read_at: i64,
    /// Where the table's wall clocks hang, as RFC 9557 writes it; UTC where it cannot.
    #[serde(default)]
    time_zone: Option<String>,
    /// How many records follow, a line each.
    records: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sha256: String,
    client: Box<str>,
    limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Further::is_none")]
    further: Further,
    active: bool,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Lists::is_none")]
    only: Lists,
    readable: bool,
    row: u32,
}

/// A record's limits beside that of the minute. A member that is not known is an error: it would be a limit that is lost.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Further {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    month: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shadow: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio_day_ms: Option<u64>,
}

impl Further {
    fn of(limits: &FurtherLimits) -> Self {
        let FurtherLimits { day, month, shadow, audio_day } = *limits;
        let milliseconds = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self { day, month, shadow, audio_day_ms: audio_day.map(milliseconds) }
    }

    fn limits(&self) -> FurtherLimits {
        let Self { day, month, shadow, audio_day_ms } = *self;
        FurtherLimits { day, month, shadow, audio_day: audio_day_ms.map(Duration::from_millis) }
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl SnapshotFile {
    /// The last good keys of a source in a folder, which is made when first needed.
    pub(crate) fn new(data_dir: &Path, source: &str) -> Self {
        Self::at(path(data_dir), source)
    }

    pub(super) fn at(path: PathBuf, source: &str) -> Self {
        Self { path, source: source.to_owned() }
    }

    /// The keys and the Unix second at which they were read, if the file is whole and of this source.
    pub(crate) fn load(&self) -> Option<(i64, Roll)> {
        match read(&self.path) {
            Ok(snapshot) if snapshot.source == self.source => Some((snapshot.read_at, snapshot.roll)),
            Ok(_) => None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                warn!("the snapshot {} cannot be used: {error}", self.path.display());
                None
            }
        }
    }

    /// Writes it; takes as long as the disk does.
    pub(crate) fn save(&self, read_at: i64, roll: &Roll) -> io::Result<()> {
        let records = roll.records();
        let header = Header {
            version: VERSION,
            source: self.source.clone(),
            read_at,
            time_zone: zone_name(roll.time_zone()),
            records: records.len(),
        };
        disk::replace(&self.path, 0o600, |out| {
            serde_json::to_writer(&mut *out, &header)?;
            write_lines(out, records)
        })
    }
}

/// Where the last good keys are.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys-snapshot.jsonl")
}

/// Reads a snapshot of whatever source.
///
/// # Errors
/// There is no such file, or it is not whole, or of another version.
pub(crate) fn read(path: &Path) -> io::Result<Snapshot> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut lines = BufReader::new(fs::File::open(path)?).lines();
    let header: Header = serde_json::from_str(&lines.next().transpose()?.unwrap_or_default())?;
    if !(EARLIEST..=VERSION).contains(&header.version) {
        return Err(invalid(if header.version < EARLIEST {
            "it was written by an earlier version, which knew no restrictions of keys"
        } else {
            "it was written by a later version"
        }));
    }
    let records = read_lines(lines)?;
    if records.len() != header.records {
        return Err(invalid("it is not whole"));
    }
    let roll = Roll::of(records).in_zone(zone(header.time_zone.as_deref()));
    Ok(Snapshot { source: header.source, read_at: header.read_at, roll })
}

/// Records, a line each, after the end of the line before.
pub(super) fn write_lines(mut out: impl Write, records: &[Record]) -> io::Result<()> {
    for record in records {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, &Line::from(record))?;
    }
    Ok(())
}

/// Records, from such lines.
pub(super) fn read_lines(lines: impl Iterator<Item = io::Result<String>>) -> io::Result<Vec<Record>> {
    lines.map(|line| serde_json::from_str::<Line>(&line?)?.into_record()).collect()
}

/// A time zone as RFC 9557 writes it; nothing where it cannot.
pub(super) fn zone_name(zone: &TimeZone) -> Option<String> {
    DateTimePrinter::new().time_zone_to_string(zone).ok()
}

/// The zone of such a name; UTC where there is none.
pub(super) fn zone(name: Option<&str>) -> TimeZone {
    let zone = name.and_then(|name| DateTimeParser::new().parse_time_zone(name).ok());
    zone.unwrap_or(TimeZone::UTC)
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        Self {
            sha256: record.key.to_hex(),
            client: record.client.clone(),
            limit: record.limit,
            further: record.further_limits.as_deref().map(Further::of).unwrap_or_default(),
            active: record.active,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            only: Lists::of(record.restrictions.as_deref()),
            readable: record.readable,
            row: record.row,
        }
    }
}

impl Line {
    fn into_record(self) -> io::Result<Record> {
        let key = KeyHash::from_hex(&self.sha256)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a hash in it is not one"))?;
        let restrictions = self.only.into_restrictions()?.shared();
        Ok(Record {
            key,
            client: self.client,
            limit: self.limit,
            further_limits: self.further.limits().boxed(),
            active: self.active,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            restrictions,
            readable: self.readable,
            row: self.row,
        })
    }
}
