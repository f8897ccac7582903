//! HTTP/1 on one connection, and what a connection is upgraded to.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;

use super::obeying;
use crate::config::Listen;
use crate::http::farewell;
use crate::http::framing::Screened;
use crate::http::life::{Busy, Life, Order};
use crate::http::rewound::Rewound;
use crate::http::sent::Sent;
use crate::http::tunnel::Stream;

/// The least that hyper accepts as a buffer's size.
const SMALLEST_BUFFER: usize = 8_192;

/// How much more is read from a client whose framing is refused, and for how long.
const LAST_BYTES: u64 = 65_536;
const LAST_MOMENT: Duration = Duration::from_secs(1);

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
    let screened = Screened::new(stream, Rc::clone(life), listen.max_header_bytes);
    let mut connection = http.serve_connection(TokioIo::new(screened), service);
    let ended = obeying(life, |order, context| {
        if order == Order::Finish {
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    });
    let Some(ended) = ended.await else { return Ok(()) };
    let parts = connection.into_parts();
    let screened = parts.io.into_inner();
    let is_refused = screened.is_over();
    let (mut stream, ahead) = screened.into_inner(parts.read_buf);
    if let Some(tunnel) = life.take_tunnel() {
        let busy = Busy::with(life);
        let mut through = tunnel(Rewound::new(ahead, Box::new(stream)));
        obeying(life, |_, context| through.as_mut().poll(context)).await;
        drop(busy);
    } else {
        // The client may be gone already.
        let _ = obeying(life, |_, context| Pin::new(&mut stream).poll_shutdown(context)).await;
        if is_refused {
            let _ = tokio::time::timeout(LAST_MOMENT, farewell::read_off(stream, LAST_BYTES)).await;
        }
    }
    ended
}

#[cfg(test)]
mod tests;
