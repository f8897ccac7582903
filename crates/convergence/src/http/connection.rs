//! One connection: hyper drives HTTP on it, the router answers, and its [`Life`] can end it.

mod http1;
mod http2;
mod mistaken;
mod sniff;

use std::cell::OnceCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tracing::debug;

use super::answered::Answered;
use super::life::{Life, Order};
use super::proxy::Forwarded;
use super::rewound::Rewound;
use super::router;
use super::sent::Sent;
use super::slots::Slot;
use super::tls::{self, Tls};
use super::tunnel::{Stream, Tunnel};
use super::watched::Watched;
use crate::app::App;
use crate::config::Listen;
use crate::upstream::Pool;

/// What the requests of one connection have in common.
pub(super) struct Connected {
    pub(super) app: Arc<App>,
    life: Rc<Life>,
    /// The other end of the connection: the client, or a proxy in front of this server.
    pub(super) peer: SocketAddr,
    /// What an upstream is told about the two, made with the first request.
    pub(super) forwarded: OnceCell<Forwarded>,
    /// Connections to upstreams, shared by all connections of the thread.
    pub(super) pool: Rc<Pool>,
    /// Whether it is under TLS: https, not http.
    pub(super) secure: bool,
}

impl Connected {
    /// Hands the connection over once the answer to the present request is written, which must be a 101 to a request
    /// for an upgrade, over HTTP/1.1.
    pub(super) fn upgrade(&self, tunnel: Tunnel) {
        self.life.upgrade(tunnel);
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    life: Rc<Life>,
    stream: TcpStream,
    peer: SocketAddr,
    pool: Rc<Pool>,
    slot: Slot,
) {
    let listen = app.listen;
    let secure = tls.is_some();
    let connected = Connected { app, life: Rc::clone(&life), peer, forwarded: OnceCell::new(), pool, secure };
    let routes = Routes(Rc::new(connected));
    let stream = Watched::new(stream, Rc::clone(&life));
    let ended = match tls {
        None => plain(&life, &listen, stream, routes).await,
        // Apart, since it takes more room than a connection without it should.
        Some(tls) => Box::pin(secured(&life, &listen, stream, &tls, routes)).await,
    };
    if let Err(error) = ended {
        debug!("connection ended: {error}");
    }
    drop(slot);
}

/// Without TLS, the first bytes say which version of HTTP it is (RFC 9113, section 3.3: prior knowledge).
async fn plain(
    life: &Rc<Life>,
    listen: &Listen,
    mut stream: impl Stream + 'static,
    routes: Routes,
) -> hyper::Result<()> {
    let Some((version, ahead)) = sniff::version(life, &mut stream).await else { return Ok(()) };
    let stream = Rewound::new(ahead, stream);
    match version {
        sniff::Version::Http1 => http1::drive(life, listen, stream, routes).await,
        sniff::Version::Http2 => Box::pin(http2::drive(life, listen, stream, routes)).await,
    }
}

/// Under TLS, both sides agree on a version while they shake hands (ALPN), for which the client has the header time.
async fn secured(
    life: &Rc<Life>,
    listen: &Listen,
    mut stream: impl Stream + 'static,
    tls: &Tls,
    routes: Routes,
) -> hyper::Result<()> {
    let Some((hello, ahead)) = sniff::first(life, &mut stream).await else { return Ok(()) };
    if !hello {
        let mut turned_away = pin!(mistaken::use_https(stream));
        obeying(life, |_, context| turned_away.as_mut().poll(context)).await;
        return Ok(());
    }
    // In a box of its own, which is gone before the first request.
    let mut handshake = Box::pin(tls.accept(Rewound::new(ahead, stream)));
    let agreed = obeying(life, |_, context| handshake.as_mut().poll(context)).await;
    drop(handshake);
    let mut stream = match agreed {
        Some(Ok(stream)) => stream,
        Some(Err(error)) => {
            debug!("no TLS: {error}");
            return Ok(());
        }
        None => return Ok(()),
    };
    life.anew();
    match stream.get_ref().1.alpn_protocol() {
        proof if tls::is_proof(proof) => {
            // Best effort: what was to be seen has been seen.
            let _ = obeying(life, |_, context| Pin::new(&mut stream).poll_shutdown(context)).await;
            Ok(())
        }
        Some(b"h2") => Box::pin(http2::drive(life, listen, stream, routes)).await,
        _ => http1::drive(life, listen, stream, routes).await,
    }
}

/// Polls until there is an end, or an order to stop at once.
async fn obeying<T>(life: &Life, mut poll: impl FnMut(Order, &mut Context<'_>) -> Poll<T>) -> Option<T> {
    poll_fn(|context| {
        life.wake_with(context.waker());
        match life.order() {
            Order::Stop => Poll::Ready(None),
            order => poll(order, context).map(Some),
        }
    })
    .await
}

/// The router, and the connection's life told of what it does.
struct Routes(Rc<Connected>);

impl Service<Request<Incoming>> for Routes {
    type Response = Response<Sent>;
    type Error = Infallible;
    type Future = Answered;

    fn call(&self, request: Request<Incoming>) -> Answered {
        Answered::new(router::answer(&self.0, request), &self.0.life)
    }
}
