//! A connection that has switched to another protocol, such as WebSocket: bytes in both directions, unread, until both
//! sides have ended.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tracing::debug;

use crate::http::tunnel::{Tunnel, Upgraded};
use crate::upstream::Stream;

/// What passes the bytes, once the upstream has answered with 101 and the client has been told so. `first` is what the
/// upstream has sent already.
pub(super) fn to(upstream: Stream, first: Bytes) -> Tunnel {
    Box::new(|client| {
        Box::pin(async move {
            if let Err(error) = pass(client, upstream, first).await {
                debug!("a tunnel has ended: {error}");
            }
        })
    })
}

async fn pass(mut client: Upgraded, mut upstream: Stream, first: Bytes) -> io::Result<()> {
    client.write_all(&first).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}
