//! Whether the directory in use is what the source says, and if not, why: kept in `DATA_DIR/keys/standing.json`, so that
//! it survives a restart and commands can ask for it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use gate::Record;
use serde::{Deserialize, Serialize};

use super::difference::MOST_LISTED;
use super::disk;
use super::guard::{Fate, Loss};
use crate::clock::rfc3339;

/// Why the directory in use is what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It is what the source says.
    #[default]
    AsRead,
    /// The source has lost too many keys at once; the directory from before stays in use.
    Held(Held),
    /// A person has brought an earlier directory back.
    RolledBack(RolledBack),
}

/// A refresh that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Of what the source says, by `Roll::digest`: what `keys accept` confirms, and nothing newer.
    pub(crate) digest: String,
    /// RFC 3339: when this state of the source was first seen.
    pub(crate) since: String,
    /// How many keys worked before.
    pub(crate) working: usize,
    /// How many of them are in no row any more.
    pub(crate) gone: usize,
    /// How many of them cannot be read.
    pub(crate) unreadable: usize,
    /// The first `MOST_LISTED` of both.
    pub(crate) keys: Vec<Lost>,
}

/// A working key that a held refresh would lose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lost {
    pub(crate) fingerprint: String,
    pub(crate) client_name: String,
    /// The row in which it stood when it was last in use.
    pub(crate) row: u32,
    pub(crate) fate: Fate,
}

/// A rollback that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RolledBack {
    /// The entry of the audit file whose directory is in use.
    pub(crate) to: u64,
    /// RFC 3339.
    pub(crate) since: String,
    /// Of what the source said then, by `Roll::digest`: anything else ends the rollback. `None` where it was not known.
    pub(crate) source_digest: Option<String>,
}

impl Held {
    pub(crate) fn of(loss: &Loss<'_>, digest: String, now: i64) -> Self {
        let listed = loss.lost.iter().take(MOST_LISTED);
        Self {
            digest,
            since: rfc3339(now),
            working: loss.working,
            gone: loss.count(Fate::Gone),
            unreadable: loss.count(Fate::Unreadable),
            keys: listed.map(|(record, fate)| Lost::of(record, *fate)).collect(),
        }
    }

    /// How many keys would be lost.
    pub(crate) fn lost(&self) -> usize {
        self.gone + self.unreadable
    }
}

/// The loss in words, for the log and for people at a terminal.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { working, gone, unreadable, .. } = self;
        write!(
            f,
            "of {working} working keys {gone} are gone from the source and {unreadable} cannot be read in it"
        )
    }
}

impl Lost {
    fn of(record: &Record, fate: Fate) -> Self {
        let fingerprint = record.key.fingerprint().to_string();
        Self { fingerprint, client_name: record.client.to_string(), row: record.row, fate }
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Content {
    /// Whose standing it is, as in a snapshot.
    source: String,
    standing: Standing,
}

/// The standing that a server left in this `DATA_DIR`, of whatever source it has now: for commands.
///
/// # Errors
/// The file is there and cannot be read.
pub(crate) fn of_data_dir(data_dir: &Path) -> io::Result<Standing> {
    read(data_dir).map(|content| content.map_or(Standing::AsRead, |content| content.standing))
}

/// The same, but only of this source.
pub(super) fn of_source(data_dir: &Path, source: &str) -> io::Result<Standing> {
    let content = read(data_dir)?.filter(|content| content.source == source);
    Ok(content.map_or(Standing::AsRead, |content| content.standing))
}

/// Replaces the file, or removes it where there is nothing to say.
pub(super) fn save(data_dir: &Path, source: &str, standing: &Standing) -> io::Result<()> {
    if *standing == Standing::AsRead {
        return disk::remove(&path(data_dir));
    }
    let content = Content { source: source.to_owned(), standing: standing.clone() };
    disk::replace(&path(data_dir), 0o600, |out| Ok(serde_json::to_writer(out, &content)?))
}

fn read(data_dir: &Path) -> io::Result<Option<Content>> {
    match std::fs::read(path(data_dir)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/standing.json")
}
