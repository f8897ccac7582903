//! gRPC: who speaks it, how a call has ended, and a refusal in its words.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, Response};
use serde::Deserialize;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::http::grpc_code;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Whose codes they are, as `google.rpc.ErrorInfo` asks.
const DOMAIN: &str = "convergence";

/// Whether a request is a gRPC call. gRPC-Web is not meant: its clients understand an HTTP status.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    let rest = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest, [] | [b'+' | b';' | b' ', ..]))
}

/// Whether headers say how a call has ended: those of an answer without a message do, else the trailers.
pub(super) fn has_ended(headers: &HeaderMap) -> bool {
    headers.contains_key(GRPC_STATUS)
}

/// Whether a call has ended by the server's fault: the statuses that OpenTelemetry's conventions for RPC servers call
/// errors.
pub(super) fn has_failed(headers: &HeaderMap) -> bool {
    let code = headers.get(GRPC_STATUS).map(|status| Code::from_bytes(status.as_bytes()));
    matches!(
        code,
        Some(
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        )
    )
}

/// What a client needs of `application/problem+json`.
#[derive(Default, Deserialize)]
struct Problem {
    detail: String,
    code: String,
}

/// A refusal as an answer without a message: its status in the headers, beside those that it has over HTTP.
pub(super) fn refusal(refusal: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = refusal.into_parts();
    let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    let mut details = ErrorDetails::with_error_info(problem.code.to_uppercase(), DOMAIN, HashMap::new());
    let wait = head.headers.get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    if let Some(seconds) = wait {
        details.set_retry_info(Some(Duration::from_secs(seconds)));
    }
    let status = Status::with_error_details(grpc_code(head.status), problem.detail, details);
    let mut answer: Response<Bytes> = status.into_http();
    head.headers.remove(CONTENT_TYPE);
    head.headers.remove(CONTENT_LENGTH);
    answer.headers_mut().extend(head.headers);
    answer
}
