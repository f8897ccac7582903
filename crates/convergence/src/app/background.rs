//! What runs beside the requests: the refresher, the health checks, the sweep and the flusher.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{App, Door, Guard};
use crate::clock::Clock;
use crate::config::{GoogleSheet, Keys, Usage};
use crate::http::Gateway;
use crate::keys::KeySource;
use crate::metrics::Metrics;
use crate::sync::{Flusher, Journal, Orders, Refresher, State, Store};
use crate::usage::UsageFile;

/// How often idle windows are freed and old recordings deleted.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Something that runs beside the requests until the server stops.
pub(crate) type Task = BoxFuture<'static, ()>;

/// All that runs beside the requests.
pub(crate) struct Background {
    /// Run until the server ends.
    pub(crate) tasks: Vec<Task>,
    /// Ends by itself, soon after the last request has.
    pub(crate) last: Option<Task>,
}

impl Background {
    /// All that runs beside the requests of `app`: `refresh`, where there are keys to read, and what looks after the rest.
    /// The last write of usage begins when `drained` turns true.
    pub(super) fn of(
        app: &Arc<App>,
        refresh: Option<Task>,
        flusher: Option<Flusher>,
        drained: watch::Receiver<bool>,
    ) -> Self {
        let sweep: Task = Box::pin(sweep(Arc::clone(app)));
        let health = app.gateway.as_ref().and_then(|gateway| health(gateway, &app.clock));
        let last = flusher.map(|flusher| -> Task { Box::pin(flusher.run(drained)) });
        Self { tasks: refresh.into_iter().chain(health).chain([sweep]).collect(), last }
    }
}

/// What keeps the counts, where there is somebody to count.
pub(super) fn flusher(app: &App, usage: &Usage, sheet: Option<GoogleSheet>) -> Option<Flusher> {
    let Door::Guarded(guard) = &app.door else { return None };
    let (gate, speech, clock) = (&guard.gate, &app.speech, &app.clock);
    let file = UsageFile::new(&app.data_dir);
    Some(Flusher::new(Arc::clone(gate), Arc::clone(speech), Arc::clone(clock), file, usage, sheet))
}

/// What keeps the guard's gate as the source has it.
pub(super) fn refresher<S: KeySource>(
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

/// What asks the upstreams how they are, where that is wanted. Its connections belong to the thread that runs it.
fn health(gateway: &Gateway, clock: &Arc<dyn Clock>) -> Option<Task> {
    let examiner = gateway.examiner()?;
    let servers = gateway.servers().iter().map(Arc::downgrade).collect();
    let clock = Arc::clone(clock);
    Some(Box::pin(async move {
        // An error means that the thread ends.
        let _ = tokio::task::spawn_local(examiner.look_after(servers, clock)).await;
    }))
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
