//! Requests that two readers could end in two places: refused with 400, the connection closed, and nothing passed on. By
//! name, from a corpus that others wrote, and beside nginx.

mod attacks;
mod corpus;
mod llhttp;
mod nginx;
mod recorder;
mod upgrades;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use self::recorder::Recorder;
use crate::support::{EXAMPLE, TestServer, csv};

/// Longer than anything here takes; only what is broken does.
const LONG: Duration = Duration::from_secs(20);

/// Behind whatever is sent: answered if that has ended where its sender says, and then the connection is closed.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("a connection")
}

/// Sends bytes, and reads what comes until the other end closes, which it does by itself.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> String {
    // A server that has seen enough may have closed already.
    let _ = stream.write_all(bytes).await;
    let mut answers = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answers)).await;
    // A reset is a close as well.
    let _ = read.unwrap_or_else(|_| panic!("not closed after {:?}", String::from_utf8_lossy(&answers)));
    String::from_utf8_lossy(&answers).into_owned()
}

/// The statuses of some answers, informational ones aside.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    let statuses = lines.filter_map(|line| line.get(2..5)?.parse().ok());
    statuses.filter(|status| *status >= 200).collect()
}

/// A server that guards what is recorded, with the guide's key.
async fn guarding(upstream: &Recorder) -> TestServer {
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &upstream.url)]).await
}

/// The same with an open door.
fn passing_on(upstream: &Recorder) -> TestServer {
    TestServer::with(&[("UPSTREAM_URL", &upstream.url)])
}
