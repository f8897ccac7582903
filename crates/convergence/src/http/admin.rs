//! The admin listener: the operator's requests, on an address and a thread of their own.

mod attempts;
mod door;
mod login;
mod session;

mod assets;
pub(super) mod documentation;
mod page;

mod dashboard;
pub(super) mod metrics;
pub(super) mod refresh;
pub(super) mod usage;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug;

use self::login::Guests;
use super::body::Answer;
use super::problem::not_found;
use super::router::{reading, wrong_method};
use super::shield::Source;
use super::side::SideListener;
use super::stamp;
use crate::app::App;

/// Connections open at a time; more wait to be accepted. An operator, a dashboard and a scraper or two take ten.
const MOST_CONNECTIONS: usize = 64;

/// For a request's headers to arrive, and between two requests of a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The bound socket.
pub(crate) struct AdminListener(SideListener);

impl AdminListener {
    /// Binds it; port 0 becomes a free one.
    ///
    /// # Errors
    /// The address is in use, or not this machine's.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        SideListener::bind(address).map(Self)
    }

    /// On a socket that listens, and does not block.
    pub(crate) fn on(socket: TcpListener) -> Self {
        Self(SideListener(socket))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.address()
    }

    /// Serves for as long as its runtime does.
    pub(crate) async fn serve(self, app: Arc<App>) {
        let guests: Arc<Guests> = Arc::default();
        let connection = |stream, slot| connection(Arc::clone(&app), Arc::clone(&guests), stream, slot);
        self.0.serve("the admin listener", MOST_CONNECTIONS, connection).await;
    }
}

async fn connection(app: Arc<App>, guests: Arc<Guests>, stream: TcpStream, slot: OwnedSemaphorePermit) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    // Who cannot be told from others is one of those who cannot.
    let from = stream.peer_addr().ok().and_then(|peer| Source::of(peer.ip()));
    let service = service_fn(|request| {
        let (app, guests) = (Arc::clone(&app), Arc::clone(&guests));
        async move { Ok::<_, Infallible>(answer(&app, &guests, from, request).await) }
    });
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        debug!("admin connection ended: {error}");
    }
    drop(slot);
}

/// Every route, behind the one door.
async fn answer(
    app: &App,
    guests: &Guests,
    from: Option<Source>,
    request: Request<Incoming>,
) -> Response<Answer> {
    let uptime = app.clock.now().uptime;
    let mut answer = match door::enter(&app.admin, guests, from, &request, uptime) {
        Err(refusal) => refusal,
        Ok(()) => match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/") => dashboard::answer(app, request.uri().query()).await,
            (&Method::GET | &Method::HEAD, "/dashboard/use") => {
                dashboard::course(app, request.uri().query()).await
            }
            (&Method::GET, "/dashboard/live") => dashboard::live(app, &guests.watchers),
            (_, "/dashboard/live") => wrong_method("GET"),
            (&Method::GET | &Method::HEAD, "/login") => login::form(app, &request),
            (&Method::POST, "/login") => login::log_in(app, guests, from, request).await,
            (_, "/login") => wrong_method("GET, HEAD, POST"),
            (&Method::POST, "/logout") => login::log_out(guests, &request),
            (&Method::POST, "/refresh") => refresh::answer(app).await,
            (&Method::GET | &Method::HEAD, "/usage") => usage::answer(app, request.uri().query()).await,
            (_, "/" | "/dashboard/use" | "/usage") => wrong_method("GET, HEAD"),
            (_, "/logout" | "/refresh") => wrong_method("POST"),
            (_, "/openapi.json") => reading(request.method(), documentation::document),
            (_, "/docs") => reading(request.method(), documentation::page),
            (_, "/metrics") => reading(request.method(), || metrics::answer(app)),
            (method, path) => match path.strip_prefix(assets::FOLDER) {
                Some(name) => reading(method, || assets::answer(name, request.headers())),
                None => not_found(),
            },
        },
    };
    stamp::request_id(answer.headers_mut(), app.next_request_id());
    answer
}
