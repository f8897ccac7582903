//! One connection: hyper drives HTTP/1 on it, the router answers, and its [`Life`] can end it.

use std::cell::{Cell, OnceCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tracing::debug;

use super::body::Answer;
use super::lives::{Life, Lives, Order, Watched};
use super::proxy::{self, Tunnel};
use super::router::{self, Answering};
use super::slots::Slot;
use crate::app::App;
use crate::upstream::Pool;

/// The least that hyper accepts as a buffer's size.
const SMALLEST_BUFFER: usize = 8_192;

/// What the requests of one connection have in common.
pub(super) struct Connected {
    pub(super) app: Arc<App>,
    pub(super) life: Rc<Life>,
    /// The other end of the connection: the client, or a proxy in front of this server.
    pub(super) peer: SocketAddr,
    /// What the upstream is told about the two, made with the first request.
    pub(super) forwarded: OnceCell<proxy::Forwarded>,
    /// Connections to upstreams, shared by all connections of the thread.
    pub(super) pool: Rc<Pool>,
    /// Where the connection leads once it has switched to another protocol.
    pub(super) tunnel: Cell<Option<Tunnel>>,
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
    let mut http = http1::Builder::new();
    // Its own time-out starts a timer for each request, and counts idle time as header time.
    http.header_read_timeout(None);
    http.max_header_size(app.listen.max_header_bytes);
    http.max_buf_size(app.listen.max_header_bytes.max(SMALLEST_BUFFER));
    let service = Routes(Rc::new(Connected {
        app,
        life: Rc::clone(&life),
        peer,
        forwarded: OnceCell::new(),
        pool,
        tunnel: Cell::new(None),
    }));
    let io = TokioIo::new(Watched::new(stream, &life));
    let mut connection = http.serve_connection(io, service);
    let ended = until_told(&life, |order, context| {
        if let Order::Finish = order {
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    });
    match ended.await {
        Some(Ok(())) => {
            let http1::Parts { io, read_buf, service, .. } = connection.into_parts();
            let tunnel = service.0.tunnel.take();
            let rest = async {
                match tunnel {
                    Some(tunnel) => tunnel.pass(io.into_inner(), read_buf).await,
                    None => io.into_inner().shutdown().await,
                }
            };
            let mut rest = pin!(rest);
            if let Some(Err(error)) = until_told(&life, |_, context| rest.as_mut().poll(context)).await {
                debug!("connection ended: {error}");
            }
        }
        Some(Err(error)) => debug!("connection ended: {error}"),
        None => {}
    }
    drop(slot);
}

/// Polls until it is ready, or the watcher wants the connection to stop: then there is nothing.
async fn until_told<T>(life: &Life, mut poll: impl FnMut(Order, &mut Context<'_>) -> Poll<T>) -> Option<T> {
    std::future::poll_fn(|context| {
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
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Either<
        Ready<Result<Self::Response, Infallible>>,
        LocalBoxFuture<'static, Result<Self::Response, Infallible>>,
    >;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let life = &self.0.life;
        match router::answer(&self.0, request) {
            Answering::Now(answer) => {
                life.waiting();
                Either::Left(ready(Ok(answer)))
            }
            Answering::Later(work) => {
                life.handling();
                let life = Rc::clone(life);
                Either::Right(Box::pin(async move {
                    let answer = work.await;
                    life.waiting();
                    Ok(answer)
                }))
            }
        }
    }
}
