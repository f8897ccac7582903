//! One connection: hyper drives HTTP on it, the router answers, and its [`Life`] can end it.

mod http1;

use std::cell::OnceCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::net::TcpStream;
use tracing::debug;

use super::answered::Answered;
use super::life::{Life, Order};
use super::lives::Lives;
use super::proxy::Forwarded;
use super::router;
use super::sent::Sent;
use super::slots::Slot;
use super::tunnel::Tunnel;
use super::watched::Watched;
use crate::app::App;
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
    lives: Rc<Lives>,
    stream: TcpStream,
    peer: SocketAddr,
    pool: Rc<Pool>,
    slot: Slot,
) {
    let life = lives.begin();
    let stream = Watched::new(stream, Rc::clone(&life));
    let listen = app.listen;
    let routes =
        Routes(Rc::new(Connected { app, life: Rc::clone(&life), peer, forwarded: OnceCell::new(), pool }));
    if let Err(error) = http1::drive(&life, &listen, stream, routes).await {
        debug!("connection ended: {error}");
    }
    drop(slot);
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
