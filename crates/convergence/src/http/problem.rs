//! Error answers: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Answer;
use super::code::{Code, Facts};

/// One error answer's body. `title` is the same for each `code`; `detail` says what to do about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What has happened, in few words.
    pub(crate) title: &'static str,
    /// The answer's status.
    #[schema(value_type = u16)]
    #[serde(serialize_with = "as_number")]
    pub(crate) status: StatusCode,
    /// What to do about it.
    #[schema(value_type = String)]
    pub(crate) detail: Cow<'static, str>,
    pub(crate) code: Code,
    /// When there will be room again (RFC 3339), where a quota has been used up.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resets_at: Option<String>,
    /// What is wrong with which member of the request's body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<MemberError>,
}

/// One faulty member of a request's body.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberError {
    /// Which, as in `duration` or `transcript[3].message`.
    pub(crate) member: String,
    /// What is allowed there.
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let Facts { status, title, .. } = code.facts();
        Self { title, status, detail: detail.into(), code, resets_at: None, errors: Vec::new() }
    }

    pub(crate) fn answer(&self) -> Response<Answer> {
        let body = serde_json::to_vec(self).expect("a struct of strings and a number serialises");
        let mut response = Response::new(Answer::Problem(body.into(), self.code));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

/// For paths that do not exist, and for files that are not this caller's: the two look alike.
pub(crate) fn not_found() -> Response<Answer> {
    Problem::new(Code::NotFound, "there is nothing at this path for you").answer()
}

/// For those who ask that the keys be read, where there are none.
pub(crate) fn no_keys_to_read() -> Problem {
    let detail = "authentication is off: there are no keys to read; /auth/status says why";
    Problem::new(Code::NoKeySource, detail)
}
