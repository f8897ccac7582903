//! TLS on the public listener: the two files, checked, watched, and replaced under way. No connection ends for it.

mod acme;
mod files;
mod leaf;
mod redirect;
mod watch;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{Acceptor, ProducesTickets};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use self::acme::Fetcher;
use self::acme::challenge::Challenges;
pub(super) use self::acme::challenge::is_proof;
use self::files::Files;
pub(crate) use self::leaf::Leaf;
pub(crate) use self::redirect::RedirectListener;
use crate::clock::Clock;
use crate::config::{Fault, Tls as Settings};

/// What each handshake begins with.
pub(crate) struct Tls {
    files: Files,
    settings: Settings,
    challenges: Option<Arc<Challenges>>,
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
        let tickets = new_tickets()?;
        let made_of = |contents: files::Contents| {
            let (config, leaf) = files.build(&contents, &tickets)?;
            Ok((contents.digest(), config, leaf))
        };
        let (digest, config, leaf) = match (files.read().and_then(made_of), &settings.acme) {
            // What was fetched and is damaged is fetched again.
            (Err(_), Some(acme)) => files.placeholder(acme).and_then(made_of)?,
            (built, _) => built?,
        };
        let challenges = settings.acme.as_ref().map(|_| Arc::new(Challenges::new()));
        let tls =
            Self { files, settings: settings.clone(), challenges, current: RwLock::new(Arc::new(config)) };
        Ok((tls, Loaded { leaf, tickets, digest }))
    }

    /// What fetches the certificate, where one is to be fetched.
    pub(crate) fn fetcher(&self, clock: &Arc<dyn Clock>) -> Option<Fetcher> {
        let (acme, challenges) = (self.settings.acme.as_ref()?, self.challenges.as_ref()?);
        Some(Fetcher::new(acme, &self.settings.certificate, challenges, Arc::clone(clock)))
    }

    /// Shakes hands with a client, or with whoever wants to see a proof.
    pub(super) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(challenges) = self.challenges.as_ref().filter(|challenges| challenges.are_open()) else {
            return TlsAcceptor::from(self.config()).accept(stream).await;
        };
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let proof = challenges.config_for(&start.client_hello());
        start.into_stream(proof.unwrap_or_else(|| self.config())).await
    }

    /// Whether what is served is only there until a certificate has been fetched.
    fn is_waiting(&self) -> bool {
        self.settings.acme.is_some() && !self.settings.certificate.exists()
    }

    fn config(&self) -> Arc<ServerConfig> {
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
