//! The decision of a `Check`: `admit`'s, in Envoy's words. A request is counted here and once; how the upstream answers
//! it is not told, so nothing counts as failed.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tonic::{Code, Status};
use tracing::debug;

use super::Shared;
use super::messages::{
    Allowed, CheckRequest, CheckResponse, Denied, Header, HeaderOption, HttpStatus, RpcStatus, Verdict,
};
use super::question::{self, Question, Unreadable};
use crate::http::admit::{Caller, admit};
use crate::http::body::Answer;
use crate::http::code::Code as ProblemCode;
use crate::http::problem::Problem;
use crate::http::stamp;
use crate::http::underway::{Underway, asked};
use crate::usage::Endpoint;

/// Decides what is asked.
///
/// # Errors
/// The message is about no HTTP request.
pub(super) async fn decide(shared: &Shared, check: CheckRequest) -> Result<CheckResponse, Status> {
    let Shared { app, link, recorder } = shared;
    let (id, now) = (app.next_request_id(), app.clock.now());
    let underway = Underway::begin(recorder, id, now.uptime);
    let answer = match question::read(check) {
        Ok(Question { mut request, source }) => {
            debug!(request = %id, %source, "Envoy asks");
            let decision = admit(app, link.as_ref(), source, &mut request, id, now).await;
            let asked = |endpoint: Option<&Endpoint>| asked(app, source, &request, endpoint);
            match decision {
                Ok(caller) => {
                    underway.has_answer(StatusCode::OK, None);
                    underway.is_sent();
                    return Ok(allowed(underway.let_in(caller, asked)));
                }
                Err(refused) => {
                    underway.refused(&refused, asked);
                    refused.answer
                }
            }
        }
        Err(Unreadable::BadRequest(detail)) => {
            underway.is_malformed();
            Problem::new(ProblemCode::BadRequest, detail).answer()
        }
        Err(Unreadable::NotHttp) => {
            underway.is_malformed();
            let wrong = "attributes.request.http is missing: only Envoy's HTTP filter can ask";
            return Err(Status::invalid_argument(wrong));
        }
    };
    underway.has_answer(answer.status(), answer.body().code());
    underway.is_sent();
    let mut refusal = answer;
    stamp::request_id(refusal.headers_mut(), id);
    Ok(denied(refusal))
}

/// The upstream gets the client's name, and neither the key nor a name that the client gave itself. The client gets what
/// it would get of this server.
fn allowed(caller: &Caller) -> CheckResponse {
    let mut stamped = HeaderMap::new();
    stamp::client_name(&mut stamped, caller.client());
    let headers = options(&stamped);
    stamp::client(&mut stamped, caller.client(), &caller.quotas());
    let mut headers_to_remove = vec!["authorization".to_owned()];
    if headers.is_empty() {
        headers_to_remove.push("x-client-name".to_owned());
    }
    let allowed = Allowed { headers, headers_to_remove, response_headers_to_add: options(&stamped) };
    response(Code::Ok, Verdict::Allowed(allowed))
}

/// The refusal as it would be over HTTP.
fn denied(refusal: Response<Answer>) -> CheckResponse {
    let (head, body) = refusal.into_parts();
    let denied = Denied {
        status: Some(HttpStatus { code: head.status.as_u16().into() }),
        headers: options(&head.headers),
        body: String::from_utf8_lossy(&body.in_memory()).into_owned(),
    };
    response(code(head.status), Verdict::Denied(denied))
}

fn response(code: Code, verdict: Verdict) -> CheckResponse {
    CheckResponse { status: Some(RpcStatus { code: code.into() }), http_response: Some(verdict) }
}

/// What gRPC calls an answer's status. Envoy takes the one for the client from the verdict; this is for its statistics.
pub(crate) fn code(status: StatusCode) -> Code {
    match status {
        StatusCode::BAD_REQUEST => Code::InvalidArgument,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        _ => Code::PermissionDenied,
    }
}

/// Each header in place of any that is there. Of a refusal Envoy takes several values of one name all the same, and none
/// that is marked to be appended.
fn options(headers: &HeaderMap) -> Vec<HeaderOption> {
    let option = |(name, value): (&HeaderName, &HeaderValue)| HeaderOption {
        header: Some(Header {
            key: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        }),
        append: Some(false),
    };
    headers.iter().map(option).collect()
}
