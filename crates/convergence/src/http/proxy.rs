//! Everything that goes to `UPSTREAM_URL`. The key has gone from the request when it comes here; the client's name is
//! added, the upstream is asked, and its answer is passed on as it comes.

mod failure;
mod headers;
mod look_alike;
mod passage;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;

pub(crate) use self::headers::Values as Forwarded;
pub(crate) use self::passage::Passage;
use super::admit::Caller;
use super::body::Answer;
use super::connection::Connected;
use super::problem::Problem;
use super::stamp::RequestId;
use crate::config;
use crate::upstream::{BadAnswer, Exchange, Failed, Fault, Group, Link, Outgoing, Server, Stream};

/// How many upstreams a request tries at most.
const MOST_TRIES: usize = 3;

/// Whose API is guarded, and how it is asked.
pub(crate) struct Gateway {
    group: Group,
    authorization: Option<HeaderValue>,
    keep_host: bool,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Gateway {
    pub(crate) fn new(upstream: config::Upstream) -> Self {
        let config::Upstream { addresses, authorization, keep_host, connect_timeout, timeout } = upstream;
        Self { group: Group::new(addresses), authorization, keep_host, connect_timeout, timeout }
    }
}

/// Passes a request on, and its answer back.
pub(super) async fn answer(
    connected: &Connected,
    gateway: &Gateway,
    caller: &Caller,
    request: Request<Incoming>,
    id: RequestId,
) -> Response<Answer> {
    if let Some(refusal) = refuse_method(request.method()) {
        return refusal;
    }
    let protocol = headers::wanted_upgrade(&request);
    let (mut parts, body) = request.into_parts();
    let facts = headers::Facts { connected, gateway, caller, id, protocol: protocol.as_ref() };
    headers::prepare(&mut parts, &facts);
    let body = Outgoing::new(body, u64::MAX, connected.app.listen.body_timeout);
    let (head, exchange, server) = match ask(connected, gateway, &mut parts, body).await {
        Ok(answered) => answered,
        Err(fault) => return failure::answer(&fault),
    };
    let mut answer = head.map(|()| Answer::empty());
    headers::returned(answer.headers_mut());
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        *answer.body_mut() = passage::body(exchange, &connected.pool, server, answer.headers());
        return answer;
    }
    match protocol {
        Some(protocol) => {
            headers::switched(answer.headers_mut(), protocol);
            connected.upgrade(tunnel::to(exchange));
            answer
        }
        None => failure::answer(&BadAnswer::UnaskedUpgrade.into()),
    }
}

/// `CONNECT` asks for a tunnel to anywhere, and `TRACE` for a copy of what the upstream was sent, its credentials
/// included.
fn refuse_method(method: &Method) -> Option<Response<Answer>> {
    let refused = matches!(*method, Method::CONNECT | Method::TRACE);
    refused.then(|| {
        let detail = format!("{method} is not passed on");
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
            .answer()
    })
}

type Answered = (Response<()>, Exchange, Arc<Server>);

/// Asks one upstream after the other, for as long as it is certain that no request is carried out twice.
async fn ask(
    connected: &Connected,
    gateway: &Gateway,
    parts: &mut Parts,
    mut body: Outgoing,
) -> Result<Answered, Fault> {
    body.check_announced()?;
    let asked = parts.uri.clone();
    let mut last = None;
    let uptime = connected.app.clock.now().uptime;
    for server in gateway.group.in_turn(uptime).take(MOST_TRIES) {
        aim(parts, &asked, server, gateway.keep_host);
        let failed = match ask_one(connected, gateway, server, parts, body).await {
            Ok((head, exchange)) => {
                server.succeeded();
                return Ok((head, exchange, Arc::clone(server)));
            }
            Err(failed) => failed,
        };
        if matches!(failed.fault, Fault::Request(_)) {
            return Err(failed.fault);
        }
        server.failed(uptime);
        tracing::debug!("no answer from the upstream {}: {}", server.address.shown, failed.fault);
        match failed {
            Failed { fault, body: Some(again), unsent, .. }
                if unsent || may_repeat(&fault, &parts.method) =>
            {
                (last, body) = (Some(fault), again);
            }
            Failed { fault, .. } => return Err(fault),
        }
    }
    Err(last.unwrap_or_else(|| Fault::Connect(std::io::ErrorKind::NotFound.into())))
}

/// Whether another upstream may be asked although this one may have acted on the request (RFC 9110, 9.2.1). A slow one is
/// not followed by a second wait.
fn may_repeat(fault: &Fault, method: &Method) -> bool {
    matches!(fault, Fault::Closed(_)) && matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Asks this upstream: over a kept connection if there is one, and as long as those turn out to be closed, over the next.
async fn ask_one(
    connected: &Connected,
    gateway: &Gateway,
    server: &Arc<Server>,
    parts: &Parts,
    mut body: Outgoing,
) -> Result<(Response<()>, Exchange), Failed> {
    while let Some(link) = connected.pool.take(server) {
        match link.ask(parts, body, gateway.timeout).await {
            Ok(answered) => return Ok(answered),
            // RFC 9112, 9.3.1: what may be done twice is sent again after a kept connection was closed.
            Err(Failed { fault: Fault::Closed(_) | Fault::Stale, body: Some(again), unsent, .. })
                if unsent || is_idempotent(&parts.method) =>
            {
                body = again;
            }
            Err(failed) => return Err(failed),
        }
    }
    let connecting = Stream::connect(&server.address.target);
    let fault = match tokio::time::timeout(gateway.connect_timeout, connecting).await {
        Ok(Ok(stream)) => return Link::new(stream).ask(parts, body, gateway.timeout).await,
        Ok(Err(error)) => Fault::Connect(error),
        Err(_) => Fault::ConnectTimeout(gateway.connect_timeout.as_secs()),
    };
    Err(Failed { fault, unsent: true, body: Some(body) })
}

/// RFC 9110, 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// Names this upstream in the request.
fn aim(parts: &mut Parts, asked: &Uri, server: &Server, keep_host: bool) {
    if let Some(uri) = server.address.uri(asked) {
        parts.uri = uri;
    }
    if !keep_host {
        parts.headers.insert(http::header::HOST, server.address.host.clone());
    }
}
