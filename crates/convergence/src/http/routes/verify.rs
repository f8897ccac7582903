//! `/auth/verify`: the decision alone, for a proxy that asks before it forwards. Any method; it counts as a request.
//! The refusal is what `admit` answers, so what gets here is admitted, and its headers say who it is.

use http::Response;

use crate::http::admit::Caller;
use crate::http::body::Answer;

#[utoipa::path(
    get,
    path = "/auth/verify",
    tag = "Keys",
    operation_id = "auth_verify",
    summary = "The decision alone",
    description = "For a proxy that asks before it forwards, and whoever wants to try a key. Any method is taken, and none has \
        an effect. It counts as a request.",
    responses((status = 200, description = "The key is let in; whose it is and what is left of its limits is in the headers.")),
)]
pub(crate) fn answer(_admitted: &Caller) -> Response<Answer> {
    Response::new(Answer::empty())
}
