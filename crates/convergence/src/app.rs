//! What every request shares: the door, the studio, the clock, and what runs beside them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gate::Gate;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::audio::{Studio, StudioSettings};
use crate::clock::Clock;
use crate::config::{
    Admin, Auth, Config, Fault, GoogleSheet, Keys, Listen, NOT_YET, Place, Settings, Source, Usage,
};
use crate::http::{RequestId, Slots, Webhook};
use crate::keys::{CsvFile, GoogleTab, KeySource};
use crate::metrics::Metrics;
use crate::routes::{LiveRoutes, Routes};
use crate::sync::{EarlyReads, Flusher, Freshness, Journal, Orders, Refresher, State, Store};
use crate::usage::{Speech, UsageFile};

/// How often idle windows are freed and old recordings deleted.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// How long the voice may take for one piece of a line, of which it speaks several hundred in that time.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

/// Shared by all threads for as long as the server runs.
pub(crate) struct App {
    pub(crate) door: Door,
    pub(crate) studio: Studio,
    pub(crate) speech: Arc<Speech>,
    pub(crate) data_dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listen: Listen,
    pub(crate) slots: Slots,
    routes: Option<Arc<LiveRoutes>>,
    pub(crate) place: Place,
    pub(crate) admin: Admin,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) metrics: Arc<Metrics>,
    process: u32,
    requests: AtomicU64,
}

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
    pub(crate) source: SourceKind,
    pub(crate) cache_duration: Duration,
    max_stale: Duration,
}

impl Guard {
    /// Whether there are keys fresh enough to decide by.
    pub(crate) fn is_available(&self, now: i64) -> bool {
        let allowed = i64::try_from(self.max_stale.as_secs()).unwrap_or(i64::MAX);
        self.freshness.report().last_read.is_some_and(|read_at| now - read_at <= allowed)
    }

    /// The age in seconds of the keys that are in use.
    pub(crate) fn age(&self, now: i64) -> Option<i64> {
        self.freshness.report().last_read.map(|read_at| (now - read_at).max(0))
    }
}

/// What the keys are kept in.
pub(crate) enum SourceKind {
    File,
    Google { tab: String },
}

impl SourceKind {
    /// The word for it in `/auth/status` and in the audit file.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            SourceKind::File => "file",
            SourceKind::Google { .. } => "google_sheets",
        }
    }

    pub(crate) fn tab(&self) -> Option<&str> {
        match self {
            SourceKind::File => None,
            SourceKind::Google { tab } => Some(tab),
        }
    }
}

/// Something that runs beside the requests until the server stops.
pub(crate) type Task = BoxFuture<'static, ()>;

/// All that runs beside the requests.
pub(crate) struct Background {
    /// Run until the server ends.
    pub(crate) tasks: Vec<Task>,
    /// Ends by itself, soon after the last request has.
    pub(crate) last: Option<Task>,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// No source of keys is configured and `AUTH_FALLBACK=closed`.
    pub(crate) fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        drained: watch::Receiver<bool>,
    ) -> Result<(Arc<Self>, Background), Fault> {
        let sheet = config.auth.sheet().cloned();
        let metrics = Arc::default();
        let (door, refresh) = door(config.auth, &config.data_dir, &clock, &metrics)?;
        let mut process = [0; 4];
        // A process without randomness shares its request ids' first half with another; nothing depends on it.
        let _ = getrandom::fill(&mut process);
        let app = Arc::new(Self {
            door,
            studio: Studio::new(StudioSettings {
                directory: config.data_dir.join("audio"),
                workers: config.audio.workers,
                queue: config.audio.queue,
                retention: config.audio.retention,
                line_timeout: LINE_TIMEOUT,
                voice_program: None,
            }),
            speech: Arc::default(),
            data_dir: config.data_dir,
            clock,
            listen: config.listen,
            slots: Slots::new(config.listen.max_connections),
            routes: config.routes.map(|file| file.0),
            place: config.place,
            admin: config.admin,
            webhook: config.webhook.map(Webhook::new),
            metrics,
            process: u32::from_le_bytes(process),
            requests: AtomicU64::new(0),
        });
        if let Some(missing) = app.studio.voice_fault() {
            warn!("conversations cannot be spoken: {missing}");
        }
        let sweep: Task = Box::pin(sweep(Arc::clone(&app)));
        let routes = app.routes.clone();
        let routes = routes.map(|routes| -> Task { Box::pin(routes.watch(Arc::clone(&app.clock))) });
        let flush = app.flusher(&config.usage, sheet);
        let last = flush.map(|flusher| -> Task { Box::pin(flusher.run(drained)) });
        Ok((app, Background { tasks: refresh.into_iter().chain(routes).chain([sweep]).collect(), last }))
    }

    /// What keeps the counts, where there is somebody to count.
    fn flusher(&self, usage: &Usage, sheet: Option<GoogleSheet>) -> Option<Flusher> {
        let Door::Guarded(guard) = &self.door else { return None };
        let (gate, speech, clock) = (&guard.gate, &self.speech, &self.clock);
        let file = UsageFile::new(&self.data_dir);
        Some(Flusher::new(Arc::clone(gate), Arc::clone(speech), Arc::clone(clock), file, usage, sheet))
    }

    /// The routes to go by, where there are any.
    pub(crate) fn routes(&self) -> Option<Arc<Routes>> {
        self.routes.as_ref().map(|routes| routes.current())
    }

    pub(crate) fn next_request_id(&self) -> RequestId {
        RequestId { process: self.process, number: self.requests.fetch_add(1, Ordering::Relaxed) }
    }
}

fn door(
    auth: Auth,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<(Door, Option<Task>), Fault> {
    let keys = match auth {
        Auth::On(keys) => keys,
        Auth::Off => {
            warn!("authentication is off: AUTH_ENABLED is not true, every request is allowed");
            return Ok((Door::Open(OpenBecause::Disabled), None));
        }
    };
    let guard = |source| Guard {
        gate: Arc::new(Gate::shut()),
        freshness: Arc::default(),
        early: Arc::default(),
        source,
        cache_duration: keys.cache_duration,
        max_stale: keys.max_stale,
    };
    let (guard, task) = match &keys.source {
        Source::File { path, time_zone } => {
            info!("keys come from KEYS_FILE {}", path.display());
            let source = CsvFile::new(path.clone(), time_zone.clone(), Arc::clone(clock));
            let guard = guard(SourceKind::File);
            let task = refresher(source, &guard, &keys, data_dir, clock, metrics);
            (guard, task)
        }
        Source::Google(sheet) => {
            info!(tab = sheet.tab, "keys come from a Google Sheet");
            let guard = guard(SourceKind::Google { tab: sheet.tab.clone() });
            let source = GoogleTab::new(sheet.clone(), Arc::clone(clock), metrics.sheet_reads());
            let task = refresher(source, &guard, &keys, data_dir, clock, metrics);
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
    Ok((Door::Guarded(guard), Some(task)))
}

fn refresher<S: KeySource>(
    source: S,
    guard: &Guard,
    keys: &Keys,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Task {
    // A default limit is baked into the records, so another one makes them another source's.
    let identity = format!("{} {:?}", source.identity(), keys.default_limit);
    let refresher = Refresher {
        source,
        gate: Arc::clone(&guard.gate),
        freshness: Arc::clone(&guard.freshness),
        state: State::new(keys.tolerance),
        store: Store::new(data_dir, &identity, guard.source.word()),
        orders: Orders::new(data_dir, Arc::clone(clock)),
        clock: Arc::clone(clock),
        cache_duration: keys.cache_duration,
        max_stale: keys.max_stale,
        default_limit: keys.default_limit,
        reported: Vec::new(),
        accepted: None,
        journal: Journal::new(Arc::clone(&guard.early), Arc::clone(metrics), Arc::clone(clock)),
    };
    Box::pin(refresher.run())
}

async fn sweep(app: Arc<App>) {
    loop {
        app.clock.sleep(SWEEP_EVERY).await;
        if let Door::Guarded(guard) = &app.door {
            guard.gate.sweep(app.clock.now());
        }
        match app.studio.sweep().await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "old recordings deleted"),
            Err(error) => warn!("old recordings could not be deleted: {error}"),
        }
    }
}

/// Says which of the set variables nothing here reads: parts to come, and names in `.env` that are misspelt.
pub(crate) fn warn_of_unread(settings: &Settings) {
    for name in settings.unknown() {
        warn!("{name} in .env is not a setting of convergence: it has no effect");
    }
    for (variable, part) in NOT_YET {
        if settings.value(variable).is_some() {
            warn!("{variable} is set, and this version does not have {part} yet: it has no effect");
        }
    }
}
