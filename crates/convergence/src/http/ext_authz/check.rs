//! The decision of a `Check`: `admit`'s, in Envoy's words. A request is counted here and once; how the upstream answers
//! it is not told, so nothing counts as failed.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tonic::{Code, Status};
use tracing::debug;

use super::messages::{
    Allowed, CheckRequest, CheckResponse, Denied, Header, HeaderOption, HttpStatus, RpcStatus, Verdict,
};
use super::question::{self, Question, Unreadable};
use crate::app::App;
use crate::fleet::Link;
use crate::http::admit::{Caller, admit};
use crate::http::body::Answer;
use crate::http::code::Code as ProblemCode;
use crate::http::problem::Problem;
use crate::http::stamp;

/// Decides what is asked.
///
/// # Errors
/// The message is about no HTTP request.
pub(super) async fn decide(
    app: &Arc<App>,
    link: Option<&Arc<Link>>,
    check: CheckRequest,
) -> Result<CheckResponse, Status> {
    let id = app.next_request_id();
    let decision = match question::read(check) {
        Ok(Question { mut request, source }) => {
            debug!(request = %id, %source, "Envoy asks");
            admit(app, link, source, &mut request, id).await
        }
        Err(Unreadable::BadRequest(detail)) => Err(Problem::new(ProblemCode::BadRequest, detail).answer()),
        Err(Unreadable::NotHttp) => {
            let wrong = "attributes.request.http is missing: only Envoy's HTTP filter can ask";
            return Err(Status::invalid_argument(wrong));
        }
    };
    match decision {
        Ok(caller) => Ok(allowed(&caller)),
        Err(mut refusal) => {
            stamp::request_id(refusal.headers_mut(), id);
            Ok(denied(refusal))
        }
    }
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
