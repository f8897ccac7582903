//! `GET /auth/me`: what a client may know of itself: its limits, what is left of them, what it has used, and when its key
//! ends. It counts as a request, so that its figures are those of its own headers.

use http::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::audio_quota::{Today, today, underway};
use super::json;
use crate::app::App;
use crate::clock::rfc3339;
use crate::http::admit::Caller;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::usage::{Asked, Entry, report};

/// What a client may know of itself.
#[derive(Serialize, ToSchema)]
struct Me<'a> {
    /// `null` where authentication is off.
    #[schema(required)]
    client_name: Option<&'a str>,
    /// The key's fingerprint: the first 12 hex digits of its SHA-256.
    #[schema(required)]
    key: Option<String>,
    /// RFC 3339: the last second at which the key is valid; `null` if there is none.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// None where there is no limit.
    limits: Vec<Limit>,
    /// `null` where there is no limit.
    #[schema(required)]
    audio_day: Option<AudioDay>,
    usage: Usage,
}

/// One limit, by the name that it has in `RateLimit-Policy`.
#[derive(Serialize, ToSchema)]
struct Limit {
    /// `default` (the minute), `day` or `month`.
    policy: &'static str,
    /// How many there may be.
    requests: u64,
    /// In how long.
    window_seconds: u32,
    /// How many are left.
    remaining: u64,
    /// In how long there are more.
    reset_seconds: u32,
}

/// The sound that may be made in the present day.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "JSON has no units, so its names have")]
struct AudioDay {
    /// How much there may be.
    limit_seconds: f64,
    /// By any of the client's keys; `null` if it cannot be read now, as what follows from it.
    #[schema(required)]
    used_seconds: Option<f64>,
    /// What is being made now is likely to take.
    underway_seconds: f64,
    /// What is left.
    #[schema(required)]
    remaining_seconds: Option<f64>,
    /// Until the next day.
    #[schema(required)]
    reset_seconds: Option<u64>,
}

/// What the client has used, by any of its keys; `null` if it cannot be read now.
#[derive(Default, Serialize, ToSchema)]
struct Usage {
    /// Since midnight UTC.
    #[schema(required)]
    today: Option<Used>,
    /// With today.
    #[schema(required)]
    last_30_days: Option<Used>,
}

/// What was used in some time.
#[derive(Default, Serialize, ToSchema)]
struct Used {
    /// `admitted` and `rate_limited` together.
    requests: u64,
    /// Those that were let in.
    admitted: u64,
    /// Those that the minute's limit or a quota has refused.
    rate_limited: u64,
    /// Those that were let in and answered with a 5xx.
    failed: u64,
    /// Sound that was made.
    audio_seconds: f64,
}

#[utoipa::path(
    get,
    path = "/auth/me",
    tag = "Keys",
    operation_id = "auth_me",
    summary = "What you may know of yourself",
    description = "Your limits, what is left of them, what you have used, and when your key ends. It counts as a request.",
    responses((status = 200, description = "As this request has found it.", body = Me<'static>)),
    extensions(("x-codes" = json!([Code::Stopping]))),
)]
pub(crate) async fn answer(app: &App, caller: &Caller) -> Response<Answer> {
    let Some(client) = caller.client() else { return json(&Me::anyone()) };
    // One after another: a client that asks all the time is to keep no thread but one busy.
    let Ok(_turn) = app.reports.acquire().await else { return unavailable() };
    let [today, last_30_days] = [used(app, client, "0d").await, used(app, client, "29d").await];
    json(&Me {
        client_name: Some(client),
        key: caller.key().map(|key| key.to_string()),
        expires_at: caller.expires_at().map(rfc3339),
        limits: limits(caller),
        audio_day: audio_day(app, caller, client).await,
        usage: Usage { today, last_30_days },
    })
}

impl Me<'_> {
    fn anyone() -> Self {
        Self {
            client_name: None,
            key: None,
            expires_at: None,
            limits: Vec::new(),
            audio_day: None,
            usage: Usage::default(),
        }
    }
}

/// What the client has used since the UTC day so long ago.
async fn used(app: &App, client: &str, since: &str) -> Option<Used> {
    let now = app.clock.now().unix;
    let asked = Asked { since: Some(since), client: Some(client), ..Asked::default() };
    let question = asked.question(now).ok()?;
    let folder = app.data_dir.join("usage");
    let read = tokio::task::spawn_blocking(move || report(&folder, &question, now).ok());
    let used = |Entry { requests, admitted, rate_limited, failed, audio_seconds, .. }| Used {
        requests,
        admitted,
        rate_limited,
        failed,
        audio_seconds,
    };
    read.await.ok()?.map(|mut entries| entries.pop().map(used).unwrap_or_default())
}

async fn audio_day(app: &App, caller: &Caller, client: &str) -> Option<AudioDay> {
    let limit = caller.audio_day()?;
    let underway = underway(app, client);
    let today = today(app, client).await;
    let spoken = today.as_ref().map(|today| today.spoken);
    Some(AudioDay {
        limit_seconds: limit.as_secs_f64(),
        used_seconds: spoken.map(|spoken| spoken.as_secs_f64()),
        underway_seconds: underway.as_secs_f64(),
        remaining_seconds: spoken.map(|spoken| limit.saturating_sub(spoken + underway).as_secs_f64()),
        reset_seconds: today.as_ref().map(Today::seconds_left),
    })
}

fn limits(caller: &Caller) -> Vec<Limit> {
    let quotas = caller.quotas();
    let minute = quotas.minute.map(|quota| Limit {
        policy: "default",
        requests: quota.limit.into(),
        window_seconds: gate::WINDOW_SECONDS,
        remaining: quota.remaining.into(),
        reset_seconds: quota.reset_seconds.min(gate::WINDOW_SECONDS),
    });
    let calendar =
        [("day", quotas.day), ("month", quotas.month)].into_iter().filter_map(|(policy, quota)| {
            quota.map(|quota| Limit {
                policy,
                requests: quota.limit,
                window_seconds: quota.period_seconds,
                remaining: quota.remaining,
                reset_seconds: quota.reset_seconds.into(),
            })
        });
    minute.into_iter().chain(calendar).collect()
}

fn unavailable() -> Response<Answer> {
    let detail = "the server is about to stop; ask again";
    Problem::new(Code::Stopping, detail).answer()
}
