//! What a client is told when the upstream has not answered. Nothing about the upstream: its address is nobody's business.

use http::{Response, StatusCode};

use crate::http::body::Answer;
use crate::http::problem::Problem;
use crate::upstream::{BadRequestBody, Fault};

pub(super) fn answer(fault: &Fault) -> Response<Answer> {
    problem(fault).answer()
}

fn problem(fault: &Fault) -> Problem {
    const BAD: &str = "Bad gateway";
    match fault {
        Fault::Connect(_)
        | Fault::ConnectTimeout(_)
        | Fault::Certificate(_)
        | Fault::Tls(_)
        | Fault::NotHttp2
        | Fault::Stale
        | Fault::Reset(_)
        | Fault::Closed(_) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            BAD,
            "the API behind this gateway cannot be reached, or hung up without an answer; try again later",
        ),
        Fault::NoUpgrade => Problem::new(
            StatusCode::BAD_GATEWAY,
            "upstream_cannot_upgrade",
            BAD,
            "the API behind this gateway is asked over HTTP/2, and its connections cannot switch to another protocol",
        ),
        Fault::BadAnswer(_) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "upstream_bad_answer",
            BAD,
            "the API behind this gateway has sent something that is no valid answer; tell whoever runs it",
        ),
        Fault::Timeout(seconds) => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "Gateway timeout",
            format!(
                "the API behind this gateway has not answered within {seconds} s; it may have acted all the same"
            ),
        ),
        Fault::Request(fault) => request(fault),
    }
}

fn request(fault: &BadRequestBody) -> Problem {
    let (status, code, title) = match fault {
        BadRequestBody::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large"),
        BadRequestBody::Stalled(_) => (StatusCode::REQUEST_TIMEOUT, "body_timeout", "Request timeout"),
        BadRequestBody::BrokeOff => (StatusCode::BAD_REQUEST, "body_unreadable", "Bad request"),
    };
    Problem::new(status, code, title, fault.to_string())
}
