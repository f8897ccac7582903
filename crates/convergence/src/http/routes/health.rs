//! `GET /health`: this process answers. It says nothing of the keys' source, so that a load balancer does not take
//! every instance out when Google is away; `/auth/status` does.

use http::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::json;
use crate::http::body::Answer;

/// A server that answers.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
}

#[utoipa::path(
    get,
    path = "/health",
    tag = "Keys",
    operation_id = "health",
    summary = "Whether the server answers",
    description = "It does so whether or not the sheet can be read: `/auth/status` tells that.",
    security(()),
    responses((status = 200, description = "It answers.", body = Health, example = json!({"status": "ok", "version": "0.1.0"}))),
)]
pub(crate) fn answer() -> Response<Answer> {
    json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
