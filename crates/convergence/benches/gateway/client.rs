//! One connection of the load, with hyper's client.

use std::net::SocketAddr;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::given::Given;
use crate::keys::Row;
use crate::tls;

/// Where requests go, and over what.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    host: HeaderValue,
    path: Uri,
    tls: Option<TlsConnector>,
}

impl Target {
    /// From `url=http://ADDRESS:PORT/PATH`, or `https` and `ca=`, the certificate to trust.
    pub(crate) fn new(given: &Given) -> anyhow::Result<Self> {
        let url: Uri = given.needed("url")?.parse()?;
        let authority = url.authority().context("url= has no address")?;
        let path = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let tls = match url.scheme_str() {
            Some("https") => Some(tls::connector(given.needed("ca")?)?),
            _ => None,
        };
        Ok(Self {
            address: authority.as_str().parse().context("url= needs an address and a port")?,
            host: HeaderValue::try_from(authority.as_str())?,
            path: path.parse()?,
            tls,
        })
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let sender = match &self.tls {
            None => begin(stream).await?,
            Some(tls) => begin(tls.connect(ServerName::from(self.address.ip()), stream).await?).await?,
        };
        Ok(Connection { sender, host: self.host.clone(), path: self.path.clone() })
    }
}

async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> anyhow::Result<SendRequest<Empty<Bytes>>> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    spawn_local(connection);
    Ok(sender)
}

/// An open connection: one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    host: HeaderValue,
    path: Uri,
}

impl Connection {
    /// Asks with a row's key, and waits for the last byte of the answer.
    pub(crate) async fn ask(&mut self, row: &Row) -> anyhow::Result<Response<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.path.clone();
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(AUTHORIZATION, row.authorization.clone());
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, whole(body).await?))
    }
}

async fn whole(mut body: Incoming) -> anyhow::Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}
