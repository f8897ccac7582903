//! A connection that has switched to another protocol, such as WebSocket: bytes in both directions, unread, until both
//! sides have ended. Once one of them has, the other may not be silent for ever: it may have gone without a word.

use std::cell::Cell;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};
use tracing::debug;

use crate::http::life::Busy;
use crate::http::tunnel::{Tunnel, Upgraded};
use crate::upstream::Stream;

/// What passes the bytes, once the upstream has answered with 101 and the client has been told so. `first` is what the
/// upstream has sent already.
pub(super) fn to(upstream: Stream, first: Bytes) -> Tunnel {
    Box::new(|client, busy| {
        Box::pin(async move {
            if let Err(error) = pass(client, upstream, first, busy).await {
                debug!("a tunnel has ended: {error}");
            }
        })
    })
}

async fn pass(mut client: Upgraded, upstream: Stream, first: Bytes, busy: Busy) -> io::Result<()> {
    client.write_all(&first).await?;
    let ((from_client, to_client), (from_upstream, to_upstream)) = (split(client), split(upstream));
    let busy = Cell::new(Some(busy));
    tokio::try_join!(one_way(from_client, to_upstream, &busy), one_way(from_upstream, to_client, &busy))?;
    Ok(())
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    busy: &Cell<Option<Busy>>,
) -> io::Result<()> {
    copy(&mut from, &mut to).await?;
    drop(busy.take());
    to.shutdown().await
}
