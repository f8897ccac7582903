//! HTTP/2 on one connection. Its requests are tasks of the connection's own thread.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::{Connected, obeying};
use crate::http::life::{Busy, Order};
use crate::http::reply::without_body;
use crate::http::sent::Sent;
use crate::http::tunnel::Stream;
use crate::http::{request, router};

/// Requests of one connection in progress: what RFC 9113 recommends at least (section 5.1.2).
const MOST_STREAMS: u32 = 100;

/// Requests that a client has reset before they were looked at. One more (CVE-2023-44487, "rapid reset") ends the
/// connection.
const MOST_RESETS: usize = 20;

/// Faults of a client for which we reset a stream. One more ends the connection.
const MOST_FAULTS: usize = 100;

/// How much of one request's body is taken before anybody reads it, and of all of a connection's. They are fixed: a
/// window that grows by itself asks for a ping with each of a body's frames.
const STREAM_WINDOW: u32 = 256 * 1_024;
const CONNECTION_WINDOW: u32 = 1_024 * 1_024;

/// How much of one answer's body waits for the client; a body is asked for more when it is taken.
const SEND_BUFFER: usize = 64 * 1_024;

/// Serves requests until the client or the life ends it.
///
/// # Errors
/// The client broke off, or broke a rule.
pub(super) async fn drive(connected: Rc<Connected>, stream: impl Stream + 'static) -> hyper::Result<()> {
    let (life, listen) = (&connected.life, &connected.app.listen);
    life.frames();
    let mut http = Builder::new(ThisThread);
    http.max_concurrent_streams(MOST_STREAMS);
    http.max_pending_accept_reset_streams(MOST_RESETS);
    http.max_local_error_reset_streams(MOST_FAULTS);
    // The frames that continue a request's headers are limited by it as well.
    http.max_header_list_size(u32::try_from(listen.max_header_bytes).unwrap_or(u32::MAX));
    http.initial_stream_window_size(STREAM_WINDOW);
    http.initial_connection_window_size(CONNECTION_WINDOW);
    http.max_send_buf_size(SEND_BUFFER);
    let mut connection = http
        .serve_connection(TokioIo::new(stream), service_fn(|request| answer(Rc::clone(&connected), request)));
    let ended = obeying(life, |order, context| {
        if matches!(order, Order::Last | Order::Finish) {
            Pin::new(&mut connection).graceful_shutdown();
        }
        Pin::new(&mut connection).poll(context)
    });
    ended.await.unwrap_or(Ok(()))
}

/// Runs what hyper wants to have run beside the connection.
#[derive(Clone, Copy)]
struct ThisThread;

impl<F: Future<Output: 'static> + 'static> Executor<F> for ThisThread {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// hyper leaves out the body of an answer to HEAD in HTTP/1 only.
async fn answer(connected: Rc<Connected>, request: Request<Incoming>) -> Result<Response<Sent>, Infallible> {
    let busy = Busy::with(&connected.life);
    let head = request.method() == Method::HEAD;
    let reply = router::answer(&connected, request::Request::of_http2(request)).await;
    let (answer, underway) = reply.into_response();
    let answer = if head { without_body(answer) } else { answer };
    Ok(answer.map(|body| Sent::new(busy, underway, body)))
}
