//! The upstream, the same for all: as little as hyper can do.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::given::Given;

const SMALL: &[u8] = b"Hello from the upstream.\n";
const LARGE: &[u8] = &[b'x'; 65_536];
const CLIENT: HeaderName = HeaderName::from_static("x-client-name");

pub(crate) async fn run(given: &Given) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", given.number("port")?)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| ready(Ok::<_, Infallible>(answer(&request))));
            // A connection that breaks is the proxy's to tell.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, body) = match request.uri().path() {
        "/small" => (StatusCode::OK, Bytes::from_static(SMALL)),
        "/large" => (StatusCode::OK, Bytes::from_static(LARGE)),
        "/name" => name(request),
        _ => (StatusCode::NOT_FOUND, Bytes::new()),
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

/// Repeats the client's name, and complains of a key: it was not to come this far.
fn name(request: &Request<Incoming>) -> (StatusCode, Bytes) {
    if request.headers().contains_key(AUTHORIZATION) {
        return (StatusCode::BAD_REQUEST, Bytes::from_static(b"the key reached the upstream\n"));
    }
    match request.headers().get(CLIENT) {
        Some(name) => (StatusCode::OK, Bytes::copy_from_slice(name.as_bytes())),
        None => {
            (StatusCode::BAD_REQUEST, Bytes::from_static(b"the upstream was not told the client's name\n"))
        }
    }
}
