//! The servers that give tokens, other than the one for service accounts' keys: the handle that a test holds.
//!
//! Each checks what it is sent as Google's does and says what it missed. The tokens it gives are the emulated
//! Google's own: it signs for them with the account's key, as a metadata server may for the account of its machine.

mod api;
mod desks;
mod files;
mod mint;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::oneshot;

use self::mint::Mint;
use crate::Google;

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Desk {
    /// The metadata server's tokens.
    Metadata,
    /// The metadata server's answer to who the account is.
    Email,
    /// The token endpoint, asked with a refresh token.
    Refresh,
    /// The token endpoint, asked with a signed assertion for acting as another account.
    Assertion,
    /// The token exchange (STS).
    Exchange,
    /// The IAM Service Account Credentials API.
    Impersonation,
    /// The identity provider that gives workloads their own tokens; not one of Google's.
    Provider,
}

/// All the desks on one loopback port, until dropped.
///
/// Whatever else is asked goes to the Google it was started with, so that this address may stand for the API's too.
pub struct Identity {
    inside: Arc<Inside>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shared between the test's thread and the server's.
struct Inside {
    /// `http://127.0.0.1:PORT`.
    base: String,
    mint: Mint,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: HashMap<Desk, usize>,
    /// What is answered instead: the status and the body, or where a redirect leads.
    troubles: HashMap<Desk, (u16, String)>,
    /// Tokens of those who may act as the service account.
    actors: HashSet<String>,
    complaints: Vec<String>,
    /// Who was to pay, of each request to the API and of each for acting as an account.
    projects: Vec<Option<String>>,
}

impl Identity {
    /// Starts on a free port, on a thread and a runtime of its own.
    #[expect(clippy::unused_async, reason = "so that starting may come to wait without changing every test")]
    pub async fn start(google: &Google) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let inside = Arc::new(Inside { base, mint: Mint::of(google), state: Mutex::default() });
        let routes = routes(Arc::clone(&inside));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the socket is non-blocking");
            tokio::select! {
                _ = axum::serve(listener, routes) => {}
                _ = stopped => {}
            }
        };
        let thread = std::thread::Builder::new().name("identity".to_owned());
        let thread = thread.spawn(move || runtime.block_on(serve)).expect("the system gives a thread");
        Self { inside, stop: Some(stop), thread: Some(thread) }
    }

    /// Base URL, which stands for the API's as well.
    pub fn url(&self) -> String {
        self.inside.base.clone()
    }

    /// The host and port of the metadata server.
    pub fn metadata_host(&self) -> String {
        self.inside.base.trim_start_matches("http://").to_owned()
    }

    /// How often a desk was asked.
    pub fn asked(&self, desk: Desk) -> usize {
        self.inside.state().asked.get(&desk).copied().unwrap_or_default()
    }

    /// What was wrong with the requests so far: nothing, if the client knows the protocols.
    pub fn complaints(&self) -> Vec<String> {
        self.inside.state().complaints.clone()
    }

    /// The `x-goog-user-project` of each request to the API and to the IAM API, in their order.
    pub fn projects(&self) -> Vec<Option<String>> {
        self.inside.state().projects.clone()
    }

    /// Answers every request at a desk with this until [`Identity::heal`]; of a redirect the body is where it leads.
    pub fn trouble(&self, desk: Desk, status: u16, body: impl Into<String>) {
        self.inside.state().troubles.insert(desk, (status, body.into()));
    }

    /// Takes back every trouble.
    pub fn heal(&self) {
        self.inside.state().troubles.clear();
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only if the server has already ended, which is what is asked for.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Inside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn routes(inside: Arc<Inside>) -> Router {
    let machine = "/computeMetadata/v1/instance/service-accounts/default";
    Router::new()
        .route(&format!("{machine}/token"), get(desks::metadata_token))
        .route(&format!("{machine}/email"), get(desks::metadata_email))
        .route(&format!("{machine}/"), get(desks::metadata_account))
        .route("/oauth2/token", post(desks::refresh))
        .route("/assertion/token", post(desks::assertion))
        .route("/sts/v1/token", post(desks::exchange))
        .route("/iam/v1/projects/-/serviceAccounts/{account}", post(desks::impersonation))
        .route("/provider/json", get(desks::provider_json))
        .route("/provider/text", get(desks::provider_text))
        .fallback(api::forward)
        .with_state(inside)
}
