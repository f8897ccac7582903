//! The listener that sends clients from http to https (`TLS_REDIRECT_PORT`). It answers nothing else, reads no key and
//! has a thread of its own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::header::{HOST, LOCATION};
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug;

use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::side::SideListener;

/// Connections open at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 256;

/// For a request's headers to arrive. A connection is good for one request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The port that https has by itself.
const HTTPS: u16 = 443;

/// The bound socket, and the port of https.
pub(crate) struct RedirectListener {
    side: SideListener,
    to: u16,
}

impl RedirectListener {
    /// Binds it; port 0 becomes a free one.
    ///
    /// # Errors
    /// The address is in use, or not this machine's.
    pub(crate) fn bind(address: SocketAddr, to: u16) -> io::Result<Self> {
        Ok(Self { side: SideListener::bind(address)?, to })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.side.address()
    }

    /// Serves for as long as its runtime does.
    pub(crate) async fn serve(self) {
        let connection = |stream, slot| connection(stream, self.to, slot);
        self.side.serve("the listener of TLS_REDIRECT_PORT", MOST_CONNECTIONS, connection).await;
    }
}

async fn connection(stream: TcpStream, to: u16, slot: OwnedSemaphorePermit) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).keep_alive(false);
    let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, to))));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Ok(Err(error)) = tokio::time::timeout(2 * HEADER_TIMEOUT, connection).await {
        debug!("connection to be redirected ended: {error}");
    }
    drop(slot);
}

fn answer<B>(request: &Request<B>, to: u16) -> Response<Answer> {
    let Some(location) = location(request, to) else {
        let detail = "this port only redirects to https, for which it needs a Host header";
        return Problem::new(Code::NoHost, detail).answer();
    };
    let mut answer = Response::new(Answer::empty());
    // Permanent, and with the same method and body (RFC 9110, section 15.4.9).
    *answer.status_mut() = StatusCode::PERMANENT_REDIRECT;
    answer.headers_mut().insert(LOCATION, location);
    answer
}

/// The same place over https: the host that the client asked for, without its port.
fn location<B>(request: &Request<B>, to: u16) -> Option<HeaderValue> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else { return None };
    let authority: Authority = host.to_str().ok()?.parse().ok()?;
    let host = authority.host();
    if host.is_empty() || authority.as_str().contains('@') {
        return None;
    }
    let port = if to == HTTPS { String::new() } else { format!(":{to}") };
    // Of `*` (OPTIONS) and of an absolute URI there is a path and a query as well.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    HeaderValue::from_str(&format!("https://{host}{port}{path}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_over_https() {
        let place = |uri: &str, hosts: &[&str], to| {
            let mut request = Request::get(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let request = request.body(()).expect("a request");
            location(&request, to).map(|value| value.to_str().expect("ASCII").to_owned())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(place("/a?b=c", &["x.example"], 443), some("https://x.example/a?b=c"));
        assert_eq!(place("/", &["x.example:8080"], 8443), some("https://x.example:8443/"));
        assert_eq!(place("/", &["[::1]:80"], 443), some("https://[::1]/"));
        assert_eq!(place("http://other/a", &["x"], 443), some("https://x/a"));
        assert_eq!(place("//evil.example/a", &["x"], 443), some("https://x//evil.example/a"));
        for hosts in [&[][..], &["a", "b"], &["a b"], &["user@a"], &[""], &["a/b"]] {
            assert_eq!(place("/", hosts, 443), None, "{hosts:?}");
        }
    }
}
