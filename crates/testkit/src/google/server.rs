//! The socket and the thread. The server has a runtime of its own, so that a test on a single-threaded runtime
//! can block without stopping the Google that it waits for.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::connect_info::Connected;
use axum::routing::{any, get, post};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::inside::Inside;
use super::{api, drive, page, token};

/// The largest request body, in bytes. Google advises 2 MB and takes more.
const LARGEST_BODY: usize = 64 << 20;

/// A running server. Dropping it closes the port and every connection.
pub(super) struct Server {
    /// The server's runtime, for time-outs that do not depend on the test's clock.
    pub(super) runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Binds a loopback port, a free one if it is 0. The address must be known before the server can be described.
///
/// # Errors
/// If the port is taken.
pub(super) fn bind(port: u16) -> io::Result<(std::net::TcpListener, String)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    let base = format!("http://{}", listener.local_addr()?);
    Ok((listener, base))
}

impl Server {
    pub(super) fn spawn(listener: std::net::TcpListener, google: Arc<Inside>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let listener = Door(TcpListener::from_std(listener).expect("the socket is non-blocking"));
            let routes = Router::new()
                .route("/token", post(token::answer))
                .route("/", get(page::show))
                .route("/edit", post(page::edit))
                .route("/tab", post(page::add_tab))
                .route("/share", post(page::share))
                .route("/drive/v3/files", any(drive::answer))
                .route("/drive/v3/files/{*rest}", any(drive::answer))
                .fallback(api::answer)
                .layer(DefaultBodyLimit::max(LARGEST_BODY))
                .with_state(google);
            let serving = axum::serve(listener, routes.into_make_service_with_connect_info::<Connection>());
            tokio::select! {
                _ = serving => {}
                _ = stopped => {}
            }
        };
        // Leaving the thread drops the runtime and with it every open connection.
        let thread =
            std::thread::Builder::new().name("google".to_owned()).spawn(move || runtime.block_on(serve));
        let thread = thread.expect("the system gives a thread");
        Self { runtime: handle, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only if the server has already ended, which is what is asked for.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a handler may do to the connection that its request came by.
#[derive(Clone)]
pub(super) struct Connection {
    /// Set, it makes the connection end with a TCP reset instead of an orderly close.
    pub(super) reset: Arc<AtomicBool>,
}

impl Connected<IncomingStream<'_, Door>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self { reset: Arc::clone(&stream.io().reset) }
    }
}

/// Accepts connections as sockets that can be reset.
pub(super) struct Door(TcpListener);

impl Listener for Door {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Socket { stream, reset: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP stream that is reset when dropped, if told so.
pub(super) struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Acquire) {
            // Closing with a linger of zero sends RST. If it cannot be set, an early end is still an error.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An orderly FIN first would spoil the reset.
        if self.reset.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
