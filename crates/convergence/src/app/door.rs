//! The door: whether requests are checked, by which keys, and where these come from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::Gate;
use tracing::{info, warn};

use super::background::{Task, identity, refresher};
use crate::clock::Clock;
use crate::config::{Auth, Fault, Source};
use crate::fleet::{Board, Fleet};
use crate::keys::{CsvFile, GoogleTab};
use crate::metrics::Metrics;
use crate::sync::{Books, EarlyReads, Freshness, SNAPSHOT_VERSION};

/// Whether requests are checked. Set at start and never changed: no fault at run time opens a door.
pub(crate) enum Door {
    Guarded(Guard),
    Open(OpenBecause),
}

/// Why the door stands open.
pub(crate) enum OpenBecause {
    /// P01: `AUTH_ENABLED` is not true.
    Disabled,
    /// P21: authentication is wanted and no source of keys is configured.
    NoSource(String),
}

impl OpenBecause {
    /// The word for it in `/auth/status`.
    pub(crate) fn mode(&self) -> &'static str {
        match self {
            OpenBecause::Disabled => "disabled",
            OpenBecause::NoSource(_) => "fallback",
        }
    }
}

impl fmt::Display for OpenBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenBecause::Disabled => f.write_str("AUTH_ENABLED is not true"),
            OpenBecause::NoSource(missing) => f.write_str(missing),
        }
    }
}

/// The gate and what is known of its keys.
pub(crate) struct Guard {
    pub(crate) gate: Arc<Gate>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) early: Arc<EarlyReads>,
    /// Where one of several servers reads the source for all.
    pub(crate) board: Option<Arc<Board>>,
    pub(crate) source: SourceKind,
    pub(crate) cache_duration: Duration,
}

impl Guard {
    /// Refuses everybody from now on: whoever looked after the keys has stopped. Forgets what is not yet written of usage.
    pub(crate) fn shut(&self) {
        self.gate.replace([], i64::MIN);
        self.freshness.update(|report| report.last_error = Some("stopped".to_owned()));
    }
}

/// What the keys are kept in.
pub(crate) enum SourceKind {
    File {
        /// `KEYS_FILE`.
        path: PathBuf,
    },
    Google {
        /// `GOOGLE_SHEET_NAME`.
        tab: String,
        /// `GOOGLE_SHEET_ID`.
        sheet_id: String,
    },
}

impl SourceKind {
    /// The word for it in `/auth/status` and in the audit file.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            SourceKind::File { .. } => "file",
            SourceKind::Google { .. } => "google_sheets",
        }
    }

    pub(crate) fn tab(&self) -> Option<&str> {
        match self {
            SourceKind::File { .. } => None,
            SourceKind::Google { tab, .. } => Some(tab),
        }
    }
}

/// The door that the settings ask for, and what keeps its keys as their source has them.
///
/// # Errors
/// No source of keys is configured and `AUTH_FALLBACK=closed`.
pub(super) fn door(
    auth: Auth,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    books: &Books,
    fleet: Option<&Arc<Fleet>>,
) -> Result<(Door, Option<Task>), Fault> {
    let keys = match auth {
        Auth::On(keys) => keys,
        Auth::Off => {
            warn!("authentication is off: AUTH_ENABLED is not true, every request is allowed");
            return Ok((Door::Open(OpenBecause::Disabled), None));
        }
    };
    let guard = |source, board| Guard {
        gate: Arc::new(Gate::shut()),
        freshness: Arc::default(),
        early: Arc::default(),
        board,
        source,
        cache_duration: keys.cache_duration,
    };
    let (guard, task) = match &keys.source {
        Source::File { path, time_zone } => {
            info!("keys come from KEYS_FILE {}", path.display());
            let source = CsvFile::new(path.clone(), time_zone.clone(), Arc::clone(clock));
            // Each server has a file of its own.
            let guard = guard(SourceKind::File { path: path.clone() }, None);
            let task = refresher(source, &guard, &keys, data_dir, clock, metrics, books);
            (guard, task)
        }
        Source::Google(sheet) => {
            info!(tab = sheet.tab, "keys come from a Google Sheet");
            let source = GoogleTab::new(sheet.clone(), Arc::clone(clock), metrics.sheet_reads());
            // What a later version writes may say more than this one reads.
            let identity = format!("{} {SNAPSHOT_VERSION}", identity(&source, &keys));
            let board = fleet.map(|fleet| Board::new(fleet, &identity));
            let guard =
                guard(SourceKind::Google { tab: sheet.tab.clone(), sheet_id: sheet.sheet_id.clone() }, board);
            let task = refresher(source, &guard, &keys, data_dir, clock, metrics, books);
            (guard, task)
        }
        Source::Missing(missing) if keys.may_fall_open => {
            warn!("UNAUTHENTICATED: AUTH_ENABLED is true, but {missing}; every request is allowed");
            return Ok((Door::Open(OpenBecause::NoSource(missing.clone())), None));
        }
        Source::Missing(missing) => {
            let wrong = format!("is closed, and {missing}");
            return Err(Fault { variable: "AUTH_FALLBACK".to_owned(), wrong });
        }
    };
    books.open();
    Ok((Door::Guarded(guard), Some(task)))
}
