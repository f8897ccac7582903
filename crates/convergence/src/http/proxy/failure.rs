//! What a client is told when the upstream has not answered. Nothing about the upstream: its address is nobody's business.

use http::Response;

use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::upstream::{BadRequestBody, Fault};

pub(super) fn answer(fault: &Fault) -> Response<Answer> {
    problem(fault).answer()
}

fn problem(fault: &Fault) -> Problem {
    match fault {
        Fault::Connect(_)
        | Fault::ConnectTimeout(_)
        | Fault::Certificate(_)
        | Fault::Tls(_)
        | Fault::NotHttp2
        | Fault::Stale
        | Fault::Reset(_)
        | Fault::Closed(_) => Problem::new(
            Code::UpstreamUnreachable,
            "the API behind this gateway cannot be reached, or hung up without an answer; try again later",
        ),
        Fault::NoUpgrade => Problem::new(
            Code::UpstreamCannotUpgrade,
            "the API behind this gateway is asked over HTTP/2, and its connections cannot switch to another protocol",
        ),
        Fault::BadAnswer(_) => Problem::new(
            Code::UpstreamBadAnswer,
            "the API behind this gateway has sent something that is no valid answer; tell whoever runs it",
        ),
        Fault::Timeout(seconds) => Problem::new(
            Code::UpstreamTimeout,
            format!(
                "the API behind this gateway has not answered within {seconds} s; it may have acted all the same"
            ),
        ),
        Fault::Request(fault) => request(fault),
    }
}

fn request(fault: &BadRequestBody) -> Problem {
    let code = match fault {
        BadRequestBody::TooLarge(_) => Code::BodyTooLarge,
        BadRequestBody::Stalled(_) => Code::BodyTimeout,
        BadRequestBody::BrokeOff => Code::BodyUnreadable,
    };
    Problem::new(code, fault.to_string())
}
