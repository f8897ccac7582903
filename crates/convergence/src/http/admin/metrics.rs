//! `GET /metrics`: for Prometheus, and whoever reads its text format or `OpenMetrics`.

use std::sync::Arc;

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Response};

use crate::app::{App, Door};
use crate::http::body::Answer;
use crate::http::openapi::ADMIN;
use crate::metrics::Scrape;
use crate::sync::InUse;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

#[utoipa::path(
    get,
    path = "/metrics",
    tag = ADMIN,
    operation_id = "metrics",
    summary = "For Prometheus",
    responses((
        status = 200,
        description = "In Prometheus' text format, or as `OpenMetrics` where `Accept` names it.",
        content((String = "text/plain"), (String = "application/openmetrics-text")),
    )),
)]
pub(in crate::http) fn answer(app: &App, headers: &HeaderMap) -> Response<Answer> {
    let (form, text) = if asks_for_openmetrics(headers) {
        (OPENMETRICS, openmetrics(app))
    } else {
        (CLASSIC, app.metrics.text(scrape(app)))
    };
    let mut answer = Response::new(Answer::from(text));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    answer
}

/// Prometheus names it first; whoever names nothing gets what everybody reads.
fn asks_for_openmetrics(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.contains("application/openmetrics-text"))
}

/// All there is to tell.
pub(crate) fn openmetrics(app: &App) -> String {
    app.metrics.openmetrics(scrape(app))
}

fn scrape(app: &App) -> Scrape {
    let now = app.clock.now();
    let routes = app.routes();
    let others = routes.iter().flat_map(|in_use| in_use.upstreams()).flat_map(|(_, group)| group.servers());
    for server in app.gateway.servers().iter().chain(others) {
        app.metrics.upstream_up(&server.address.shown, server.works(now.uptime));
    }
    let mut scrape = Scrape {
        directory_age: None,
        refresh_held: false,
        open_door: None,
        sheet_reads_left: None,
        connections: app.listen.max_connections.saturating_sub(app.slots.free()),
        usage_durable: app.books.tally.trouble().is_none(),
        usage_pending: app.books.counted.pending(),
        requests: app.recorders.sum(),
        clients: Arc::clone(&app.books.counted),
        audio: app.studio.workload(),
    };
    match &app.door {
        Door::Guarded(guard) => {
            let report = guard.freshness.report();
            scrape.directory_age = report.age(now.unix);
            scrape.refresh_held = report.in_use == InUse::BeforeHeld;
            scrape.sheet_reads_left = guard.source.tab().map(|_| guard.early.left(now.uptime));
        }
        Door::Open(why) => scrape.open_door = Some(why.mode()),
    }
    scrape
}
