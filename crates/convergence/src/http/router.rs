//! Every route, public ones first. What is not public passes `admit`, unknown paths too (P18).

use http::header::ALLOW;
use http::{HeaderValue, Method, Response, StatusCode};

use super::admit::{Caller, admit};
use super::body::Answer;
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
use crate::app::App;

/// Answers a request, whatever it asks, and says which web pages may read that. What is long and rare is in a box: requests
/// that are passed on carry no room for it.
pub(super) async fn answer(connected: &Connected, request: Request) -> Reply {
    let app = &connected.app;
    let id = app.next_request_id();
    let own = |answer| Reply::new(answer, Stamp::own(None, id));
    if let Some(preflight) = app.cors.as_ref().and_then(|cors| cors::preflight(cors, &request.head)) {
        return own(preflight);
    }
    let leave = app.cors.as_ref().map(|cors| Leave::of(cors, &request.head));
    let mut reply = match request.head.target.path() {
        "/health" => own(reading(&request.head.method, health::answer)),
        "/auth/status" => own(reading(&request.head.method, || status::answer(app))),
        SHEET_CHANGED if app.webhook.is_some() => own(Box::pin(signed(connected, request)).await),
        _ => guarded(connected, request, id).await,
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
async fn guarded(connected: &Connected, mut request: Request, id: RequestId) -> Reply {
    let app = &connected.app;
    let link = connected.link.as_ref();
    let caller = match admit(app, link, connected.peer.ip(), &mut request.head, id).await {
        Ok(caller) => caller,
        Err(refusal) => return Reply::new(refusal, Stamp::own(None, id)),
    };
    let answer = match (&request.head.method, request.head.target.path()) {
        (_, "/auth/verify") => verify::answer(&caller),
        (&Method::GET | &Method::HEAD, "/auth/me") => Box::pin(me::answer(app, &caller)).await,
        (_, "/auth/me") => wrong_method("GET, HEAD"),
        (&Method::POST, "/convergence/generate-audio") => {
            Box::pin(generate_audio::answer(app, &caller, request.into_http())).await
        }
        (_, "/convergence/generate-audio") => wrong_method("POST"),
        (&Method::GET | &Method::HEAD, path) if path.starts_with(DOWNLOAD) => {
            Box::pin(download::answer(app, &caller, request.into_http())).await
        }
        (_, path) if path.starts_with(DOWNLOAD) => wrong_method("GET, HEAD"),
        (method, path) if path.starts_with(JOBS) => Box::pin(jobs::answer(app, &caller, method, path)).await,
        (_, path) if path.starts_with("/convergence/") => not_found(),
        (_, path) if speech::owns(app, path) => {
            Box::pin(speech::answer(app, &caller, request.into_http())).await
        }
        _ if app.passes_on() => {
            let reply = proxy::answer(connected, caller, request, id).await;
            count_failure(app, &reply);
            return reply;
        }
        _ => not_found(),
    };
    let reply = Reply::new(answer, Stamp::own(Some(caller), id));
    count_failure(app, &reply);
    reply
}

/// Answers what is no request.
pub(super) fn refuse(connected: &Connected, fault: framing::Fault) -> Reply {
    let stamp = Stamp::own(None, connected.app.next_request_id());
    Reply::new(framing::refusal(fault), stamp)
}

/// What is done with every answer to a caller: a 5xx is counted as failed.
fn count_failure(app: &App, reply: &Reply) {
    if let Some(caller) = &reply.stamp.caller
        && reply.status.is_server_error()
    {
        caller.record_failure(app);
    }
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
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail);
    let mut answer = problem.answer();
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}
