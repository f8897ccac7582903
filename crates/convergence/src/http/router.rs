//! Every route, public ones first. What is not public passes `admit`, unknown paths too (P18).

use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use http::header::ALLOW;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::admit::{Caller, admit};
use super::body::Answer;
use super::connection::Connected;
use super::framing;
use super::problem::{Problem, not_found};
use super::proxy;
use super::routes::download::{self, DOWNLOAD};
use super::routes::sheet_changed::{self, SHEET_CHANGED};
use super::routes::{generate_audio, health, status, verify};
use super::stamp::{self, RequestId};

/// An answer, or the work that makes one. Most requests are answered at once, and pay nothing for those that are not.
pub(super) enum Answering {
    Now(Response<Answer>),
    Later(LocalBoxFuture<'static, Response<Answer>>),
}

/// Answers a request, whatever it asks.
pub(super) fn answer(connected: &Rc<Connected>, request: Request<Incoming>) -> Answering {
    let app = &connected.app;
    let id = app.next_request_id();
    let mut answer = match request.uri().path() {
        "/health" => reading(&request, health::answer),
        "/auth/status" => reading(&request, || status::answer(app)),
        // No client gets here with a host alone for a target, but for CONNECT: it stands for what was refused.
        "" if *request.method() != Method::CONNECT => framing::refusal(request.uri()),
        SHEET_CHANGED if app.webhook.is_some() => return signed(connected, request, id),
        _ => return guarded(connected, request, id),
    };
    stamp::request_id(answer.headers_mut(), id);
    Answering::Now(answer)
}

/// The route that asks for a signature instead of a key.
fn signed(connected: &Rc<Connected>, request: Request<Incoming>, id: RequestId) -> Answering {
    let app = Arc::clone(&connected.app);
    Answering::Later(Box::pin(async move {
        let mut answer = match (&app.webhook, request.method()) {
            (Some(webhook), &Method::POST) => sheet_changed::answer(&app, webhook, request).await,
            _ => wrong_method("POST"),
        };
        stamp::request_id(answer.headers_mut(), id);
        answer
    }))
}

/// The protected routes. The caller is the proof that the gate was asked.
fn guarded(connected: &Rc<Connected>, mut request: Request<Incoming>, id: RequestId) -> Answering {
    let app = &connected.app;
    let caller = match admit(app, connected.peer.ip(), &mut request, id) {
        Ok(caller) => caller,
        Err(mut refusal) => {
            stamp::request_id(refusal.headers_mut(), id);
            return Answering::Now(refusal);
        }
    };
    let answer = match (request.method(), request.uri().path()) {
        (_, "/auth/verify") => verify::answer(&caller),
        (&Method::POST, "/convergence/generate-audio") => {
            let app = Arc::clone(app);
            return Answering::Later(Box::pin(async move {
                let answer = generate_audio::answer(&app, &caller, request).await;
                finished(answer, &caller, id)
            }));
        }
        (_, "/convergence/generate-audio") => wrong_method("POST"),
        (&Method::GET | &Method::HEAD, path) if path.starts_with(DOWNLOAD) => {
            let app = Arc::clone(app);
            return Answering::Later(Box::pin(async move {
                let answer = download::answer(&app, &caller, request).await;
                finished(answer, &caller, id)
            }));
        }
        (_, path) if path.starts_with(DOWNLOAD) => wrong_method("GET, HEAD"),
        (_, path) if path.starts_with("/convergence/") => not_found(),
        _ if app.passes_on() => return proxied(connected, caller, request, id),
        _ => not_found(),
    };
    Answering::Now(finished(answer, &caller, id))
}

/// Everything that is not ours, where somebody else's API is guarded.
fn proxied(
    connected: &Rc<Connected>,
    caller: Caller,
    request: Request<Incoming>,
    id: RequestId,
) -> Answering {
    let connected = Rc::clone(connected);
    Answering::Later(Box::pin(async move {
        let answer = proxy::answer(&connected, &caller, request, id).await;
        finished(answer, &caller, id)
    }))
}

/// What every answer to a caller gets on its way out.
pub(crate) fn finished<B>(mut answer: Response<B>, caller: &Caller, id: RequestId) -> Response<B> {
    if answer.status().is_server_error() {
        caller.record_failure();
    }
    stamp::client(answer.headers_mut(), caller.client(), caller.quota());
    stamp::request_id(answer.headers_mut(), id);
    answer
}

/// A public page: GET and HEAD (hyper leaves out the body of an answer to HEAD).
pub(super) fn reading(
    request: &Request<Incoming>,
    answer: impl FnOnce() -> Response<Answer>,
) -> Response<Answer> {
    match *request.method() {
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
