//! A way to an upstream: TCP, with TLS or without, or a socket in the file system.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::address::{Speaks, Target};
use super::fault::Fault;
use super::group::Server;

/// An open connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// An open connection, and whether HTTP/2 is spoken on it.
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) http2: bool,
}

/// Connects; a name is looked up anew each time, and each of its addresses is tried. `only_http1` where a request needs
/// HTTP/1.
///
/// # Errors
/// The last address's, or TLS's.
pub(super) async fn open(server: &Server, only_http1: bool) -> Result<Opened, Fault> {
    let (host, port) = match &server.address.target {
        Target::Tcp { host, port } => (host.as_str(), *port),
        Target::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(Fault::Connect)?;
            return Ok(Opened { stream: Stream::Unix(stream), http2: false });
        }
    };
    let stream = TcpStream::connect((host, port)).await.map_err(Fault::Connect)?;
    // A request goes out in one write, so there is nothing to gather.
    let _ = stream.set_nodelay(true);
    let Some((tls, name)) = &server.tls else {
        return Ok(Opened { stream: Stream::Tcp(stream), http2: server.address.speaks == Speaks::Http2 });
    };
    let (stream, http2) = tls.connect(name, stream, only_http1).await?;
    Ok(Opened { stream: Stream::Tls(Box::new(stream)), http2 })
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
