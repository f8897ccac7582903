//! `GET /auth/status`: how authentication is doing. It names no key, client, sheet id or path.

use http::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::json;
use crate::app::{App, Door, Guard, SourceKind};
use crate::clock::Now;
use crate::fleet;
use crate::http::body::Answer;
use crate::http::openapi::one_of;
use crate::sync::InUse;

/// How authentication is doing.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Status<'a> {
    /// Whether keys are asked for.
    auth_enabled: bool,
    /// `enabled`, `unavailable`, `disabled` or `fallback`.
    #[schema(schema_with = modes)]
    pub(crate) mode: &'static str,
    /// Why, where there is something to say.
    #[schema(required)]
    pub(crate) reason: Option<String>,
    /// `google_sheets` or `file`.
    #[schema(required)]
    key_source: Option<&'static str>,
    /// Whether keys are to come from a sheet.
    google_sheets_configured: bool,
    /// Whether the last read of it has succeeded.
    google_sheets_connected: bool,
    /// The tab of the keys.
    #[schema(required)]
    sheet_name: Option<&'a str>,
    /// How often keys are read, in seconds.
    #[schema(required)]
    cache_duration: Option<u64>,
    cache: Cache,
    /// Where limits are shared.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<fleet::Report>,
    #[schema(required)]
    usage: Option<Usage>,
}

/// Where what clients use is counted; nobody is, where the door is open.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageStatus)]
struct Usage {
    /// Whether it is kept on disk, and not in memory only.
    durable: bool,
    /// Why not.
    #[schema(required)]
    last_error: Option<String>,
}

/// The keys as they were read.
#[derive(Default, Serialize, ToSchema)]
struct Cache {
    /// Since their last reading began.
    #[schema(required)]
    age_seconds: Option<i64>,
    /// RFC 3339.
    #[schema(required, format = DateTime)]
    last_refresh: Option<String>,
    /// Why the last read has failed, if it has.
    #[schema(required)]
    last_error: Option<String>,
    /// Whether they are older than they should be.
    stale: bool,
}

/// The words for it.
fn modes() -> Object {
    one_of(
        &["enabled", "unavailable", "disabled", "fallback"],
        "Whether keys are asked for, and can be checked.",
    )
}

#[utoipa::path(
    get,
    path = "/auth/status",
    tag = "Keys",
    operation_id = "auth_status",
    summary = "How authentication is doing",
    description = "It names no key, client, spreadsheet or path.",
    security(()),
    responses((status = 200, description = "Its state.", body = Status<'static>)),
)]
pub(crate) fn answer(app: &App) -> Response<Answer> {
    json(&Status::of(app))
}

impl<'a> Status<'a> {
    /// At this moment.
    pub(crate) fn of(app: &'a App) -> Self {
        match &app.door {
            Door::Open(why) => Self { mode: why.mode(), reason: Some(why.to_string()), ..Self::default() },
            Door::Guarded(guard) => {
                let redis = app.fleet.as_ref().map(|fleet| fleet.report(guard.board.as_deref()));
                let last_error = app.books.tally.trouble();
                let usage = Some(Usage { durable: last_error.is_none(), last_error });
                Self { redis, usage, ..guarded(guard, app.clock.now()) }
            }
        }
    }
}

fn guarded(guard: &Guard, now: Now) -> Status<'_> {
    let report = guard.freshness.report();
    // The gate has the first keys a moment before the report says so: until then the whole answer says that there are none.
    let available = report.last_read.is_some() && guard.gate.decides(now);
    let is_google = matches!(guard.source, SourceKind::Google { .. });
    let age_seconds = report.age(now.unix);
    let held = report.in_use == InUse::BeforeHeld;
    let last_error = report.last_error.or(report.in_use.why().filter(|_| held).map(str::to_owned));
    let reason = match (&last_error, available) {
        (Some(error), _) => Some(error.clone()),
        (None, false) if report.last_read.is_none() => Some("the keys have not been read yet".to_owned()),
        (None, false) => Some("the last good keys are older than API_KEY_MAX_STALE".to_owned()),
        (None, true) => report.in_use.why().map(str::to_owned),
    };
    Status {
        auth_enabled: true,
        mode: if available { "enabled" } else { "unavailable" },
        reason,
        key_source: Some(guard.source.word()),
        google_sheets_configured: is_google,
        google_sheets_connected: is_google && report.connected,
        sheet_name: guard.source.tab(),
        cache_duration: Some(guard.cache_duration.as_secs()),
        cache: Cache {
            age_seconds,
            last_refresh: report
                .last_read
                .and_then(|read_at| jiff::Timestamp::from_second(read_at).ok())
                .map(|t| t.to_string()),
            last_error,
            stale: report.last_read.is_some() && (!report.connected || held),
        },
        usage: None,
        redis: None,
    }
}
