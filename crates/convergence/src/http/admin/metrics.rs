//! `GET /metrics`: for Prometheus, and whoever reads the `OpenMetrics` text format.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};

use crate::app::{App, Door};
use crate::http::body::Answer;

pub(super) fn answer(app: &App) -> Response<Answer> {
    let age = match &app.door {
        Door::Guarded(guard) => guard.age(app.clock.now().unix),
        Door::Open(_) => None,
    };
    let mut answer = Response::new(Answer::from(app.metrics.text(age)));
    let openmetrics = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, openmetrics);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
