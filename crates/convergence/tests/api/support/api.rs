//! An API behind the gateway, over whatever it should speak.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The length of `/large`.
pub const LARGE: usize = 32 << 20;

/// How many requests one connection of HTTP/2 takes at a time.
pub const STREAMS: u32 = 20;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// Routes: `/echo` gives the body back as it comes, trailers included; `/large` has 32 megabytes;
/// `/hang` never answers; `/slow` takes the body a piece at a time; `/health` answers as it is told to; `/coffee` is a
/// teapot; everything else says what was asked.
pub struct Api {
    pub address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    tls: Option<TlsAcceptor>,
    http2: bool,
    health: AtomicU16,
    connections: AtomicUsize,
    resumed: AtomicUsize,
    /// Requests whose answers are still wanted.
    waiting: AtomicUsize,
    checks: AtomicUsize,
    /// What `/slow` has had of its body.
    taken: AtomicUsize,
    /// What has been taken of all bodies of `/large`.
    given: Arc<AtomicUsize>,
    last_check: Mutex<Value>,
}

impl Api {
    /// Without TLS.
    pub async fn start(http2: bool) -> Self {
        Self::start_with(None, http2).await
    }

    /// With TLS, over which the version is agreed upon.
    pub async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::start_with(Some(tls), false).await
    }

    async fn start_with(tls: Option<TlsAcceptor>, http2: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State { tls, http2, health: AtomicU16::new(200), ..State::default() });
        let task = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&state).accept(stream));
                }
            }
        });
        Self { address, state, task }
    }

    /// Connections made so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// TLS sessions that were resumed.
    pub fn resumed(&self) -> usize {
        self.state.resumed.load(Ordering::SeqCst)
    }

    /// Requests to `/hang` that nobody has given up.
    pub fn waiting(&self) -> usize {
        self.state.waiting.load(Ordering::SeqCst)
    }

    /// How much of its body `/slow` has taken.
    pub fn taken(&self) -> usize {
        self.state.taken.load(Ordering::SeqCst)
    }

    /// How much has been taken of all bodies of `/large`.
    pub fn given(&self) -> usize {
        self.state.given.load(Ordering::SeqCst)
    }

    /// Health checks so far.
    pub fn checks(&self) -> usize {
        self.state.checks.load(Ordering::SeqCst)
    }

    /// What the last of them asked.
    pub fn last_check(&self) -> Value {
        self.state.last_check.lock().expect("no panic").clone()
    }

    pub fn set_health(&self, status: u16) {
        self.state.health.store(status, Ordering::SeqCst);
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    async fn accept(self: Arc<Self>, stream: TcpStream) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let Some(tls) = &self.tls else {
            let http2 = self.http2;
            return self.serve(stream, http2).await;
        };
        // Whoever does not like the certificate hangs up.
        let Ok(stream) = tls.accept(stream).await else { return };
        let session = stream.get_ref().1;
        if session.handshake_kind() == Some(rustls::HandshakeKind::Resumed) {
            self.resumed.fetch_add(1, Ordering::SeqCst);
        }
        let http2 = session.alpn_protocol() == Some(b"h2");
        self.serve(stream, http2).await;
    }

    async fn serve(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        http2: bool,
    ) {
        let io = TokioIo::new(stream);
        let service = service_fn(move |request| {
            let state = Arc::clone(&self);
            async move { Ok::<_, Infallible>(state.answer(request).await) }
        });
        // How a connection ends is the other side's affair.
        let _ = if http2 {
            let mut http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            http.max_concurrent_streams(STREAMS).serve_connection(io, service).await
        } else {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.max_buf_size(16 << 10).serve_connection(io, service).with_upgrades().await
        };
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let kept = ["content-type", "trailer"].map(|name| (name, request.headers().get(name).cloned()));
        let mut answer = match request.uri().path() {
            "/echo" => Response::new(request.into_body().boxed_unsync()),
            "/large" => large(&self.given),
            "/slow" => self.slow(request).await,
            "/hang" => self.hang().await,
            "/coffee" => status(418),
            "/switch" => switch(request),
            "/health" => {
                *self.last_check.lock().expect("no panic") = asked(&request);
                self.checks.fetch_add(1, Ordering::SeqCst);
                status(self.health.load(Ordering::SeqCst))
            }
            _ => Response::new(full(asked(&request).to_string())),
        };
        for (name, value) in kept {
            value.map(|value| answer.headers_mut().insert(name, value));
        }
        answer
    }

    /// Takes a piece of the body every now and then, and says how long it was.
    async fn slow(&self, request: Request<Incoming>) -> Response<Body> {
        let (mut body, mut length) = (request.into_body(), 0);
        while let Some(frame) = body.frame().await {
            length += frame.expect("a whole body").data_ref().map_or(0, Bytes::len);
            self.taken.store(length, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Response::new(full(length.to_string()))
    }

    async fn hang(&self) -> Response<Body> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        std::future::pending().await
    }
}

/// The large body, a piece at a time, counted.
fn large(given: &Arc<AtomicUsize>) -> Response<Body> {
    static PIECE: [u8; 1 << 16] = [b'x'; 1 << 16];
    let given = Arc::clone(given);
    let pieces = (0..LARGE / PIECE.len()).map(move |_| {
        given.fetch_add(PIECE.len(), Ordering::SeqCst);
        Ok(Frame::data(Bytes::from_static(&PIECE)))
    });
    let mut answer = Response::new(StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync());
    answer.headers_mut().insert("content-length", LARGE.into());
    answer
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

fn status(status: u16) -> Response<Body> {
    let mut answer = Response::new(full(""));
    *answer.status_mut() = status.try_into().expect("a status");
    answer
}

/// Gives the bytes of a new protocol back.
fn switch(request: Request<Incoming>) -> Response<Body> {
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(request).await.expect("a new protocol");
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let mut answer = status(101);
    answer.headers_mut().insert("connection", "upgrade".parse().expect("text"));
    answer.headers_mut().insert("upgrade", "echo".parse().expect("text"));
    answer
}

fn asked(request: &Request<Incoming>) -> Value {
    json!({
        "version": format!("{:?}", request.version()),
        "uri": request.uri().to_string(),
        "headers": headers(request.headers()),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    let lines = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").into()));
    Value::Object(lines.collect())
}
