//! Everything that goes to `UPSTREAM_URL`. The key has gone from the request when it comes here; the client's name is
//! added, the upstream is asked, and its answer is passed on as it comes.

mod failure;
mod headers;
mod passage;
mod tunnel;

use std::sync::Arc;

use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

pub(crate) use self::headers::Values as Forwarded;
pub(crate) use self::passage::Passage;
use super::admit::Caller;
use super::body::Answer;
use super::connection::Connected;
use super::problem::Problem;
use super::stamp::RequestId;
use crate::config;
use crate::metrics::Metrics;
use crate::upstream::{
    self, BadAnswer, Checks, Examiner, Exchange, Failed, Fault, Group, Message, Outgoing, Patiences, Server,
    Tls,
};

/// How many upstreams a request tries at most.
const MOST_TRIES: usize = 3;

/// Whose API is guarded, and how it is asked.
pub(crate) struct Gateway {
    group: Group,
    authorization: Option<HeaderValue>,
    keep_host: bool,
    patiences: Patiences,
    checks: Option<Checks>,
}

impl Gateway {
    /// # Errors
    /// There can be no TLS, and an upstream needs it.
    pub(crate) fn new(upstream: config::Upstream, metrics: &Metrics) -> Result<Self, config::Fault> {
        let config::Upstream { addresses, authorization, keep_host, connect_timeout, timeout, trust, checks } =
            upstream;
        let tls = Tls::wanted_by(&addresses, &trust).map_err(|unusable| {
            let (variable, wrong) = (unusable.variable.to_owned(), unusable.wrong);
            config::Fault { variable, wrong }
        })?;
        let group = Group::new(addresses, tls.as_ref(), &metrics.upstream_failures());
        let patiences = Patiences { connect: connect_timeout, answer: timeout };
        Ok(Self { group, authorization, keep_host, patiences, checks })
    }

    /// All upstreams.
    pub(crate) fn servers(&self) -> &[Arc<Server>] {
        self.group.servers()
    }

    /// Connects to one of them, and says which version of HTTP it speaks.
    ///
    /// # Errors
    /// There is no connection.
    pub(crate) async fn reach(&self, server: &Arc<Server>) -> Result<&'static str, Fault> {
        upstream::reach(server, self.patiences.connect).await
    }

    /// What asks them how they are, if that is wanted.
    pub(crate) fn examiner(&self) -> Option<Examiner> {
        let (checks, authorization) = (self.checks.clone()?, self.authorization.clone());
        Some(Examiner { checks, connect: self.patiences.connect, authorization })
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
    let version = head.version();
    let mut answer = head.map(|()| Answer::empty());
    *answer.version_mut() = Version::HTTP_11;
    headers::returned(answer.headers_mut(), version);
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        *answer.body_mut() = passage::body(exchange, &connected.pool, server, answer.headers());
        return answer;
    }
    match (protocol, exchange.into_stream()) {
        (Some(protocol), Some((stream, first))) => {
            headers::switched(answer.headers_mut(), protocol);
            connected.upgrade(tunnel::to(stream, first));
            answer
        }
        _ => failure::answer(&BadAnswer::UnaskedUpgrade.into()),
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
        aim(parts, server, gateway.keep_host);
        let target = server.address.target(&asked);
        let message = Message { method: &parts.method, target: &target, headers: &parts.headers };
        let upgrades = parts.headers.contains_key(UPGRADE);
        let asking = upstream::ask(&connected.pool, server, &message, upgrades, body, gateway.patiences);
        let failed = match asking.await {
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

/// Names this upstream in the request.
fn aim(parts: &mut Parts, server: &Server, keep_host: bool) {
    if !keep_host {
        parts.headers.insert(http::header::HOST, server.address.host.clone());
    }
}
