//! Where recordings lie: a folder for each owner, in it one for each recording, with an unguessable name, readable by this
//! server alone.

mod sweep;

use std::fmt::Write;
use std::fs::{self, DirBuilder, DirEntry};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::recording::FileKind;

/// What was asked for, as long as the recording is not finished; and what came of it, once it is.
pub(super) const REQUEST: &str = "request.json";
pub(super) const OUTCOME: &str = "outcome.json";
/// The lines of a recording that is being made: a language model would write others the next time.
pub(super) const SCRIPT: &str = "script.json";

/// Where an owner's lines lie that a server elsewhere has spoken.
const LINES: &str = "lines";

/// The recordings on the disk.
#[derive(Debug, Clone)]
pub(super) struct Store {
    root: PathBuf,
}

/// The folder of one recording, finished or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) id: Uuid,
    pub(super) path: PathBuf,
}

impl Store {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folder of a recording, for this user alone.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn create(&self, owner: &str, id: Uuid) -> io::Result<Folder> {
        let folder = self.folder(owner, id);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder.path)?;
        Ok(folder)
    }

    /// That of a recording, whether it is there or not.
    pub(super) fn folder(&self, owner: &str, id: Uuid) -> Folder {
        Folder { id, path: self.root.join(owner_folder(owner)).join(id.to_string()) }
    }

    /// Where this owner's lines lie that a server elsewhere has spoken.
    pub(super) fn lines(&self, owner: &str) -> PathBuf {
        self.root.join(owner_folder(owner)).join(LINES)
    }

    /// The finished file of that name if it is this owner's. `name` may be anything that a client sent.
    pub(super) fn find(&self, owner: &str, name: &str) -> Option<(PathBuf, FileKind)> {
        let (id, ending) = name.split_once('.')?;
        let kind = FileKind::of_ending(ending)?;
        let path = self.folder(owner, parse_id(id)?).path.join(name);
        // A link is not followed: we never made one.
        path.symlink_metadata().is_ok_and(|file| file.is_file()).then_some((path, kind))
    }

    /// Bytes that may still be written.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn free(&self) -> io::Result<u64> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        let disk = rustix::fs::statvfs(&self.root)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// What was begun and has no outcome, in the order in which it was asked for.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn unfinished(&self) -> io::Result<Vec<Folder>> {
        let mut found = Vec::new();
        for folder in self.folders()? {
            let request = folder.path.join(REQUEST);
            if let Ok(asked) = request.metadata().and_then(|request| request.modified())
                && !folder.path.join(OUTCOME).exists()
            {
                found.push((asked, folder));
            }
        }
        found.sort_by_key(|(asked, _)| *asked);
        Ok(found.into_iter().map(|(_, folder)| folder).collect())
    }

    /// Those of all owners.
    fn folders(&self) -> io::Result<Vec<Folder>> {
        let mut found = Vec::new();
        for owner in entries(&self.root)? {
            if !owner.file_type()?.is_dir() {
                continue;
            }
            for entry in entries(&owner.path())? {
                let id = entry.file_name().to_str().and_then(parse_id);
                if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                    found.push(Folder { id, path: entry.path() });
                }
            }
        }
        Ok(found)
    }
}

impl Folder {
    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(&self.path)?;
        io::Write::write_all(&mut draft, bytes)?;
        draft.as_file().sync_all()?;
        draft.persist(self.path.join(name)).map_err(|error| error.error)?;
        Ok(())
    }

    /// The same of a value, as JSON.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write_json(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.write(name, &serde_json::to_vec(value)?)
    }

    /// Reads one again; nothing where there is none, or it is not one.
    pub(super) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.path.join(name)).ok()?).ok()
    }

    /// Removes files that may be there.
    pub(super) fn remove_files(&self, names: &[&str]) {
        for name in names {
            // What stays is swept with the rest.
            let _ = fs::remove_file(self.path.join(name));
        }
    }

    /// Removes all of it.
    pub(super) fn remove(&self) {
        // What stays is swept later.
        let _ = fs::remove_dir_all(&self.path);
    }

    /// The place of a file for clients.
    pub(super) fn file(&self, kind: FileKind) -> PathBuf {
        self.path.join(kind.name(self.id))
    }
}

/// Exactly what a recording is named: a lower-case version 4 UUID with hyphens.
pub(super) fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.get_version_num() == 4 && id.to_string() == text).then_some(id)
}

/// Named by a hash, so that no owner's name is ever a path.
fn owner_folder(owner: &str) -> String {
    hex(&Sha256::digest(owner.as_bytes()))
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a String takes all that is written to it");
    }
    digits
}

/// What lies in a folder; nothing when the folder does not exist.
fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// A finished one of 1,000 bytes and a few, and the name of its file.
    fn finished(store: &Store, owner: &str) -> (Folder, String) {
        let folder = store.create(owner, Uuid::new_v4()).unwrap();
        folder.write(&FileKind::Wav.name(folder.id), &[0; 1_000]).unwrap();
        folder.write_json(OUTCOME, &1).unwrap();
        let name = FileKind::Wav.name(folder.id);
        (folder, name)
    }

    fn age(folder: &Folder, by: Duration) {
        for file in entries(&folder.path).unwrap() {
            File::open(file.path()).unwrap().set_modified(SystemTime::now() - by).unwrap();
        }
    }

    #[test]
    fn only_the_owner_finds_a_recording() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        let (folder, name) = finished(&store, "Acme");
        let path = folder.file(FileKind::Wav);
        assert_eq!(store.find("Acme", &name), Some((path.clone(), FileKind::Wav)));
        for other in ["acme", "Acme ", "", "..", "../Acme"] {
            assert_eq!(store.find(other, &name), None);
        }
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.path), mode(&store.root)), (0o600, 0o700, 0o700));
    }

    #[test]
    fn no_path_comes_from_outside() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().to_owned());
        let (folder, name) = finished(&store, "Acme");
        let id = folder.id.to_string();
        fs::write(home.path().join("secret.wav"), "no").unwrap();
        std::os::unix::fs::symlink(folder.file(FileKind::Wav), folder.path.join(format!("{id}.opus")))
            .unwrap();
        let other = FileKind::Wav.name(Uuid::now_v7());
        fs::write(folder.path.join(&other), "no").unwrap();
        for name in [
            "",
            ".",
            "..",
            "../secret.wav",
            "/etc/passwd",
            ".wav",
            OUTCOME,
            &format!("{id}.opus"),
            &format!("{id}.json"),
            &format!("{id}.wav.wav"),
            &name.to_uppercase(),
            &name.replace('-', ""),
            &format!("./{name}"),
            &format!("{id}/{name}"),
            &format!("{name}\0"),
            &id,
            &other,
        ] {
            assert_eq!(store.find("Acme", name), None, "{name:?}");
        }
    }

    #[test]
    fn old_recordings_are_swept_and_the_oldest_of_too_many() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        let sweep = |retention, most| store.sweep(retention, most, |_| false).unwrap();
        assert_eq!(sweep(Duration::ZERO, 0), 0, "before the directory exists");
        let [old, older, new] = ["Acme", "Zeta", "Acme"].map(|owner| finished(&store, owner));
        age(&old.0, 2 * HOUR);
        age(&older.0, 3 * HOUR);
        assert_eq!(sweep(4 * HOUR, u64::MAX), 0);
        assert_eq!(sweep(4 * HOUR, 2_500), 1);
        let found = [("Acme", &old), ("Zeta", &older), ("Acme", &new)]
            .map(|(owner, (_, name))| store.find(owner, name));
        assert_eq!(found.map(|found| found.is_some()), [true, false, true]);
        assert_eq!(sweep(HOUR, u64::MAX), 1);
        assert!(store.find("Acme", &old.1).is_none() && store.find("Acme", &new.1).is_some());
        assert_eq!(store.sweep(Duration::ZERO, 0, |id| id == new.0.id).unwrap(), 0);
    }

    #[test]
    fn lines_are_swept_by_the_same_rules_and_before_recordings() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        let (_, name) = finished(&store, "Acme");
        let keep = |owner: &str, name: &str, age| {
            fs::create_dir_all(store.lines(owner)).unwrap();
            let path = store.lines(owner).join(name);
            fs::write(&path, [0; 1_000]).unwrap();
            File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let [old, older, other] = [("Acme", "a", HOUR), ("Acme", "b", 3 * HOUR), ("Zeta", "c", 2 * HOUR)]
            .map(|(owner, name, age)| keep(owner, name, age));
        let there = || [&old, &other, &older].map(|path| path.exists());
        let sweep = |retention, most| store.sweep(retention, most, |_| false).unwrap();
        assert_eq!((sweep(4 * HOUR, u64::MAX), there()), (0, [true; 3]));
        assert_eq!((sweep(5 * HOUR / 2, u64::MAX), there()), (0, [true, true, false]));
        assert_eq!((sweep(4 * HOUR, 4_500), there()), (0, [true, false, false]), "a quarter is for one");
        assert!(store.find("Acme", &name).is_some());
        assert_eq!((sweep(4 * HOUR, 1_500), there()), (0, [false; 3]), "the recording stays longer");
        assert!(store.find("Acme", &name).is_some());
    }

    #[test]
    fn what_has_no_outcome_is_found_and_not_swept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        let [first, second] = [(); 2].map(|()| store.create("Acme", Uuid::new_v4()).unwrap());
        second.write_json(REQUEST, &"two").unwrap();
        first.write_json(REQUEST, &"one").unwrap();
        age(&first, HOUR);
        finished(&store, "Acme").0.write_json(REQUEST, &"done").unwrap();
        assert_eq!(store.unfinished().unwrap(), [first.clone(), second]);
        assert_eq!(first.read_json::<String>(REQUEST).as_deref(), Some("one"));
        assert_eq!(store.sweep(Duration::ZERO, u64::MAX, |_| false).unwrap(), 1);
        assert_eq!(store.unfinished().unwrap().len(), 2);
    }
}
