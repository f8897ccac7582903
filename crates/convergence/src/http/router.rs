//! Every route, public ones first. What is not public passes `admit`, unknown paths too (P18).

use http::header::ALLOW;
use http::{HeaderValue, Method, Response};

use super::admit::{Caller, admit};
use super::body::Answer;
use super::code::Code;
use super::connection::Connected;
use super::cors::{self, Leave};
use super::framing;
use super::problem::{Problem, not_found};
use super::proxy;
use super::reply::Reply;
use super::request::Request;
use super::routes::download::{self, DOWNLOAD};
use super::routes::jobs::{self, JOBS};
use super::routes::sheet_changed::{self, SHEET_CHANGED};
use super::routes::{generate_audio, health, me, speech, status, verify};
use super::stamp::{self, RequestId, Stamp};
use super::underway::{Underway, asked};
use crate::app::App;
use crate::clock::Now;
use crate::usage::Endpoint;

/// Answers a request, whatever it asks, and says which web pages may read that. What is long and rare is in a box: requests
/// that are passed on carry no room for it.
pub(super) async fn answer(connected: &Connected, request: Request) -> Reply {
    let reply = respond(connected, request).await;
    reply.stamp.underway.has_answer(reply.status, reply.body.code());
    reply
}

async fn respond(connected: &Connected, request: Request) -> Reply {
    let app = &connected.app;
    let now = app.clock.now();
    let underway = Underway::begin(&connected.recorder, app.next_request_id(), now.uptime);
    let path = request.head.target.path();
    let is_public =
        matches!(path, "/health" | "/auth/status") || (path == SHEET_CHANGED && app.webhook.is_some());
    let preflight = app.cors.as_ref().and_then(|cors| cors::preflight(cors, &request.head));
    if is_public || preflight.is_some() {
        underway.is_public(|endpoint| asked(app, connected.peer.ip(), &request.head, endpoint));
    }
    if let Some(preflight) = preflight {
        return Reply::new(preflight, Stamp::own(underway));
    }
    let leave = app.cors.as_ref().map(|cors| Leave::of(cors, &request.head));
    let mut reply = if is_public {
        let answer = match path {
            "/health" => reading(&request.head.method, health::answer),
            "/auth/status" => reading(&request.head.method, || status::answer(app)),
            _ => Box::pin(signed(connected, request)).await,
        };
        Reply::new(answer, Stamp::own(underway))
    } else {
        guarded(connected, request, underway, now).await
    };
    reply.stamp.leave = leave;
    reply
}

/// The route that asks for a signature instead of a key.
async fn signed(connected: &Connected, request: Request) -> Response<Answer> {
    let app = &connected.app;
    match (&app.webhook, &request.head.method) {
        (Some(webhook), &Method::POST) => sheet_changed::answer(app, webhook, request.into_http()).await,
        _ => wrong_method("POST"),
    }
}

/// The protected routes. The caller is the proof that the gate was asked.
async fn guarded(connected: &Connected, mut request: Request, underway: Underway, now: Now) -> Reply {
    let (app, peer) = (&connected.app, connected.peer.ip());
    let decision = admit(app, connected.link.as_ref(), peer, &mut request.head, underway.id, now).await;
    let asked = |endpoint: Option<&Endpoint>| asked(app, peer, &request.head, endpoint);
    let caller = match decision {
        Ok(caller) => underway.let_in(caller, asked),
        Err(refused) => {
            underway.refused(&refused, asked);
            return Reply::new(refused.answer, Stamp::own(underway));
        }
    };
    let answer = match (&request.head.method, request.head.target.path()) {
        (_, "/auth/verify") => verify::answer(caller),
        (&Method::GET | &Method::HEAD, "/auth/me") => Box::pin(me::answer(app, caller)).await,
        (_, "/auth/me") => wrong_method("GET, HEAD"),
        (&Method::POST, "/convergence/generate-audio") => {
            Box::pin(generate_audio::answer(app, caller, request.into_http())).await
        }
        (_, "/convergence/generate-audio") => wrong_method("POST"),
        (&Method::GET | &Method::HEAD, path) if path.starts_with(DOWNLOAD) => {
            Box::pin(download::answer(app, caller, request.into_http())).await
        }
        (_, path) if path.starts_with(DOWNLOAD) => wrong_method("GET, HEAD"),
        (method, path) if path.starts_with(JOBS) => Box::pin(jobs::answer(app, caller, method, path)).await,
        (_, path) if path.starts_with("/convergence/") => not_found(),
        (_, path) if speech::owns(app, path) => {
            Box::pin(speech::answer(app, caller, request.into_http())).await
        }
        _ if app.passes_on() => match proxy::pass(connected, caller, request, &underway).await {
            Ok(passed) => return counted(app, passed.reply(underway)),
            Err(answer) => answer,
        },
        _ => not_found(),
    };
    counted(app, Reply::new(answer, Stamp::own(underway)))
}

/// Answers what is no request.
pub(super) fn refuse(connected: &Connected, fault: framing::Fault) -> Reply {
    let app = &connected.app;
    let underway = Underway::begin(&connected.recorder, app.next_request_id(), app.clock.uptime());
    underway.is_malformed();
    let reply = Reply::new(framing::refusal(fault), Stamp::own(underway));
    reply.stamp.underway.has_answer(reply.status, reply.body.code());
    reply
}

/// What is done with every answer to a caller: a 5xx is counted as failed.
fn counted(app: &App, reply: Reply) -> Reply {
    if let Some(caller) = reply.stamp.underway.caller()
        && reply.status.is_server_error()
    {
        caller.record_failure(app);
    }
    reply
}

/// The same for an answer that somebody else's service has made, stamped.
pub(crate) fn finished<B>(app: &App, mut answer: Response<B>, caller: &Caller, id: RequestId) -> Response<B> {
    if answer.status().is_server_error() {
        caller.record_failure(app);
    }
    stamp::client(answer.headers_mut(), caller.client(), &caller.quotas());
    stamp::request_id(answer.headers_mut(), id);
    answer
}

/// A public page: GET and HEAD (the connection leaves out the body of an answer to HEAD).
pub(super) fn reading(method: &Method, answer: impl FnOnce() -> Response<Answer>) -> Response<Answer> {
    match *method {
        Method::GET | Method::HEAD => answer(),
        _ => wrong_method("GET, HEAD"),
    }
}

pub(super) fn wrong_method(allowed: &'static str) -> Response<Answer> {
    let detail = format!("this path takes {allowed}");
    let problem = Problem::new(Code::MethodNotAllowed, detail);
    let mut answer = problem.answer();
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}
