//! HTTP/1 on one connection, and what a connection is upgraded to.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;

use super::obeying;
use crate::config::Listen;
use crate::http::life::{Busy, Life, Order};
use crate::http::rewound::Rewound;
use crate::http::sent::Sent;
use crate::http::tunnel::Stream;

/// The least that hyper accepts as a buffer's size.
const SMALLEST_BUFFER: usize = 8_192;

/// Serves requests until the client or the life ends it, and then the tunnel where there is one.
///
/// # Errors
/// The client broke off, or spoke something else.
pub(super) async fn drive<S>(
    life: &Rc<Life>,
    listen: &Listen,
    stream: impl Stream + 'static,
    service: S,
) -> hyper::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<Sent>, Error = Infallible, Future: Unpin> + Unpin,
{
    let mut http = Builder::new();
    // Its own time-out starts a timer for each request, and counts idle time as header time.
    http.header_read_timeout(None);
    http.max_header_size(listen.max_header_bytes);
    http.max_buf_size(listen.max_header_bytes.max(SMALLEST_BUFFER));
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let ended = obeying(life, |order, context| {
        if order == Order::Finish {
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    });
    let Some(ended) = ended.await else { return Ok(()) };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    if let Some(tunnel) = life.take_tunnel() {
        let busy = Busy::with(life);
        let mut through = tunnel(Rewound::new(parts.read_buf, Box::new(stream)));
        obeying(life, |_, context| through.as_mut().poll(context)).await;
        drop(busy);
    } else {
        // The client may be gone already.
        let _ = obeying(life, |_, context| Pin::new(&mut stream).poll_shutdown(context)).await;
    }
    ended
}

#[cfg(test)]
mod tests;
