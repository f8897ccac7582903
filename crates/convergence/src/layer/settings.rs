//! Which settings mean something without the server.

use tracing::info;

use crate::config::{GOOGLES_OWN, Settings};

/// The settings that an engine reads.
#[doc(hidden)]
pub const READ_BY_A_LAYER: &[&str] = &[
    "AUTH_ENABLED",
    "GOOGLE_CREDENTIALS_PATH",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_SHEET_ID",
    "GOOGLE_SHEET_NAME",
    "GOOGLE_SHEETS_ENDPOINT",
    "KEYS_FILE",
    "KEYS_TIME_ZONE",
    "API_KEY_CACHE_DURATION",
    "API_KEY_MAX_STALE",
    "AUTH_FALLBACK",
    "DEFAULT_RATE_LIMIT",
    "GUARD_LOST_PERCENT",
    "GUARD_LOST_KEYS",
    "GOOGLE_USAGE_SHEET_NAME",
    "USAGE_FLUSH_INTERVAL",
    "INSTANCE",
    "DATA_DIR",
];

/// Those of the listeners, the gateway, audio and the log. A test asks that each setting is in one of the two lists.
#[doc(hidden)]
pub const NOT_READ_BY_A_LAYER: &[&str] = &[
    "ROUTES_FILE",
    "API_HOST",
    "API_PORT",
    "API_THREADS",
    "MAX_CONNECTIONS",
    "MAX_HEADER_BYTES",
    "MAX_BODY_BYTES",
    "HEADER_TIMEOUT",
    "BODY_TIMEOUT",
    "IDLE_TIMEOUT",
    "DRAIN_TIMEOUT",
    "EXT_AUTHZ_PORT",
    "EXT_AUTHZ_HOST",
    "ADMIN_HOST",
    "ADMIN_PORT",
    "ADMIN_TOKEN",
    "SHEET_WEBHOOK_SECRET",
    "UPSTREAM_URL",
    "UPSTREAM_AUTHORIZATION",
    "UPSTREAM_HOST",
    "UPSTREAM_CONNECT_TIMEOUT",
    "UPSTREAM_TIMEOUT",
    "AUDIO_WORKERS",
    "AUDIO_QUEUE",
    "AUDIO_RETENTION",
    "LOG_LEVEL",
    "LOG_FORMAT",
];

/// What is set of those that an engine reads: a fault in another one is no reason not to start. Says which are left out.
pub(super) fn of_a_layer(settings: &Settings) -> Settings {
    let set = |names: &[&'static str]| -> Vec<(&'static str, String)> {
        names.iter().filter_map(|name| Some((*name, settings.value(name)?.to_owned()))).collect()
    };
    let unread: Vec<&str> = set(NOT_READ_BY_A_LAYER).into_iter().map(|(name, _)| name).collect();
    if !unread.is_empty() {
        info!("set, and of no effect in a service that is not convergence's own: {}", unread.join(", "));
    }
    let read = set(READ_BY_A_LAYER).into_iter().chain(set(GOOGLES_OWN));
    read.map(|(name, value)| (name.to_owned(), value)).collect()
}
