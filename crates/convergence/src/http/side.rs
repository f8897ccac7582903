//! A listener beside the public one, for few connections that each have a time-out of their own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

/// The bound socket, which does not block.
pub(super) struct SideListener(pub(super) TcpListener);

impl SideListener {
    /// Binds it; port 0 becomes a free one.
    ///
    /// # Errors
    /// The address is in use, or not this machine's.
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves for as long as its runtime does, on its thread: at most `most` connections at a time, more wait. `what` names
    /// it in the log.
    pub(super) async fn serve<F>(
        self,
        what: &str,
        most: usize,
        connection: impl Fn(TcpStream, OwnedSemaphorePermit) -> F,
    ) where
        F: Future<Output = ()> + 'static,
    {
        let listener = match tokio::net::TcpListener::from_std(self.0) {
            Ok(listener) => listener,
            Err(error) => return warn!("{what} could not be started: {error}"),
        };
        let slots = Arc::new(Semaphore::new(most));
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("it is never closed");
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::task::spawn_local(connection(stream, slot))),
                Err(error) => {
                    warn!("a connection to {what} could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}
