//! The API that is guarded: it answers everything, and remembers what it was asked. Or a server in the place of Convergence.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it says to everybody.
pub const GREETING: &str = "hello from the API";

/// A request as it got there.
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    /// Every value of a header.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
    }
}

/// Ends with the test.
pub struct Upstream {
    pub port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    status: AtomicU16,
    seen: Mutex<Vec<Seen>>,
}

impl Upstream {
    /// Answers everything with this status, but for `/health`: that is 200, so that it is asked at all.
    pub async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared { status: AtomicU16::new(status), seen: Mutex::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    pub fn answer_with(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }

    /// What came since the last look.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().expect("no panic while it is held"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn answer(
    mut request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let upgrade = request.headers().contains_key("upgrade").then(|| hyper::upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    let (method, target) = (head.method.to_string(), head.uri.to_string());
    if target == "/health" {
        return Ok(Response::default());
    }
    let verifies = target == "/auth/verify";
    let seen = Seen { method, target, headers: head.headers, body };
    shared.seen.lock().expect("no panic while it is held").push(seen);
    if let Some(upgrade) = upgrade {
        tokio::spawn(echo(upgrade));
        return Ok(switching());
    }
    let answer = Response::builder().status(shared.status.load(Ordering::Relaxed));
    let answer = answer.header("x-request-id", "1-1");
    // In the place of Convergence: that of an open door, which knows nobody.
    let answer = if verifies { answer } else { answer.header("x-client-name", "the API's own idea") };
    Ok(answer.body(Full::from(GREETING)).expect("an answer"))
}

/// The answer to the key of RFC 6455, 1.3.
fn switching() -> Response<Full<Bytes>> {
    let answer =
        Response::builder().status(101).header("connection", "upgrade").header("upgrade", "websocket");
    let answer = answer.header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    answer.body(Full::default()).expect("an answer")
}

async fn echo(upgrade: OnUpgrade) {
    let (mut read, mut write) = tokio::io::split(TokioIo::new(upgrade.await.expect("another protocol")));
    // Ends when the other side does.
    let _ = tokio::io::copy(&mut read, &mut write).await;
}
