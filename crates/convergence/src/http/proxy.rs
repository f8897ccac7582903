//! Everything that goes to `UPSTREAM_URL`. The key has gone from the request when it comes here; the client's name is
//! added, the upstream is asked, and its answer is passed on as it comes.

mod failure;
mod gateway;
mod headers;
mod look_alike;
mod passage;
mod tunnel;

use std::sync::Arc;

use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tracing::debug;

pub(crate) use self::gateway::{Gateway, loosely};
pub(crate) use self::headers::Forwarded;
use self::headers::{Hop, Passed};
pub(crate) use self::passage::Passage;
use super::admit::Caller;
use super::body::Answer;
use super::connection::Connected;
use super::problem::{Problem, not_found};
use super::stamp::RequestId;
use crate::routes::InUse;
use crate::upstream::{
    self, BadAnswer, Exchange, Failed, Fault, Group, Message, Outgoing, Patiences, Server,
};

/// How many upstreams a request tries at most.
const MOST_TRIES: usize = 3;

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
    let version = head.version();
    let mut answer = head.map(|()| Answer::empty());
    *answer.version_mut() = Version::HTTP_11;
    headers::returned(answer.headers_mut(), version);
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        *answer.body_mut() = passage::body(exchange, &connected.pool, server, answer.headers());
        return answer;
    }
    match exchange.into_stream() {
        Some((stream, first)) if hop.protocol.is_some() => {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            connected.upgrade(tunnel::to(stream, first));
            answer
        }
        _ => failure::answer(&BadAnswer::UnaskedUpgrade.into()),
    }
}

/// Where a request goes, and how much time and room it has.
struct Way<'a> {
    gateway: &'a Gateway,
    group: &'a Group,
    patiences: Patiences,
    largest_body: u64,
}

/// The route's way, or the general one; nothing if the path leads nowhere.
fn way<'a>(gateway: &'a Gateway, in_use: Option<&'a InUse>, path: &str) -> Option<Way<'a>> {
    let route = in_use.and_then(|in_use| in_use.routes.find(path));
    let group = match (in_use, route.and_then(|route| route.upstream.as_deref())) {
        (Some(in_use), Some(name)) => in_use.group(name),
        _ => gateway.group(),
    };
    let Patiences { connect, answer } = gateway.patiences;
    Some(Way {
        gateway,
        group: group?,
        patiences: Patiences { connect, answer: route.and_then(|route| route.timeout).unwrap_or(answer) },
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
            server.failed(uptime, &failed.fault);
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

    async fn one(&self, server: &Arc<Server>, body: Outgoing) -> Result<(Response<()>, Exchange), Failed> {
        let Self { connected, way, parts, hop, .. } = *self;
        let headers = Passed { asking: self, server };
        let target = server.address.target(&parts.uri);
        let message = Message { method: &parts.method, target: &target, headers: &headers };
        upstream::ask(&connected.pool, server, &message, hop.protocol.is_some(), body, way.patiences).await
    }

    /// Whether another upstream may be asked although this one may have acted on the request (RFC 9110, 9.2.1). A slow
    /// one is not followed by a second wait.
    fn may_repeat(&self, fault: &Fault) -> bool {
        matches!(fault, Fault::Closed(_))
            && matches!(self.parts.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}
