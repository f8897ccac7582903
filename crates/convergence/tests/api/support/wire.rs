//! HTTP written and read by hand: a client that may misbehave, and an upstream that does what a test tells it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::TestServer;

/// Longer than anything here takes; only what is broken does.
const LONG: Duration = Duration::from_secs(20);

/// One end of a connection.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// A client of this server.
    pub async fn to(server: &TestServer) -> Self {
        let address = server.url.trim_start_matches("http://");
        Self::over(TcpStream::connect(address).await.expect("a connection"))
    }

    fn over(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the other end takes it");
    }

    /// The next message's first line and headers, sorted, and without what differs from run to run.
    pub async fn head(&mut self) -> String {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await).expect("ASCII");
        let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
        lines.retain(|line| !line.starts_with("x-request-id: ") && !line.starts_with("date: "));
        lines[1..].sort_unstable();
        lines.join("\n")
    }

    /// Everything up to the end of this mark.
    pub async fn until(&mut self, mark: &[u8]) -> Vec<u8> {
        loop {
            if let Some(place) = self.read.windows(mark.len()).position(|window| window == mark) {
                return self.read.drain(..place + mark.len()).collect();
            }
            assert!(self.more().await, "closed after {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next bytes.
    pub async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.more().await, "closed after {:?}", String::from_utf8_lossy(&self.read));
        }
        self.read.drain(..length).collect()
    }

    /// What comes until the other end closes, in good order or not.
    pub async fn until_closed(mut self) -> Vec<u8> {
        while self.more().await {}
        self.read
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("a socket option");
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 4_096];
        let read = tokio::time::timeout(LONG, self.stream.read(&mut bytes)).await.expect("something happens");
        let read = read.unwrap_or(0);
        self.read.extend_from_slice(&bytes[..read]);
        read > 0
    }
}

/// An upstream whose every byte the test writes.
pub struct Upstream {
    listener: TcpListener,
    pub url: String,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        Self { listener, url }
    }

    /// The next connection.
    pub async fn accept(&self) -> Wire {
        let accepted =
            tokio::time::timeout(LONG, self.listener.accept()).await.expect("a connection in time");
        Wire::over(accepted.expect("a connection").0)
    }

    /// Answers every request, over as many connections as are made, with these bytes.
    pub fn answering(self, answer: &'static str) -> String {
        let url = self.url.clone();
        tokio::spawn(async move {
            loop {
                let mut wire = self.accept().await;
                tokio::spawn(async move {
                    loop {
                        wire.until(b"\r\n\r\n").await;
                        wire.send(answer).await;
                    }
                });
            }
        });
        url
    }
}
