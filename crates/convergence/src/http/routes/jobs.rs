//! `/convergence/jobs/{id}`: a recording that was asked for with `Prefer: respond-async`, for the client that asked: how far it
//! is, what comes of it, and that as it happens. `DELETE` ends the work, or removes the recording.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::download::owner;
use super::json;
use super::recording::{Refused, Spoken, describe};
use crate::app::App;
use crate::audio::{Job, Progress, State};
use crate::http::admit::Caller;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::openapi::one_of;
use crate::http::problem::{Problem, not_found};
use crate::http::router::wrong_method;

/// Where jobs are: this, and the job's name.
pub(crate) const JOBS: &str = "/convergence/jobs/";

const EVENTS: &str = "/events";

/// A client that hears nothing for so long is told that there is nothing: proxies end what is silent.
const STILL_HERE: Duration = Duration::from_secs(15);

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A job, as JSON has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct Told {
    /// Its name, and its recording's.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// While it is on its way.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    /// Where to ask again, below the server's address.
    url: String,
    /// Where to be told as it happens.
    events_url: String,
    /// What came of it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Spoken>,
    /// Why nothing did, as the answer to a request that waits would say it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// Answers whatever is asked about a job.
pub(crate) async fn answer(app: &Arc<App>, caller: &Caller, method: &Method, path: &str) -> Response<Answer> {
    let id = path.strip_prefix(JOBS).unwrap_or_default();
    let owner = owner(caller);
    match (method, id.strip_suffix(EVENTS)) {
        (&Method::GET | &Method::HEAD, None) => look(app, owner, id).await,
        (&Method::DELETE, None) => remove(app, owner, id).await,
        (&Method::GET, Some(id)) => events(app, owner, id).await,
        (_, None) => wrong_method("GET, HEAD, DELETE"),
        (_, Some(_)) => wrong_method("GET"),
    }
}

/// The words for it.
fn statuses() -> Object {
    one_of(
        &["queued", "writing", "speaking", "mixing", "done", "failed"],
        "What is being done, or what came of it.",
    )
}

#[utoipa::path(
    get,
    path = "/convergence/jobs/{id}",
    tag = "Audio",
    operation_id = "job",
    summary = "How far a recording is",
    params(("id" = String, Path, format = "uuid", example = "0198c0de-0000-7000-8000-000000000000", description = "As `Location` and `id` have named it.")),
    responses((status = 200, description = "Its state, and what came of it.", body = Told)),
    extensions(("x-codes" = json!([Code::NotFound]))),
)]
pub(in crate::http) async fn look(app: &App, owner: &str, id: &str) -> Response<Answer> {
    match app.studio.look(owner, id).await {
        Some((id, state)) => json(&tell(app, owner, id, &state)),
        None => not_found(),
    }
}

#[utoipa::path(
    delete,
    path = "/convergence/jobs/{id}",
    tag = "Audio",
    operation_id = "delete_job",
    summary = "Ends the work, or removes the recording",
    params(("id" = String, Path, format = "uuid", example = "0198c0de-0000-7000-8000-000000000000", description = "As `Location` and `id` have named it.")),
    responses((status = 204, description = "It is gone.")),
    extensions(("x-codes" = json!([Code::NotFound]))),
)]
pub(in crate::http) async fn remove(app: &App, owner: &str, id: &str) -> Response<Answer> {
    if !app.studio.remove(owner, id).await {
        return not_found();
    }
    let mut answer = Response::new(Answer::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// The answer to a request that does not wait for its recording.
pub(super) fn accepted(app: &App, owner: &str, job: &Job) -> Response<Answer> {
    let state = job.watch().borrow().clone();
    let mut answer = json(&tell(app, owner, job.id, &state));
    *answer.status_mut() = StatusCode::ACCEPTED;
    let headers = answer.headers_mut();
    if let Ok(place) = HeaderValue::try_from(format!("{JOBS}{}", job.id)) {
        headers.insert(LOCATION, place);
    }
    headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("respond-async"));
    answer
}

fn tell(app: &App, owner: &str, id: Uuid, state: &State) -> Told {
    let (status, progress, result, error) = match state {
        State::Underway(progress) => (progress.phase.word(), Some(*progress), None, None),
        State::Ended(outcome) => match &**outcome {
            Ok(recording) => ("done", None, Some(describe(app, owner, recording.clone())), None),
            Err(error) => ("failed", None, None, Some(Refused::from(error).problem)),
        },
    };
    let url = format!("{JOBS}{id}");
    Told { id, status, progress, events_url: format!("{url}{EVENTS}"), url, result, error }
}

/// Server-sent events (WHATWG HTML, 9.2): `progress` as often as that changes, and `done` or `failed` at the end.
#[utoipa::path(
    get,
    path = "/convergence/jobs/{id}/events",
    tag = "Audio",
    operation_id = "job_events",
    summary = "What happens to a recording, as it happens",
    description = "Server-sent events: `progress` as often as that changes, then `done` or `failed`, and the end. The data of each \
        is the job as JSON.",
    params(("id" = String, Path, format = "uuid", example = "0198c0de-0000-7000-8000-000000000000", description = "As `Location` and `id` have named it.")),
    responses((
        status = 200,
        description = "From now to its end.",
        content((
            "text/event-stream",
            example = json!("event: progress\ndata: {\"id\": \"0198c0de-0000-7000-8000-000000000000\", \"status\": \"speaking\"}\n\n"),
        )),
    )),
    extensions(("x-codes" = json!([Code::NotFound]))),
)]
pub(in crate::http) async fn events(app: &Arc<App>, owner: &str, id: &str) -> Response<Answer> {
    let events = if let Some(job) = app.studio.job(owner, id) {
        progress(Arc::clone(app), owner.to_owned(), &job)
    } else if let Some((id, state)) = app.studio.look(owner, id).await {
        let event = event(&tell(app, owner, id, &state));
        stream::once(std::future::ready(event)).boxed()
    } else {
        return not_found();
    };
    let mut answer = Response::new(Answer::Events(events));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What happens to a job, from now to its end.
fn progress(app: Arc<App>, owner: String, job: &Job) -> BoxStream<'static, Bytes> {
    let (id, mut watch) = (job.id, job.watch());
    watch.mark_changed();
    let next = move |watch: Option<watch::Receiver<State>>| {
        let (app, owner) = (Arc::clone(&app), owner.clone());
        async move {
            let mut watch = watch?;
            match timeout(STILL_HERE, watch.changed()).await {
                Err(_) => return Some((Bytes::from_static(b": still here\n\n"), Some(watch))),
                // Nobody makes it any more, which is when the server stops.
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {}
            }
            let state = watch.borrow_and_update().clone();
            let event = event(&tell(&app, &owner, id, &state));
            Some((event, matches!(state, State::Underway(_)).then_some(watch)))
        }
    };
    stream::unfold(Some(watch), next).boxed()
}

/// One event, whose JSON is in one line.
fn event(told: &Told) -> Bytes {
    let name = if told.progress.is_some() { "progress" } else { told.status };
    let data = serde_json::to_string(told).expect("a struct of plain members serialises");
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
