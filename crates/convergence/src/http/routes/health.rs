//! `GET /health`: this process answers. It says nothing of the keys' source, so that a load balancer does not take
//! every instance out when Google is away; `/auth/status` does.

use http::Response;
use serde::Serialize;

use super::json;
use crate::http::body::Answer;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

pub(crate) fn answer() -> Response<Answer> {
    json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
