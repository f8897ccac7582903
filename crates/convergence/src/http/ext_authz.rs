//! The decision for Envoy: `envoy.service.auth.v3.Authorization/Check` over gRPC, on an address of its own. Whoever can
//! connect may ask, as at `/auth/verify`, and is believed in what it says of a request: the network guards it.

mod check;
mod messages;
mod question;
mod service;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

pub(crate) use self::check::code as grpc_code;
use super::recorder::Recorder;
use super::side::SideListener;
use super::slots::Slot;
use crate::app::App;
use crate::fleet::Link;

/// How long a peer has to take note that a connection ends. A call is answered at once, so that there is nothing else to
/// wait for.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a call needs. The threads share one recorder: a call may begin on one and end on another.
#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    link: Option<Arc<Link>>,
    recorder: Arc<Recorder>,
}

/// The bound socket.
pub(crate) struct ExtAuthzListener(SideListener);

impl ExtAuthzListener {
    /// Binds it; port 0 becomes a free one.
    ///
    /// # Errors
    /// The address is in use, or not this machine's.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        SideListener::bind(address).map(Self)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.address()
    }

    /// Starts its thread. That ends soon after `stop` turns true.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub(crate) fn serve(self, app: &Arc<App>, stop: &watch::Receiver<bool>) -> io::Result<JoinHandle<()>> {
        let (app, stop) = (Arc::clone(app), stop.clone());
        std::thread::Builder::new().name("ext-authz".to_owned()).spawn(move || run(self.0.0, app, stop))
    }
}

/// A proxy has few connections with many calls each, so they are spread over threads by call, not by connection.
fn run(socket: TcpListener, app: Arc<App>, stop: watch::Receiver<bool>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match runtime.worker_threads(app.listen.threads).thread_name("ext-authz").enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(accept(socket, app, stop));
            runtime.shutdown_background();
        }
        Err(error) => error!("the ext_authz threads could not be started: {error}"),
    }
}

/// Takes connections until told to stop, then sees them out.
async fn accept(socket: TcpListener, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => return error!("the ext_authz listener could not be started: {error}"),
    };
    let link = app.fleet.as_ref().map(|fleet| {
        let (link, keeper) = fleet.link();
        tokio::spawn(keeper);
        link
    });
    if let Some(link) = &link {
        link.tried().await;
    }
    let shared = Shared { recorder: app.recorders.recorder(), app, link };
    let mut connections = JoinSet::new();
    let stopped = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some(slot) = shared.app.slots.take() {
                        connections.spawn(connection(shared.clone(), stream, slot, stopped.clone()));
                    } else {
                        debug!(%peer, "ext_authz connection refused: MAX_CONNECTIONS are open");
                    }
                }
                Err(error) => {
                    warn!("an ext_authz connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves a connection until its peer closes it, it has been idle for `IDLE_TIMEOUT`, or the server stops.
async fn connection(shared: Shared, stream: TcpStream, slot: Slot, mut stop: watch::Receiver<bool>) {
    let listen = &shared.app.listen;
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(true));
    let service = service_fn(|request| {
        asked.store(true, Ordering::Relaxed);
        service::answer(shared.clone(), request)
    });
    let header_bytes = u32::try_from(listen.max_header_bytes).unwrap_or(u32::MAX);
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).max_header_list_size(header_bytes);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let idle = async {
        while asked.swap(false, Ordering::Relaxed) {
            tokio::time::sleep(listen.idle_timeout).await;
        }
    };
    let over = async {
        tokio::select! {
            () = idle => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = over => {
            connection.as_mut().graceful_shutdown();
            let farewell = FAREWELL.min(listen.drain_timeout);
            tokio::time::timeout(farewell, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!("ext_authz connection ended: {error}");
    }
    drop(slot);
}
