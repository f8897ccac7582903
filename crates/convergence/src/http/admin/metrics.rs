//! `GET /metrics`: for Prometheus, and whoever reads the `OpenMetrics` text format.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};

use crate::app::{App, Door};
use crate::http::body::Answer;
use crate::http::openapi::ADMIN;
use crate::sync::InUse;

#[utoipa::path(
    get,
    path = "/metrics",
    tag = ADMIN,
    operation_id = "metrics",
    summary = "For Prometheus",
    responses((
        status = 200,
        description = "In the text format of `OpenMetrics`.",
        body = String,
        content_type = "application/openmetrics-text",
    )),
)]
pub(in crate::http) fn answer(app: &App) -> Response<Answer> {
    let (age, held) = match &app.door {
        Door::Guarded(guard) => {
            let report = guard.freshness.report();
            (report.age(app.clock.now().unix), report.in_use == InUse::BeforeHeld)
        }
        Door::Open(_) => (None, false),
    };
    app.metrics.usage_durable(app.books.tally.trouble().is_none());
    let uptime = app.clock.now().uptime;
    let routes = app.routes();
    let others = routes.iter().flat_map(|in_use| in_use.upstreams()).flat_map(|(_, group)| group.servers());
    for server in app.gateway.servers().iter().chain(others) {
        app.metrics.upstream_up(&server.address.shown, server.works(uptime));
    }
    let mut answer = Response::new(Answer::from(app.metrics.text(age, held, app.recorders.sum())));
    let openmetrics = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, openmetrics);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
