//! Where the parts are made, each from its own settings, before anything is served. A part that requests share has a field
//! in `App` and a function here; what runs beside them goes into `Background`. Sockets are `server`'s.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::watch;

use super::App;
use super::background::{Background, flusher};
use super::door::door;
use crate::audio::{Studio, StudioSettings};
use crate::clock::Clock;
use crate::config::{Audio, Config, Fault};
use crate::http::{Gateway, Slots, Webhook};

/// How long the voice may take for one piece of a line, of which it speaks several hundred in that time.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

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
        let app = Arc::new(Self {
            door,
            studio: studio(&config.audio, &config.data_dir),
            speech: Arc::default(),
            data_dir: config.data_dir,
            clock,
            listen: config.listen,
            slots: Slots::new(config.listen.max_connections),
            routes: config.routes.map(|file| file.0),
            admin: config.admin,
            webhook: config.webhook.map(Webhook::new),
            gateway: Gateway::new(config.upstream),
            metrics,
            process: process(),
            requests: AtomicU64::new(0),
        });
        let flusher = flusher(&app, &config.usage, sheet);
        let background = Background::of(&app, refresh, flusher, drained);
        Ok((app, background))
    }
}

fn studio(audio: &Audio, data_dir: &Path) -> Studio {
    Studio::new(StudioSettings {
        directory: data_dir.join("audio"),
        workers: audio.workers,
        queue: audio.queue,
        retention: audio.retention,
        line_timeout: LINE_TIMEOUT,
        voice_program: None,
    })
}

/// What the request ids of this process begin with.
fn process() -> u32 {
    let mut process = [0; 4];
    // A process without randomness shares its request ids' first half with another; nothing depends on it.
    let _ = getrandom::fill(&mut process);
    u32::from_le_bytes(process)
}
