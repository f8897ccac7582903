//! The thread that writes for the refresher, so that a disk that hangs keeps no refresh from coming; and how a file is
//! replaced whole.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::warn;

use crate::os;

/// How many refreshes may wait for the disk. Each holds a directory in memory.
const MOST_WAITING: usize = 4;

/// How often, and how long apart, it is looked whether the last words are written before the program ends.
const LAST_LOOKS: (u32, Duration) = (400, Duration::from_millis(5));

/// What is to be written, one after another.
pub(super) struct Disk {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Those that have not ended.
    open: Arc<AtomicUsize>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Disk {
    /// A thread of its own, which ends once this is dropped and what waits is written.
    pub(super) fn start() -> Self {
        let (jobs, waiting) = sync_channel::<Job>(MOST_WAITING);
        let work = move || {
            os::let_requests_go_first();
            for job in waiting {
                job();
            }
        };
        let open = Arc::default();
        match thread::Builder::new().name("keys-disk".to_owned()).spawn(work) {
            Ok(thread) => Self { jobs: Some(jobs), thread: Some(thread), open },
            Err(error) => {
                warn!("nothing of the keys will be kept on disk: {error}");
                Self { jobs: None, thread: None, open }
            }
        }
    }

    /// Whether everything is written that was asked for.
    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Writes in the background, after what was asked for before.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let Some(jobs) = &self.jobs else { return };
        let open = Arc::clone(&self.open);
        open.fetch_add(1, Ordering::AcqRel);
        let counted = move || {
            job();
            open.fetch_sub(1, Ordering::AcqRel);
        };
        if jobs.try_send(Box::new(counted)).is_err() {
            self.open.fetch_sub(1, Ordering::AcqRel);
            warn!("the disk is behind: this refresh leaves no snapshot and no line in the audit file");
        }
    }
}

/// What waits is written before the program ends, unless the disk hangs.
impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let is_over = || self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let (looks, apart) = LAST_LOOKS;
        for _ in 0..looks {
            if is_over() {
                return;
            }
            thread::sleep(apart);
        }
        warn!("the disk is behind: the last refresh may have left no snapshot and no line in the audit file");
    }
}

/// Writes a file beside the old one and renames it over that: a reader sees the one or the other. Makes its folder.
pub(crate) fn replace(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.write_all(b"\n")?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(beside, path)
}

/// Removes a file; one that is not there is as good.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
