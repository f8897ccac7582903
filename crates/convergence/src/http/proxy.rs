//! Everything that goes to `UPSTREAM_URL`. The key has gone from the request when it comes here; the client's name is
//! added, the upstream is asked, and its answer is passed on as it comes.

mod failure;
mod headers;
mod look_alike;
mod passage;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tracing::{debug, info};

pub(crate) use self::headers::Forwarded;
use self::headers::{Hop, Passed};
pub(crate) use self::passage::Passage;
use super::admit::Caller;
use super::body::Answer;
use super::connection::Connected;
use super::problem::{Problem, not_found};
use super::stamp::RequestId;
use crate::config;
use crate::routes::InUse;
use crate::upstream::{BadAnswer, Exchange, Failed, Fault, Group, Link, Message, Outgoing, Server, Stream};

/// How many upstreams a request tries at most.
const MOST_TRIES: usize = 3;

/// Whose API is guarded, and how it is asked.
pub(crate) struct Gateway {
    /// For whatever no route sends elsewhere.
    group: Option<Group>,
    authorization: Option<HeaderValue>,
    keep_host: bool,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Gateway {
    pub(crate) fn new(upstream: config::Upstream) -> Self {
        let config::Upstream { addresses, authorization, keep_host, connect_timeout, timeout } = upstream;
        let group = (!addresses.is_empty()).then(|| Group::new(addresses));
        for address in group.iter().flat_map(Group::addresses) {
            info!("what is not ours goes to {}", address.shown);
        }
        Self { group, authorization, keep_host, connect_timeout, timeout }
    }

    /// Whether there is one for every path.
    pub(crate) fn has_upstream(&self) -> bool {
        self.group.is_some()
    }
}

/// Passes a request on, and its answer back.
pub(super) async fn answer(
    connected: &Connected,
    caller: &Caller,
    request: Request<Incoming>,
    id: RequestId,
) -> Response<Answer> {
    if let Some(refusal) = refuse_method(request.method()) {
        return refusal;
    }
    let gateway = &connected.app.gateway;
    let routes = connected.app.routes();
    let Some(way) = way(gateway, routes.as_deref(), request.uri().path()) else { return not_found() };
    let (parts, body) = request.into_parts();
    let hop = Hop::read(&parts.headers, parts.version);
    let body = Outgoing::new(body, way.largest_body, connected.app.listen.body_timeout);
    let asking = Asking { connected, way: &way, caller, id, parts: &parts, hop: &hop };
    let (head, exchange, server) = match asking.any(body).await {
        Ok(answered) => answered,
        Err(fault) => return failure::answer(&fault),
    };
    let mut answer = head.map(|()| Answer::empty());
    headers::returned(answer.headers_mut());
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        *answer.body_mut() = passage::body(exchange, &connected.pool, server, answer.headers());
        return answer;
    }
    if hop.protocol.is_none() {
        return failure::answer(&BadAnswer::UnaskedUpgrade.into());
    }
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    connected.upgrade(tunnel::to(exchange));
    answer
}

/// Where a request goes, and how much time and room it has.
struct Way<'a> {
    gateway: &'a Gateway,
    group: &'a Group,
    timeout: Duration,
    largest_body: u64,
}

/// The route's way, or the general one; nothing if the path leads nowhere.
fn way<'a>(gateway: &'a Gateway, in_use: Option<&'a InUse>, path: &str) -> Option<Way<'a>> {
    let route = in_use.and_then(|in_use| in_use.routes.find(path));
    let group = match (in_use, route.and_then(|route| route.upstream.as_deref())) {
        (Some(in_use), Some(name)) => in_use.group(name),
        _ => gateway.group.as_ref(),
    };
    Some(Way {
        gateway,
        group: group?,
        timeout: route.and_then(|route| route.timeout).unwrap_or(gateway.timeout),
        largest_body: route.and_then(|route| route.max_body_bytes).unwrap_or(u64::MAX),
    })
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

/// A request that is to be sent.
struct Asking<'a> {
    connected: &'a Connected,
    way: &'a Way<'a>,
    caller: &'a Caller,
    id: RequestId,
    parts: &'a Parts,
    hop: &'a Hop,
}

impl Asking<'_> {
    /// Asks one upstream after the other, for as long as it is certain that no request is carried out twice.
    async fn any(&self, mut body: Outgoing) -> Result<Answered, Fault> {
        body.check_announced()?;
        let mut last = None;
        let uptime = self.connected.app.clock.now().uptime;
        for server in self.way.group.in_turn(uptime).take(MOST_TRIES) {
            let failed = match self.one(server, body).await {
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
            debug!("no answer from the upstream {}: {}", server.address.shown, failed.fault);
            match failed {
                Failed { fault, body: Some(again), unsent } if unsent || self.may_repeat(&fault) => {
                    (last, body) = (Some(fault), again);
                }
                Failed { fault, .. } => return Err(fault),
            }
        }
        Err(last.unwrap_or_else(|| Fault::Connect(std::io::ErrorKind::NotFound.into())))
    }

    /// Asks this upstream: over a kept connection if there is one, and as long as those turn out to be closed, over the
    /// next.
    async fn one(
        &self,
        server: &Arc<Server>,
        mut body: Outgoing,
    ) -> Result<(Response<()>, Exchange), Failed> {
        let Self { connected, way, caller, id, parts, hop } = *self;
        let headers = Passed { parts, hop, connected, gateway: way.gateway, caller, id, server };
        let target = server.address.target(&parts.uri);
        let message = Message { method: &parts.method, target: &target, headers: &headers };
        while let Some(link) = connected.pool.take(server) {
            match link.ask(&message, body, way.timeout).await {
                Ok(answered) => return Ok(answered),
                // RFC 9112, 9.3.1: what may be done twice is sent again after a kept connection was closed.
                Err(Failed { fault: Fault::Closed(_) | Fault::Stale, body: Some(again), unsent })
                    if unsent || is_idempotent(&parts.method) =>
                {
                    body = again;
                }
                Err(failed) => return Err(failed),
            }
        }
        let connecting = Stream::connect(&server.address.target);
        let fault = match tokio::time::timeout(way.gateway.connect_timeout, connecting).await {
            Ok(Ok(stream)) => return Link::new(stream).ask(&message, body, way.timeout).await,
            Ok(Err(error)) => Fault::Connect(error),
            Err(_) => Fault::ConnectTimeout(way.gateway.connect_timeout.as_secs()),
        };
        Err(Failed { fault, unsent: true, body: Some(body) })
    }

    /// Whether another upstream may be asked although this one may have acted on the request (RFC 9110, 9.2.1). A slow
    /// one is not followed by a second wait.
    fn may_repeat(&self, fault: &Fault) -> bool {
        matches!(fault, Fault::Closed(_))
            && matches!(self.parts.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

/// RFC 9110, 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}
