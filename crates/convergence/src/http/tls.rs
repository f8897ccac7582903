//! TLS on the public listener: the two files, checked, watched, and replaced under way. No connection ends for it.

mod files;
mod leaf;
mod redirect;
mod watch;

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;

use self::files::Files;
pub(crate) use self::leaf::Leaf;
pub(crate) use self::redirect::RedirectListener;
use crate::config::{Fault, Tls as Settings};

/// What each handshake begins with.
pub(crate) struct Tls {
    files: Files,
    /// Written to swap a pointer, read to copy it.
    current: RwLock<Arc<ServerConfig>>,
}

/// What is loaded: without a secret.
pub(crate) struct Loaded {
    pub(crate) leaf: Leaf,
    tickets: Arc<dyn ProducesTickets>,
    digest: files::Digest,
}

impl Tls {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub(crate) fn load(settings: &Settings) -> Result<(Self, Loaded), Fault> {
        let files = Files::of(settings);
        let contents = files.read()?;
        let digest = contents.digest();
        let tickets = new_tickets()?;
        let (config, leaf) = files.build(&contents, &tickets)?;
        let tls = Self { files, current: RwLock::new(Arc::new(config)) };
        Ok((tls, Loaded { leaf, tickets, digest }))
    }

    /// For one handshake.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, config: ServerConfig) {
        let config = Arc::new(config);
        let old =
            std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), config);
        // Outside the lock.
        drop(old);
    }
}

/// Keys for session tickets, made here and changed every six hours. A restart ends the sessions.
fn new_tickets() -> Result<Arc<dyn ProducesTickets>, Fault> {
    let wrong = |error| format!("no keys for session tickets can be made: {error}");
    Ticketer::new().map_err(|error| Fault { variable: "TLS_KEY_PATH".to_owned(), wrong: wrong(error) })
}
