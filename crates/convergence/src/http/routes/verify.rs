//! `/auth/verify`: the decision alone, for a proxy that asks before it forwards. Any method; it counts as a request.
//! The refusal is what `admit` answers, so what gets here is admitted, and its headers say who it is.

use http::Response;

use crate::http::admit::Caller;
use crate::http::body::Answer;

pub(crate) fn answer(_admitted: &Caller) -> Response<Answer> {
    Response::new(Answer::empty())
}
