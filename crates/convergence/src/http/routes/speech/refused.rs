//! What is refused, in the words that OpenAI's clients know: an object `error`, which they show to their users.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::routes::recording;

/// A request that gets nothing, and why.
pub(in crate::http) struct Refused {
    why: recording::Refused,
    /// The member of the request that is wrong.
    parameter: Option<&'static str>,
}

/// An error as OpenAI's clients know it.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiError)]
pub(in crate::http) struct Refusal<'a> {
    error: Words<'a>,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiErrorWords)]
struct Words<'a> {
    /// What to do about it.
    message: &'a str,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The member that is wrong.
    #[schema(required)]
    param: Option<&'static str>,
    code: Code,
}

impl Refused {
    /// For a member of the request.
    pub(super) fn parameter(code: Code, parameter: &'static str, message: String) -> Self {
        let why = recording::Refused::plain(Problem::new(code, message));
        Self { why, parameter: Some(parameter) }
    }

    pub(super) fn into_answer(self) -> Response<Answer> {
        let problem = &self.why.problem;
        let kind = match problem.status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        let code = problem.code;
        let error = Words { message: &problem.detail, kind, param: self.parameter, code };
        let body = serde_json::to_vec(&Refusal { error }).expect("a struct of strings serialises");
        let mut answer = self.why.answer().map(|_| Answer::Problem(body.into(), code));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

impl From<recording::Refused> for Refused {
    fn from(why: recording::Refused) -> Self {
        Self { why, parameter: None }
    }
}
