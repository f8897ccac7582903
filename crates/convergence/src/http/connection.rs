//! One connection: HTTP is spoken on it, the router answers, and its [`Life`] can end it.

pub(super) mod http1;
mod http2;
mod mistaken;
mod sniff;

use std::cell::OnceCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tracing::debug;

use super::date::Date;
use super::life::{Life, Order};
use super::proxy::Forwarded;
use super::recorder::Recorder;
use super::rewound::Rewound;
use super::router;
use super::slots::Slot;
use super::tls::{self, Tls};
use super::tunnel::Stream;
use super::watched::Watched;
use crate::app::App;
use crate::fleet::Link;
use crate::upstream::Pool;

/// What the connections of one thread share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) app: Arc<App>,
    /// Connections to upstreams.
    pub(super) pool: Rc<Pool>,
    /// Where limits are shared.
    pub(super) link: Option<Arc<Link>>,
    pub(super) date: Rc<Date>,
    pub(super) recorder: Arc<Recorder>,
}

/// What the requests of one connection have in common.
pub(super) struct Connected {
    pub(super) app: Arc<App>,
    life: Rc<Life>,
    /// The other end of the connection: the client, or a proxy in front of this server.
    pub(super) peer: SocketAddr,
    /// What an upstream is told about the two, made with the first request.
    pub(super) forwarded: OnceCell<Forwarded>,
    pub(super) pool: Rc<Pool>,
    pub(super) link: Option<Arc<Link>>,
    date: Rc<Date>,
    pub(super) recorder: Arc<Recorder>,
    /// Whether it is under TLS: https, not http.
    pub(super) secure: bool,
}

/// Serves a connection to its end.
pub(super) async fn serve(
    shared: Shared,
    tls: Option<Arc<Tls>>,
    life: Rc<Life>,
    stream: TcpStream,
    peer: SocketAddr,
    slot: Slot,
) {
    let Shared { app, pool, link, date, recorder } = shared;
    let (stream, secure) = (Watched::new(stream, Rc::clone(&life)), tls.is_some());
    let connected =
        Connected { app, life, peer, forwarded: OnceCell::new(), pool, link, date, recorder, secure };
    match tls {
        None => plain(connected, stream).await,
        // Apart, since it takes more room than a connection without it should.
        Some(tls) => Box::pin(secured(connected, stream, &tls)).await,
    }
    drop(slot);
}

/// Without TLS, the first bytes say which version of HTTP it is (RFC 9113, section 3.3: prior knowledge).
async fn plain(connected: Connected, mut stream: impl Stream + 'static) {
    let Some((version, ahead)) = sniff::version(&connected.life, &mut stream).await else { return };
    match version {
        sniff::Version::Http1 => http1(connected, stream, ahead).await,
        sniff::Version::Http2 => http2(connected, Rewound::new(ahead, stream)).await,
    }
}

/// Under TLS, both sides agree on a version while they shake hands (ALPN), for which the client has the header time.
async fn secured(connected: Connected, mut stream: impl Stream + 'static, tls: &Tls) {
    let life = &connected.life;
    let Some((hello, ahead)) = sniff::first(life, &mut stream).await else { return };
    if !hello {
        let mut turned_away = pin!(mistaken::use_https(stream));
        obeying(life, |_, context| turned_away.as_mut().poll(context)).await;
        return;
    }
    // In a box of its own, which is gone before the first request.
    let mut handshake = Box::pin(tls.accept(Rewound::new(ahead, stream)));
    let agreed = obeying(life, |_, context| handshake.as_mut().poll(context)).await;
    drop(handshake);
    let mut stream = match agreed {
        Some(Ok(stream)) => stream,
        Some(Err(error)) => return debug!("no TLS: {error}"),
        None => return,
    };
    life.anew();
    match stream.get_ref().1.alpn_protocol() {
        proof if tls::is_proof(proof) => {
            // Best effort: what was to be seen has been seen.
            let _ = obeying(life, |_, context| Pin::new(&mut stream).poll_shutdown(context)).await;
        }
        Some(b"h2") => http2(connected, stream).await,
        _ => http1(connected, stream, Bytes::new()).await,
    }
}

async fn http1(connected: Connected, stream: impl Stream + 'static, read: Bytes) {
    let Connected { life, date, app, .. } = &connected;
    let answer = async |request| match request {
        Ok(request) => router::answer(&connected, request).await,
        Err(fault) => router::refuse(&connected, fault),
    };
    if let Err(error) = http1::drive(life, &app.listen, date, stream, read, answer).await {
        debug!("connection ended: {error}");
    }
}

/// In a box: it takes more room than a connection without it should.
async fn http2(connected: Connected, stream: impl Stream + 'static) {
    if let Err(error) = Box::pin(http2::drive(Rc::new(connected), stream)).await {
        debug!("connection ended: {error}");
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
