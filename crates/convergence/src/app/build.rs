//! Where the parts are made, each from its own settings, before anything is served. A part that requests share has a field
//! in `App` and a function here; what runs beside them goes into `Background`. Sockets are `server`'s.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::App;
use super::background::{Background, alerts, flusher};
use super::door::door;
use crate::audio::{Chat, OnRecorded, Speech, Studio, StudioSettings};
use crate::clock::Clock;
use crate::config::{Audio, Auth, Config, Fault, Redis, RoutesFile};
use crate::dashboard::Looks;
use crate::fleet::{Counts, Fleet};
use crate::http::{Account, Endpoints, Gateway, Live, Promises, Recorders, Shield, Slots, Webhook};
use crate::metrics::Metrics;
use crate::providers::Providers;
use crate::routes::{LiveRoutes, MakeGroup};
use crate::sync::Books;
use crate::upstream::MakeGroups;

/// How long the voice may take for one piece of a line, of which it speaks several hundred in that time.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// No source of keys is configured and `AUTH_FALLBACK=closed`, or there can be no TLS and an upstream needs it, or what
    /// `REDIS_URL` leads to cannot be used.
    pub(crate) fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        drained: watch::Receiver<bool>,
    ) -> Result<(Arc<Self>, Background), Fault> {
        let sheet = config.auth.sheet().cloned();
        let metrics: Arc<Metrics> = Arc::default();
        let live: Arc<Live> = Arc::default();
        let make = MakeGroups { trust: config.upstream.trust.clone(), failures: metrics.upstream_failures() };
        let gateway = Gateway::new(config.upstream, &make).map_err(|unusable| {
            let (variable, wrong) = (unusable.variable.to_owned(), unusable.wrong);
            Fault { variable, wrong }
        })?;
        let books = Books::new(config.data_dir.join("usage"), &config.usage.instance, Arc::clone(&clock));
        let fleet = config.redis.map(|redis| fleet(redis, &config.auth, &config.data_dir, &clock, &metrics));
        let fleet = fleet.transpose()?.flatten();
        let (door, refresh) = door(config.auth, &config.data_dir, &clock, &metrics, &books, fleet.as_ref())?;
        let routes = config.routes.map(|file| routes(file, make)).transpose()?;
        // Servers of one spreadsheet count for one another, and so do those with a keys file.
        let scope = sheet.as_ref().map_or("file", |sheet| &sheet.sheet_id).to_owned();
        let counts = fleet.as_ref().map(|fleet| Arc::new(Counts::new(fleet, &scope)));
        let providers = Providers::new(config.providers, &config.data_dir, &clock)?;
        let app = Arc::new(Self {
            door,
            fleet,
            counts,
            cors: config.cors,
            shield: config.shield.limit.map(Shield::new),
            openai_speech: config.audio.openai_speech,
            promises: Promises::default(),
            studio: studio(
                &config.audio,
                &providers,
                config.data_dir.join("audio"),
                count_seconds(&books, &clock),
            ),
            fetcher: providers.fetcher,
            looks: Looks::new(config.data_dir.join("usage"), Arc::clone(&clock)),
            instance: config.usage.instance.clone(),
            books,
            endpoints: Endpoints::default(),
            reports: Semaphore::new(1),
            data_dir: config.data_dir,
            recorders: Recorders::new(Arc::clone(&clock), Arc::clone(&live)),
            live,
            clock,
            listen: config.listen,
            slots: Slots::new(config.listen.max_connections),
            routes,
            place: config.place,
            admin: config.admin,
            webhook: config.webhook.map(Webhook::new),
            gateway,
            metrics,
            process: process(),
            requests: AtomicU64::new(0),
        });
        let flusher = flusher(&app, &config.usage, sheet);
        let alerts = config.alerts.map(|alerts| self::alerts(&app, alerts, &config.usage.instance, &scope));
        let alerts = alerts.transpose()?.flatten();
        let background = Background::of(&app, refresh, alerts, flusher, drained);
        Ok((app, background))
    }
}

/// What is shared with other servers, if there is anything to share. Waits for Redis, for a few seconds at the most.
fn fleet(
    redis: Redis,
    auth: &Auth,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<Option<Arc<Fleet>>, Fault> {
    if !auth.is_guarded() {
        tracing::warn!(
            "REDIS_URL has no effect: nobody is asked for a key, and there are no limits to share"
        );
        return Ok(None);
    }
    let fleet = Fleet::new(redis, data_dir, Arc::clone(clock), metrics)?;
    fleet.check()?;
    Ok(Some(Arc::new(fleet)))
}

fn routes(file: RoutesFile, make: MakeGroups) -> Result<Arc<LiveRoutes>, Fault> {
    let make: MakeGroup =
        Box::new(move |upstream| make.group(&upstream.addresses).map_err(|unusable| unusable.to_string()));
    let live = LiveRoutes::new(file.path, file.text, make);
    let fault = |wrong: Vec<String>| Fault { variable: "ROUTES_FILE".to_owned(), wrong: wrong.join("; ") };
    live.map(Arc::new).map_err(fault)
}

/// A studio by these settings, which keeps its recordings in `directory` and tells of each finished one.
pub(crate) fn studio(
    audio: &Audio,
    providers: &Providers,
    directory: PathBuf,
    on_recorded: OnRecorded,
) -> Studio {
    Studio::new(StudioSettings {
        directory,
        workers: audio.workers,
        parallel: audio.workers,
        queue: audio.queue,
        retention: audio.retention,
        most_bytes: audio.most_bytes,
        line_timeout: LINE_TIMEOUT,
        voices: audio.voices.clone(),
        voice_program: None,
        lexicon: audio.lexicon.clone(),
        chat: providers.chat.clone().map(|chat| chat as Arc<dyn Chat>),
        speech: providers.speech.clone().map(|speech| speech as Arc<dyn Speech>),
        on_recorded,
    })
}

/// Counts the seconds of finished recordings.
fn count_seconds(books: &Books, clock: &Arc<dyn Clock>) -> OnRecorded {
    let (tally, clock) = (Arc::clone(&books.tally), Arc::clone(clock));
    Box::new(move |account, length| Account::count(account, &tally, length, clock.now()))
}

/// What the request ids of this process begin with.
fn process() -> u32 {
    let mut process = [0; 4];
    // A process without randomness shares its request ids' first half with another; nothing depends on it.
    let _ = getrandom::fill(&mut process);
    u32::from_le_bytes(process)
}
