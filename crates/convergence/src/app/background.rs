//! What runs beside the requests: the refresher, who looks after routes and upstreams, the sweep and the flusher.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{App, Door, Guard};
use crate::alerts::{Hook, Others, Watched, Watcher};
use crate::clock::Clock;
use crate::config::{Alerts, Fault, GoogleSheet, Keys, Usage};
use crate::http::loosely;
use crate::keys::KeySource;
use crate::metrics::Metrics;
use crate::routes::InUse;
use crate::sync::{Books, Flusher, Journal, Orders, Refresher, Schedule, Share, State, Store};
use crate::upstream::{Examiner, Server};

/// How often idle windows are freed, old recordings deleted, and limits that are tried out spoken of.
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
        alerts: Option<Watcher>,
        flusher: Option<Flusher>,
        drained: watch::Receiver<bool>,
    ) -> Self {
        let keeper = match &app.door {
            Door::Guarded(guard) => Some(Box::pin(app.books.clone().keep(Arc::clone(&guard.gate))) as Task),
            Door::Open(_) => None,
        };
        let sweep: Task = Box::pin(sweep(Arc::clone(app)));
        let upstreams: Task = Box::pin(look_after_upstreams(Arc::clone(app)));
        let alerts = alerts.map(|watcher| -> Task { Box::pin(watcher.run()) });
        let last = flusher.map(|flusher| -> Task { Box::pin(flusher.run(drained)) });
        let tasks = refresh.into_iter().chain(keeper).chain(alerts).chain([upstreams, sweep]);
        Self { tasks: tasks.collect(), last }
    }
}

/// What keeps the counts, where there is somebody to count.
pub(super) fn flusher(app: &App, usage: &Usage, sheet: Option<GoogleSheet>) -> Option<Flusher> {
    let Door::Guarded(guard) = &app.door else { return None };
    let (clock, counts, board) = (Arc::clone(&app.clock), app.counts.as_ref(), guard.board.clone());
    Some(Flusher::new(app.books.clone(), clock, usage, sheet, counts, board))
}

/// What tells a person of what deserves a look, where there is anything to look at.
///
/// # Errors
/// There can be no TLS.
pub(super) fn alerts(
    app: &App,
    alerts: Alerts,
    instance: &str,
    scope: &str,
) -> Result<Option<Watcher>, Fault> {
    let Door::Guarded(guard) = &app.door else {
        warn!("ALERT_WEBHOOK_URL has no effect: nobody is asked for a key");
        return Ok(None);
    };
    let Alerts { url, format, thresholds } = alerts;
    let hook = Hook::new(url, format, instance.to_owned()).map_err(|error| Fault {
        variable: "ALERT_WEBHOOK_URL".to_owned(),
        wrong: format!("it cannot be called by TLS: {}", error.without_url()),
    })?;
    let watched = Watched {
        gate: Arc::clone(&guard.gate),
        freshness: Arc::clone(&guard.freshness),
        cache_duration: guard.cache_duration,
        usage: app.data_dir.join("usage"),
    };
    let others = app.fleet.as_ref().map(|fleet| Others::new(fleet, scope, instance));
    Ok(Some(Watcher::new(watched, thresholds, hook, others, Arc::clone(&app.clock), &app.data_dir)))
}

/// What tells a source's records from another's. A default limit is baked into them, so another one makes them another
/// source's.
pub(super) fn identity(source: &impl KeySource, keys: &Keys) -> String {
    format!("{} {:?}", source.identity(), keys.default_limit)
}

/// What keeps the guard's gate as the source has it.
pub(super) fn refresher<S: KeySource>(
    source: S,
    guard: &Guard,
    keys: &Keys,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    books: &Books,
) -> Task {
    let identity = identity(&source, keys);
    let refresher = Refresher {
        source,
        gate: Arc::clone(&guard.gate),
        freshness: Arc::clone(&guard.freshness),
        state: State::new(keys.tolerance),
        store: Store::new(data_dir, &identity, guard.source.word()),
        orders: Orders::new(data_dir, Arc::clone(clock)),
        books: books.clone(),
        is_resumed: false,
        clock: Arc::clone(clock),
        cache_duration: keys.cache_duration,
        max_stale: keys.max_stale,
        default_limit: keys.default_limit,
        reported: Arc::default(),
        problems: 0,
        accepted: None,
        journal: Journal::new(Arc::clone(&guard.early), Arc::clone(metrics), Arc::clone(clock)),
        share: guard.board.as_ref().map(|board| Share::new(board, clock)),
        schedule: Schedule::default(),
    };
    Box::pin(refresher.run())
}

/// Asks the upstreams how they are, where that is wanted, and keeps up with the routes. The connections belong to the
/// thread that runs it.
async fn look_after_upstreams(app: Arc<App>) {
    let clock = Arc::clone(&app.clock);
    let ask = move |examiner: Examiner, servers: &[Arc<Server>]| {
        tokio::task::spawn_local(examiner.look_after(loosely(servers), Arc::clone(&clock)));
    };
    if let Some(examiner) = app.gateway.examiner() {
        ask(examiner, app.gateway.servers());
    }
    let Some(routes) = &app.routes else { return };
    let begin = |in_use: &InUse| {
        for (upstream, group) in in_use.upstreams() {
            if let Some(path) = &upstream.health_path {
                ask(app.gateway.examiner_of(path.clone()), group.servers());
            }
        }
    };
    begin(&routes.current());
    Arc::clone(routes).watch(Arc::clone(&app.clock), begin).await;
}

/// Goes on with the recordings that the last run was at; from then on cleans up once a minute.
async fn sweep(app: Arc<App>) {
    match app.studio.resume().await {
        Ok(0) => {}
        Ok(recordings) => info!(recordings, "recordings that were begun before the start go on"),
        Err(error) => warn!("recordings that were begun before the start cannot be read: {error}"),
    }
    loop {
        app.clock.sleep(SWEEP_EVERY).await;
        if let Door::Guarded(guard) = &app.door {
            guard.gate.sweep(app.clock.now());
            for (client, requests) in guard.gate.take_shadow_refusals() {
                info!(client, requests, "shadow_rate_limit would have refused requests in the last minute");
            }
        }
        match app.studio.sweep().await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "old recordings deleted"),
            Err(error) => warn!("old recordings could not be deleted: {error}"),
        }
    }
}
