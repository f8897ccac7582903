//! Time-outs of an answer's body.

use std::task::Waker;

use http::HeaderMap;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::*;

const PATIENCE: Duration = Duration::from_secs(3);

/// What there is of a body at this moment.
async fn look(exchange: &mut Exchange) -> Poll<Option<Result<Frame<Bytes>, BadAnswer>>> {
    // So that what has been written is seen to be there.
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    exchange.poll_frame(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_body_stands_still_only_while_nothing_comes() {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    theirs.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.expect("room");
    let headers = HeaderMap::new();
    let message = Message { method: &Method::GET, target: "/", headers: &headers };
    let asked = Link::new(Stream::Unix(ours)).ask(&message, Outgoing::none(), PATIENCE).await;
    let (_, mut exchange) = asked.unwrap_or_else(|failed| panic!("{}", failed.fault));
    assert!(look(&mut exchange).await.is_pending());
    // Half of a chunk's first line; the client takes nothing for long, and so nobody looks.
    theirs.write_all(b"5").await.expect("room");
    tokio::time::advance(10 * PATIENCE).await;
    assert!(look(&mut exchange).await.is_pending(), "something has come");
    theirs.write_all(b"\r\nhello\r\n").await.expect("room");
    assert!(matches!(look(&mut exchange).await, Poll::Ready(Some(Ok(frame))) if frame.is_data()));
    assert!(look(&mut exchange).await.is_pending());
    tokio::time::advance(PATIENCE).await;
    assert!(matches!(look(&mut exchange).await, Poll::Ready(Some(Err(BadAnswer::Stalled(3))))));
}
