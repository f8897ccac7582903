//! A connection that has switched to another protocol, such as WebSocket: bytes in both directions, unread, until both
//! sides have ended.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};

use crate::upstream::{Exchange, Stream};

/// The upstream's side.
pub(crate) struct Tunnel {
    upstream: Stream,
    /// What the upstream has sent already.
    first: Bytes,
}

impl Tunnel {
    /// After the upstream's 101.
    pub(super) fn new(exchange: Exchange) -> Self {
        let (upstream, first) = exchange.into_stream();
        Self { upstream, first }
    }

    /// Passes bytes until both sides have ended. `first` is what the client has sent already.
    ///
    /// # Errors
    /// One side's.
    pub(crate) async fn pass<C>(mut self, mut client: C, first: Bytes) -> io::Result<()>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        client.write_all(&self.first).await?;
        self.upstream.write_all(&first).await?;
        copy_bidirectional(&mut client, &mut self.upstream).await?;
        Ok(())
    }
}
