//! `GET /auth/status`: how authentication is doing. It names no key, client, sheet id or path.

use http::Response;
use serde::Serialize;

use super::json;
use crate::app::{App, Door, Guard, SourceKind};
use crate::clock::Now;
use crate::fleet;
use crate::http::body::Answer;
use crate::sync::InUse;

/// What is told of it.
#[derive(Default, Serialize)]
pub(crate) struct Status<'a> {
    auth_enabled: bool,
    /// `enabled`, `unavailable`, `disabled` or `fallback`.
    pub(crate) mode: &'static str,
    /// Why, where there is something to say.
    pub(crate) reason: Option<String>,
    key_source: Option<&'static str>,
    google_sheets_configured: bool,
    google_sheets_connected: bool,
    sheet_name: Option<&'a str>,
    /// Seconds.
    cache_duration: Option<u64>,
    cache: Cache,
    /// Where limits are shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<fleet::Report>,
    usage: Option<Usage>,
}

/// Where what clients use is counted; nobody is, where the door is open.
#[derive(Serialize)]
struct Usage {
    /// Whether it is kept on disk, and not in memory only.
    durable: bool,
    last_error: Option<String>,
}

#[derive(Default, Serialize)]
struct Cache {
    age_seconds: Option<i64>,
    /// RFC 3339.
    last_refresh: Option<String>,
    last_error: Option<String>,
    stale: bool,
}

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
