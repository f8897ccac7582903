//! Where a file of a recording goes: it is there whole, or it is not there.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use rustix::fs::{Access, access};
use tempfile::NamedTempFile;

/// Bytes that are copied between two looks at whether they are still wanted.
const PIECE: usize = 1 << 20;

/// Where a file goes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// To standard output.
    Stdout,
    /// Into what is there and is no file: a named pipe, a terminal, `/dev/null`.
    Device(PathBuf),
    /// Into a folder, under this name.
    File {
        path: PathBuf,
        /// Whether a file of that name may go.
        replaces: bool,
    },
}

impl Target {
    /// What a path means.
    ///
    /// # Errors
    /// Nothing can be written there: with why, and what to do. It is asked for before there is anything to write.
    pub(super) fn of(path: &Path, replaces: bool) -> Result<Self, String> {
        let name = path.display();
        let cannot = |error: rustix::io::Errno| format!("cannot write to {name}: {}", io::Error::from(error));
        match path.metadata() {
            Ok(there) if there.is_dir() => Err(format!("{name} is a folder; name a file in it")),
            Ok(there) if !there.is_file() => {
                access(path, Access::WRITE_OK).map_err(cannot)?;
                Ok(Self::Device(path.to_owned()))
            }
            Ok(_) if !replaces => Err(format!("{name} is there already; --force replaces it")),
            Ok(_) => {
                // A link stays, and what it leads to is replaced.
                let path = path.canonicalize().map_err(|error| format!("cannot follow {name}: {error}"))?;
                access(folder(&path), Access::WRITE_OK).map_err(cannot)?;
                Ok(Self::File { path, replaces })
            }
            Err(_) if path.is_symlink() => Err(format!("{name} is a link that leads nowhere")),
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder(path).is_dir() => {
                access(folder(path), Access::WRITE_OK).map_err(cannot)?;
                Ok(Self::File { path: path.to_owned(), replaces })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("there is no folder {}; make it first", folder(path).display()))
            }
            Err(error) => Err(format!("cannot write to {name}: {error}")),
        }
    }

    /// Its name for people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdout => "-".to_owned(),
            Self::Device(path) | Self::File { path, .. } => path.display().to_string(),
        }
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes copies: first to what is no file, since a reader may keep it waiting; then beside the files that they are to be; and
/// at last the files get their names.
///
/// # Errors
/// One of them cannot be written, or `is_unwanted` has turned true. No half of a file is left, and of several files none, unless
/// the last step failed.
pub(super) fn deliver(copies: Vec<(PathBuf, Target)>, is_unwanted: &AtomicBool) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for (source, target) in copies {
        let out = match &target {
            Target::File { path, replaces } => {
                files.push((source, path.clone(), *replaces));
                continue;
            }
            Target::Device(path) => OpenOptions::new().write(true).open(path),
            // Not through the buffer of `Stdout`, which looks for the ends of lines.
            Target::Stdout => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        };
        match out.and_then(|out| copy(&source, &out, is_unwanted)) {
            // A reader that has had enough is no error.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.with_context(|| format!("cannot write to {}", target.name()))?,
        }
    }
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    let mut drafts = Vec::new();
    for (source, path, replaces) in files {
        let draft = draft(&source, folder(&path), is_unwanted).with_context(|| cannot(&path))?;
        drafts.push((draft, path, replaces));
    }
    for (draft, path, replaces) in drafts {
        let named = if replaces { draft.persist(&path) } else { draft.persist_noclobber(&path) };
        named.map_err(|error| error.error).with_context(|| cannot(&path))?;
    }
    Ok(())
}

/// A copy that goes when it gets no name.
fn draft(source: &Path, folder: &Path, is_unwanted: &AtomicBool) -> io::Result<NamedTempFile> {
    let everybodys = Permissions::from_mode(0o666); // less what the umask says
    let mut draft = tempfile::Builder::new();
    let draft = draft.prefix(".convergence-").permissions(everybodys).tempfile_in(folder)?;
    copy(source, draft.as_file(), is_unwanted)?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

fn copy(source: &Path, mut out: &File, is_unwanted: &AtomicBool) -> io::Result<()> {
    let mut source = File::open(source)?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = source.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        if is_unwanted.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was interrupted"));
        }
        out.write_all(&piece[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_left_of_what_is_not_wanted_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, vec![7; 3 * PIECE]).expect("a disk");
        let target = Target::of(&folder.path().join("out.wav"), false).expect("a place for it");
        let copies = vec![(source.clone(), target)];
        assert!(deliver(copies.clone(), &AtomicBool::new(true)).is_err());
        assert_eq!(files(folder.path()), ["source"]);
        deliver(copies, &AtomicBool::new(false)).expect("it is written");
        assert_eq!(files(folder.path()), ["out.wav", "source"]);
        assert_eq!(std::fs::read(folder.path().join("out.wav")).expect("a file"), vec![7; 3 * PIECE]);
    }

    #[test]
    fn of_two_files_none_is_there_when_one_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, "sound").expect("a disk");
        let place = |name: &str| Target::of(&folder.path().join(name), false).expect("a place for it");
        let gone = folder.path().join("gone");
        let copies = vec![(source, place("out.wav")), (gone, place("out.vtt"))];
        assert!(deliver(copies, &AtomicBool::new(false)).is_err());
        assert_eq!(files(folder.path()), ["source"]);
    }

    #[test]
    fn a_file_that_came_meanwhile_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, out) = (folder.path().join("source"), folder.path().join("out.wav"));
        std::fs::write(&source, "new").expect("a disk");
        let target = Target::of(&out, false).expect("a place for it");
        std::fs::write(&out, "old").expect("a disk");
        assert!(deliver(vec![(source.clone(), target)], &AtomicBool::new(false)).is_err());
        assert_eq!(std::fs::read(&out).expect("a file"), b"old");
        assert!(Target::of(&out, false).expect_err("it is there").contains("--force"));
        let target = Target::of(&out, true).expect("it may go");
        deliver(vec![(source, target)], &AtomicBool::new(false)).expect("it is written");
        assert_eq!(std::fs::read(&out).expect("a file"), b"new");
        assert_eq!(files(folder.path()), ["out.wav", "source"]);
    }

    #[test]
    fn a_link_stays_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("a disk");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let target = Target::of(&link, true).expect("it may go");
        assert!(matches!(&target, Target::File { path, .. } if path.ends_with("file")), "{target:?}");
        assert!(matches!(Target::of(Path::new("/dev/null"), true), Ok(Target::Device(_))));
        std::fs::remove_file(&file).expect("a file");
        assert!(Target::of(&link, true).expect_err("it leads nowhere").contains("leads nowhere"));
        assert!(Target::of(folder.path(), true).expect_err("a folder").contains("is a folder"));
        let nowhere = Target::of(&folder.path().join("no/out.wav"), true);
        assert!(nowhere.expect_err("no folder").contains("make it first"));
    }
}
