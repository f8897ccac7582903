//! A proxy that only proxies: hyper on both sides, and an upstream connection for each client connection. No key, no
//! limit, no name, no header added; so it is the least that a proxy with hyper costs, and no gateway.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{Request, Response};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use crate::given::Given;
use crate::tls;

type Answer = Response<Either<Incoming, Empty<Bytes>>>;

pub(crate) async fn run(given: &Given) -> anyhow::Result<()> {
    let upstream = given.text("upstream").map(str::parse::<SocketAddr>).transpose()?;
    let tls = given.text("cert").map(|cert| tls::acceptor(cert, given.needed("key")?)).transpose()?;
    let listener = TcpListener::bind(("127.0.0.1", given.number("port")?)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        match tls.clone() {
            None => drop(spawn_local(serve(stream, upstream))),
            Some(tls) => drop(spawn_local(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, upstream).await;
                }
            })),
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, upstream: Option<SocketAddr>) {
    let kept = Rc::new(Cell::new(None));
    let service = service_fn(move |request| {
        let kept = Rc::clone(&kept);
        async move {
            match upstream {
                Some(upstream) => forward(upstream, &kept, request).await,
                None => Ok(fixed()),
            }
        }
    });
    // Whoever checks the answers sees a connection that breaks.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// An error ends the client's connection: nothing is retried, and no 502 is made.
async fn forward(
    upstream: SocketAddr,
    kept: &Cell<Option<SendRequest<Incoming>>>,
    mut request: Request<Incoming>,
) -> anyhow::Result<Answer> {
    let mut sender = match kept.take() {
        Some(sender) => sender,
        None => connect(upstream).await?,
    };
    sender.ready().await?;
    request.headers_mut().remove(CONNECTION);
    let mut answer = sender.send_request(request).await?;
    answer.headers_mut().remove(CONNECTION);
    kept.set(Some(sender));
    Ok(answer.map(Either::Left))
}

async fn connect(upstream: SocketAddr) -> anyhow::Result<SendRequest<Incoming>> {
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    spawn_local(connection);
    Ok(sender)
}

fn fixed() -> Answer {
    Response::new(Either::Right(Empty::new()))
}
