//! The engine: started, stopped, and asked how it is doing.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::service::ApiKeyLayer;
use super::settings::of_a_layer;
use super::status::Status;
use crate::app::{App, Background, Door, Task};
use crate::clock::SystemClock;
use crate::config::{Config, Fault, Settings};
use crate::fleet::Link;
use crate::server::beside;

/// Keys that are kept as their source has them, and the decision over them, for services in this process.
///
/// A thread of its own reads the keys, watches for accidents and writes usage, as the server's does; requests wait for
/// neither. It runs until [`Engine::stop`], or until the engine is dropped, which is the same. From then on its layers
/// answer 503: keys that nobody looks after decide nothing. So keep it for as long as requests come.
#[must_use = "an engine that is dropped stops, and its layers let nobody through"]
pub struct Engine {
    app: Arc<App>,
    link: Option<Arc<Link>>,
    drained: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts its thread, and returns while the keys are still being read: until then requests get 503, or the keys of the
    /// last run decide.
    ///
    /// Where everybody is let through ([`Mode::is_open`](crate::Mode::is_open)), that is said in the log, and on standard
    /// error if there is no log.
    ///
    /// # Errors
    /// A setting is wrong, no keys are configured and `AUTH_FALLBACK=closed`, or the thread cannot be made.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let wrong = |faults| StartError(Why::Settings(faults));
        let config = Config::read(&of_a_layer(settings)).map_err(wrong)?;
        let (drained, has_drained) = watch::channel(false);
        let clock = Arc::new(SystemClock::start());
        let (app, Background { tasks, last }) =
            App::build(config, clock, has_drained.clone()).map_err(|fault| wrong(vec![fault]))?;
        let thread = |name, tasks, last| {
            beside(name, tasks, last, has_drained.clone()).map_err(|error| StartError(Why::Thread(error)))
        };
        let mut threads = vec![thread("convergence", tasks, last)?];
        let mut link = None;
        if let Some(fleet) = &app.fleet {
            let (made, keeper) = fleet.link();
            // Apart from the background, where parsing a large sheet takes a while: requests wait for this.
            let keeper: Task = Box::pin(keeper);
            threads.push(thread("redis", std::iter::once(keeper).chain(app.fleet_tasks()).collect(), None)?);
            link = Some(made);
        }
        let engine = Self { app, link, drained, threads };
        engine.tell_of_an_open_door();
        Ok(engine)
    }

    /// What asks for a key, to be put around any service. One engine has any number of them, and all of them share its
    /// keys, limits and counts.
    pub fn layer(&self) -> ApiKeyLayer {
        ApiKeyLayer::new(Arc::clone(&self.app), self.link.clone())
    }

    /// How it is doing at this moment.
    pub fn status(&self) -> Status {
        Status::of(&self.app)
    }

    /// Writes what has been used, which may take up to 5 s, and stops. It blocks the thread: in async code, where there is
    /// anything else to do, call it from `spawn_blocking`.
    ///
    /// Call it after the last request: what is used from here on is not written.
    pub fn stop(self) {
        drop(self);
    }

    /// The log has been told by whoever has made the door.
    #[expect(clippy::print_stderr, reason = "a process without a log must not have an open door unsaid")]
    fn tell_of_an_open_door(&self) {
        let status = self.status();
        if status.mode().is_open() && !tracing::dispatcher::has_been_set() {
            let why = status.reason().unwrap_or_default();
            eprintln!("convergence: every request is allowed, without a key: {why}");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.drained.send_replace(true);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        if let Door::Guarded(guard) = &self.app.door {
            guard.shut();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// Why an [`Engine`] has not started. Its text names each setting that is wrong, and shows no value.
#[derive(Debug)]
pub struct StartError(Why);

#[derive(Debug)]
enum Why {
    Settings(Vec<Fault>),
    Thread(anyhow::Error),
}

impl StartError {
    /// The settings that are wrong; none if it was something else.
    pub fn faults(&self) -> &[Fault] {
        match &self.0 {
            Why::Settings(faults) => faults,
            Why::Thread(_) => &[],
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Settings(faults) => {
                f.write_str("these settings are wrong:")?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
            Why::Thread(error) => write!(f, "the background thread cannot be started: {error:#}"),
        }
    }
}

impl std::error::Error for StartError {}
