//! The routes in use, and the file behind them: read again after each save, and at once on SIGHUP.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use super::file;
use super::matching::{Routes, Upstream};
use crate::clock::Clock;
use crate::upstream::Group;

/// Counts the routes that were ever in use. 0 is for none.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// How often the file is read. A save is used once two looks in a row agree: a file that is cut short in the middle of
/// being written may be a good one with fewer routes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// `ROUTES_FILE`, and what it said when it was last right.
pub(crate) struct LiveRoutes {
    path: PathBuf,
    /// The text of `current` at the start.
    text: String,
    make: MakeGroup,
    /// Written for a pointer's time, on a change.
    current: RwLock<Arc<InUse>>,
}

/// How the upstreams of a file are made.
pub(crate) type MakeGroup = Box<dyn Fn(&Upstream) -> Result<Group, String> + Send + Sync>;

/// Routes, and the upstreams that they lead to.
pub(crate) struct InUse {
    pub(crate) routes: Routes,
    /// Not that of any other in this process.
    pub(crate) number: u64,
    /// In the order of the file's upstreams.
    groups: Vec<Group>,
}

impl InUse {
    /// The upstream that routes call by this name.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        let place = self.routes.upstreams().iter().position(|upstream| *upstream.name == *name)?;
        self.groups.get(place)
    }

    /// All upstreams, as the file has them and as they are asked.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = (&Upstream, &Group)> {
        self.routes.upstreams().iter().zip(&self.groups)
    }

    fn make(text: &str, make: &MakeGroup) -> Result<Self, Vec<String>> {
        let routes = parse(text)?;
        let groups = routes.upstreams().iter().map(make).collect::<Result<_, _>>();
        let groups = groups.map_err(|fault| vec![fault])?;
        Ok(Self { routes, groups, number: NUMBER.fetch_add(1, Ordering::Relaxed) })
    }
}

/// A file's text, if it is right.
///
/// # Errors
/// All faults, each with what to do about it.
pub(crate) fn checked(path: &Path) -> Result<String, Vec<String>> {
    let text = read(path).map_err(|fault| vec![fault])?;
    parse(&text).map(|_| text)
}

impl LiveRoutes {
    /// Of a file that has been read and checked.
    ///
    /// # Errors
    /// An upstream cannot be made.
    pub(crate) fn new(path: PathBuf, text: String, make: MakeGroup) -> Result<Self, Vec<String>> {
        let current = RwLock::new(Arc::new(InUse::make(&text, &make)?));
        Ok(Self { path, text, make, current })
    }

    /// The routes to go by.
    pub(crate) fn current(&self) -> Arc<InUse> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps up with the file for as long as the server runs. A file that cannot be used changes nothing and is said.
    /// `begun` is told of each that comes into use.
    pub(crate) async fn watch(self: Arc<Self>, clock: Arc<dyn Clock>, begun: impl Fn(&InUse)) {
        let mut hangups = signal(SignalKind::hangup())
            .inspect_err(|error| error!("routes are not read on SIGHUP: {error}"))
            .ok();
        // What was used or refused last, and what was seen last.
        let mut known = Ok(self.text.clone());
        let mut last_look = known.clone();
        loop {
            let asked = tokio::select! {
                () = clock.sleep(LOOK_EVERY) => false,
                () = hangup(&mut hangups) => true,
            };
            let look = read(&self.path);
            if asked || (look != known && look == last_look) {
                self.take(&look, &begun);
                known = look.clone();
            }
            last_look = look;
        }
    }

    fn take(&self, look: &Result<String, String>, begun: impl Fn(&InUse)) {
        let routes = match look {
            Ok(text) => InUse::make(text, &self.make),
            Err(fault) => Err(vec![fault.clone()]),
        };
        match routes {
            Ok(routes) => {
                info!(routes = routes.routes.len(), "routes are read from {}", self.path.display());
                begun(&routes);
                let replaced = std::mem::replace(
                    &mut *self.current.write().unwrap_or_else(PoisonError::into_inner),
                    Arc::new(routes),
                );
                drop(replaced);
            }
            Err(faults) => {
                for fault in faults {
                    error!("ROUTES_FILE {}: {fault}", self.path.display());
                }
                error!("the routes stay as they were before; mend the file and save it again");
            }
        }
    }
}

async fn hangup(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// A look at a local file of this size takes microseconds, so it is not worth another thread.
fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}"))
}

fn parse(text: &str) -> Result<Routes, Vec<String>> {
    let said = |fault: file::Fault| format!("line {}: {}", fault.line, fault.wrong);
    file::parse(text).map_err(|faults| faults.into_iter().map(said).collect())
}
