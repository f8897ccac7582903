//! `POST /refresh`: reads the keys now, and answers when that is done.

use std::time::Duration;

use http::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, Door};
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::openapi::ADMIN;
use crate::http::problem::{Problem, no_keys_to_read};
use crate::http::routes::json;
use crate::sync::{Lag, Outcome};

/// How long the answer may take. A read that Google is slow to answer goes on after that.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a reading has done.
#[derive(Serialize, ToSchema)]
#[schema(as = Refresh)]
struct Report {
    /// RFC 3339: when the reading began.
    #[schema(required, format = DateTime)]
    refreshed_at: Option<String>,
    /// How long it took.
    took_seconds: f64,
    /// What is in use now: of this reading, or of the last good one.
    keys: usize,
    /// What a person should repair in the table.
    problems: usize,
    /// Whether this reading has changed what is in use.
    changed: bool,
    /// Why it failed; `null` if it did not.
    #[schema(required)]
    error: Option<String>,
    /// Of the last change that was seen by any reading.
    #[schema(required)]
    lag: Option<ShownLag>,
    /// Why what is in use is not what has been read: it is held, or rolled back.
    #[schema(required)]
    warning: Option<&'static str>,
}

/// How long a change took to have its effect.
#[derive(Serialize, ToSchema)]
#[schema(as = Lag)]
struct ShownLag {
    /// From the change to its effect.
    seconds: f64,
    /// What had the sheet read: `schedule`, `webhook`, `refresh` and others.
    via: &'static str,
    /// Whether the change may have been made later, and the lag be shorter.
    upper_bound: bool,
}

#[utoipa::path(
    post,
    path = "/refresh",
    tag = ADMIN,
    operation_id = "refresh",
    summary = "Reads the keys now",
    description = "It answers when they are in use. Reads are bounded by what Google allows: more than a few in a row wait.",
    responses(
        (status = 200, description = "They are read.", body = Report),
        (status = 502, description = "They cannot be read; `error` says why, and the last good ones stay.", body = Report),
    ),
    extensions(("x-codes" = json!([Code::NoKeySource, Code::RefreshTimeout]))),
)]
pub(in crate::http) async fn answer(app: &App) -> Response<Answer> {
    let Door::Guarded(guard) = &app.door else { return no_keys_to_read().answer() };
    let outcome = tokio::select! {
        outcome = guard.early.read_now() => outcome,
        () = app.clock.sleep(PATIENCE) => {
            let detail = "the reading has not ended in a minute; it goes on, and /metrics will tell";
            return Problem::new(Code::RefreshTimeout, detail).answer();
        }
    };
    let failed = outcome.error.is_some();
    let warning = guard.freshness.report().in_use.why();
    let mut answer = json(&Report { warning, ..Report::from(outcome) });
    if failed {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
    }
    answer
}

impl From<Outcome> for Report {
    fn from(outcome: Outcome) -> Self {
        let began_at = jiff::Timestamp::from_second(outcome.began_at);
        Self {
            refreshed_at: began_at.ok().map(|moment| moment.to_string()),
            took_seconds: outcome.took.as_secs_f64(),
            keys: outcome.keys,
            problems: outcome.problems,
            changed: outcome.changed,
            error: outcome.error,
            lag: outcome.lag.map(ShownLag::from),
            warning: None,
        }
    }
}

impl From<Lag> for ShownLag {
    fn from(lag: Lag) -> Self {
        Self { seconds: lag.seconds, via: lag.via.name(), upper_bound: lag.via.is_bound() }
    }
}
