//! Where recordings lie: a folder per owner, files with unguessable names, each readable by this server alone.

use std::fmt::Write;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use uuid::Uuid;

const EXTENSION: &str = ".wav";

/// The recordings on the disk.
#[derive(Debug, Clone)]
pub(super) struct Store {
    root: PathBuf,
}

/// A recording being written. It vanishes with this value.
pub(super) struct Draft {
    file: NamedTempFile,
    folder: PathBuf,
}

/// A complete recording that nobody has taken yet. It vanishes with this value too: whoever asked has left.
pub(super) struct Fresh {
    path: TempPath,
    name: String,
}

impl Store {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the directory, for this user alone, unless it is there.
    pub(super) fn open(&self) -> io::Result<&Path> {
        private_folder(&self.root)?;
        Ok(&self.root)
    }

    pub(super) fn draft(&self, owner: &str) -> io::Result<Draft> {
        let folder = self.folder(owner);
        private_folder(&folder)?;
        // `tempfile` makes files with mode 0600.
        let file = tempfile::Builder::new().prefix(".draft-").tempfile_in(&folder)?;
        Ok(Draft { file, folder })
    }

    /// The file of that name if it is this owner's.
    pub(super) fn find(&self, owner: &str, name: &str) -> Option<PathBuf> {
        if !is_name(name) {
            return None;
        }
        let path = self.folder(owner).join(name);
        // A link is not followed: we never made one.
        path.symlink_metadata().is_ok_and(|file| file.is_file()).then_some(path)
    }

    /// Removes what is older than `retention`, drafts of a server that was killed included, and counts it.
    /// Folders of owners stay: removing one could race with a recording that begins.
    pub(super) fn sweep(&self, retention: Duration) -> io::Result<usize> {
        let mut removed = 0;
        let Some(oldest) = SystemTime::now().checked_sub(retention) else { return Ok(0) };
        for folder in entries(&self.root)? {
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in entries(&folder.path())? {
                let metadata = file.metadata()?;
                if metadata.is_file() && metadata.modified()? < oldest {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Named by a hash, so that no owner's name is ever a path.
    fn folder(&self, owner: &str) -> PathBuf {
        let mut name = String::with_capacity(64);
        for byte in Sha256::digest(owner.as_bytes()) {
            write!(name, "{byte:02x}").expect("a String takes all that is written to it");
        }
        self.root.join(name)
    }
}

impl Draft {
    pub(super) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the finished file its name, in one step.
    pub(super) fn finish(self) -> io::Result<Fresh> {
        let name = format!("{}{EXTENSION}", Uuid::new_v4());
        let path = self.folder.join(&name);
        let mut temporary = self.file.into_temp_path();
        fs::rename(&temporary, &path)?;
        temporary.disable_cleanup(true);
        Ok(Fresh { path: TempPath::try_from_path(path)?, name })
    }
}

impl Fresh {
    /// From here on the file stays; its name and its path.
    pub(super) fn take(self) -> io::Result<(String, PathBuf)> {
        let path = self.path.keep().map_err(|error| error.error)?;
        Ok((self.name, path))
    }
}

/// Exactly what [`Draft::finish`] makes: a lower-case version 4 UUID with hyphens, and the extension.
fn is_name(name: &str) -> bool {
    let id = name.strip_suffix(EXTENSION).and_then(|id| Some((id, Uuid::try_parse(id).ok()?)));
    id.is_some_and(|(text, id)| id.get_version_num() == 4 && id.to_string() == text)
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// What lies in a folder; nothing when the folder does not exist.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn recording(store: &Store, owner: &str) -> (String, PathBuf) {
        let mut draft = store.draft(owner).unwrap();
        draft.file().write_all(b"RIFF").unwrap();
        draft.finish().unwrap().take().unwrap()
    }

    fn files(store: &Store) -> usize {
        let folders = entries(&store.root).unwrap();
        folders.iter().map(|folder| entries(&folder.path()).unwrap().len()).sum()
    }

    #[test]
    fn only_the_owner_finds_a_recording() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        let (name, path) = recording(&store, "Acme");
        assert_eq!(store.find("Acme", &name).as_ref(), Some(&path));
        for other in ["acme", "Acme ", "", "..", "../Acme"] {
            assert_eq!(store.find(other, &name), None);
        }
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&store.root)), (0o600, 0o700, 0o700));
    }

    #[test]
    fn no_path_comes_from_outside() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().to_owned());
        let (name, path) = recording(&store, "Acme");
        fs::write(home.path().join("secret.wav"), "no").unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let old = path.with_file_name(format!("{}.wav", Uuid::now_v7()));
        fs::write(&old, "no").unwrap();
        let link = format!("{}.wav", Uuid::new_v4());
        std::os::unix::fs::symlink(&path, path.with_file_name(&link)).unwrap();
        for name in [
            "",
            ".",
            "..",
            "../secret.wav",
            "/etc/passwd",
            ".draft-abc",
            &link,
            &name.to_uppercase(),
            &name.replace('-', ""),
            &format!("./{name}"),
            &format!("../{folder}/{name}"),
            &format!("{name}\0"),
            name.strip_suffix(".wav").unwrap(),
            old.file_name().unwrap().to_str().unwrap(),
        ] {
            assert_eq!(store.find("Acme", name), None, "{name:?}");
        }
    }

    #[test]
    fn what_nobody_takes_vanishes() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().to_owned());
        let draft = store.draft("Acme").unwrap();
        assert_eq!(files(&store), 1);
        drop(draft);
        assert_eq!(files(&store), 0);
        let fresh = store.draft("Acme").unwrap().finish().unwrap();
        assert_eq!(files(&store), 1);
        drop(fresh);
        assert_eq!(files(&store), 0);
    }

    #[test]
    fn old_recordings_are_swept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path().join("audio"));
        assert_eq!(store.sweep(Duration::ZERO).unwrap(), 0, "before the directory exists");
        let (old, path) = recording(&store, "Acme");
        let (new, _) = recording(&store, "Acme");
        let hour = Duration::from_hours(1);
        File::open(path).unwrap().set_modified(SystemTime::now() - 2 * hour).unwrap();
        assert_eq!(store.sweep(hour).unwrap(), 1);
        assert_eq!((store.find("Acme", &old), store.find("Acme", &new).is_some()), (None, true));
        assert_eq!(store.sweep(Duration::MAX).unwrap(), 0);
    }
}
