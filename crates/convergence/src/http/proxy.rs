//! Everything that goes to `UPSTREAM_URL`. The key has gone from the request when it comes here; the client's name is
//! added, the upstream is asked, and its answer is passed on as it comes.

mod failure;
mod gateway;
mod headers;
mod look_alike;
mod passage;
mod tunnel;

use std::sync::Arc;

use http::{Method, Response, StatusCode};
use tracing::debug;

pub(crate) use self::gateway::{Gateway, loosely};
pub(crate) use self::headers::Forwarded;
use self::headers::{Hop, Lines};
pub(crate) use self::passage::Passage;
use super::admit::Caller;
use super::body::Answer;
use super::code::Code;
use super::connection::Connected;
use super::problem::{Problem, not_found};
use super::reply::Reply;
use super::request::{Head, Request};
use super::stamp::{RequestId, Stamp};
use super::tunnel::Tunnel;
use super::underway::Underway;
use crate::app::App;
use crate::routes::InUse;
use crate::upstream::{
    self, AnswerHead, BadAnswer, Exchange, Failed, Fault, Group, Message, Outgoing, Patiences, Server,
};

/// How many upstreams a request tries at most.
const MOST_TRIES: usize = 3;

/// An upstream's answer, for the client.
pub(super) struct Passed {
    head: AnswerHead,
    body: Answer,
    tunnel: Option<Tunnel>,
}

impl Passed {
    /// As it goes out.
    pub(super) fn reply(self, underway: Underway) -> Reply {
        let Self { head: AnswerHead { status, version, fields }, body, tunnel } = self;
        let stamp = Stamp { underway, via: Some(headers::via(version)), leave: None };
        Reply { status, fields, body, stamp, tunnel }
    }
}

/// Passes a request on, and its answer back.
///
/// # Errors
/// What the client is told instead.
pub(super) async fn pass(
    connected: &Connected,
    caller: &Caller,
    request: Request,
    underway: &Underway,
) -> Result<Passed, Response<Answer>> {
    let Request { head: asked, body } = request;
    if let Some(refusal) = refuse_method(&asked.method) {
        return Err(refusal);
    }
    let gateway = &connected.app.gateway;
    let routes = connected.app.routes();
    let way = way(gateway, routes.as_deref(), asked.target.path()).ok_or_else(not_found)?;
    let hop = Hop::read(&asked.fields, asked.version);
    let body = Outgoing::new(body, way.largest_body, connected.app.listen.body_timeout);
    let asking = Asking { connected, way: &way, caller, id: underway.id, head: &asked, hop: &hop };
    let answered = asking.any(body).await.map_err(|fault| failure::answer(&fault));
    let (head, exchange, server) = answered?;
    underway.upstream_answers();
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        let body = passage::body(exchange, &connected.pool, server, &head.fields);
        return Ok(Passed { head, body, tunnel: None });
    }
    match exchange.into_stream() {
        Some((stream, first)) if hop.protocol.is_some() => {
            Ok(Passed { head, body: Answer::empty(), tunnel: Some(tunnel::to(stream, first)) })
        }
        _ => Err(failure::answer(&BadAnswer::UnaskedUpgrade.into())),
    }
}

/// Whether there is an upstream for a path.
pub(super) fn leads_on(app: &App, path: &str) -> bool {
    way(&app.gateway, app.routes().as_deref(), path).is_some()
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
        Problem::new(Code::MethodNotAllowed, detail).answer()
    })
}

type Answered = (AnswerHead, Exchange, Arc<Server>);

/// A request that is to be sent.
struct Asking<'a> {
    connected: &'a Connected,
    way: &'a Way<'a>,
    caller: &'a Caller,
    id: RequestId,
    head: &'a Head,
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

    async fn one(&self, server: &Arc<Server>, body: Outgoing) -> Result<(AnswerHead, Exchange), Failed> {
        let Self { connected, way, head, hop, .. } = *self;
        let headers = Lines { asking: self, server };
        let target = server.address.target(&head.target);
        let message = Message { method: &head.method, target: &target, headers: &headers };
        upstream::ask(&connected.pool, server, &message, hop.protocol.is_some(), body, way.patiences).await
    }

    /// Whether another upstream may be asked although this one may have acted on the request (RFC 9110, 9.2.1). A slow
    /// one is not followed by a second wait.
    fn may_repeat(&self, fault: &Fault) -> bool {
        matches!(fault, Fault::Closed(_))
            && matches!(self.head.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}
