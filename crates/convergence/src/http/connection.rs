//! One connection: hyper drives HTTP/1 on it, the router answers, and its [`Life`] can end it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::debug;

use super::body::Answer;
use super::lives::{Life, Lives, Order, Watched};
use super::router::{self, Answering};
use super::slots::Slot;
use crate::app::App;

/// The least that hyper accepts as a buffer's size.
const SMALLEST_BUFFER: usize = 8_192;

/// What the requests of one connection have in common.
pub(super) struct Connected {
    pub(super) app: Arc<App>,
    pub(super) life: Rc<Life>,
    /// The other end of the connection: the client, or a proxy in front of this server.
    pub(super) peer: SocketAddr,
}

/// Serves a connection to its end.
pub(super) async fn serve(app: Arc<App>, lives: Rc<Lives>, stream: TcpStream, peer: SocketAddr, slot: Slot) {
    let life = lives.begin();
    let mut http = http1::Builder::new();
    // Its own time-out starts a timer for each request, and counts idle time as header time.
    http.header_read_timeout(None);
    http.max_header_size(app.listen.max_header_bytes);
    http.max_buf_size(app.listen.max_header_bytes.max(SMALLEST_BUFFER));
    let service = Routes(Rc::new(Connected { app, life: Rc::clone(&life), peer }));
    let io = TokioIo::new(Watched::new(stream, &life));
    let mut connection = pin!(http.serve_connection(io, service));
    let ended = std::future::poll_fn(|context| {
        life.wake_with(context.waker());
        match life.order() {
            Order::GoOn => {}
            Order::Finish => connection.as_mut().graceful_shutdown(),
            Order::Stop => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = ended.await {
        debug!("connection ended: {error}");
    }
    drop(slot);
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
