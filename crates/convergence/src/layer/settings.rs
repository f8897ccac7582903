//! Which settings mean something without the server.

use tracing::info;

use crate::config::{GOOGLES_OWN, Settings, VARIABLES};

/// The settings that an engine reads. `docs/library.md` names them, and each of the others.
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
    "ENVIRONMENT",
    "TRUSTED_PROXIES",
    "AUTH_FAILURE_LIMIT",
    "GUARD_LOST_PERCENT",
    "GUARD_LOST_KEYS",
    "GOOGLE_USAGE_SHEET_NAME",
    "USAGE_FLUSH_INTERVAL",
    "INSTANCE",
    "DATA_DIR",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "REDIS_PREFIX",
    "REDIS_TIMEOUT_MS",
    "REDIS_FALLBACK",
    "REDIS_CA_PATH",
    "REDIS_CLIENT_CERT_PATH",
    "REDIS_CLIENT_KEY_PATH",
];

/// What is set of those that an engine reads: a fault in another one is no reason not to start. Says which are left out.
pub(super) fn of_a_layer(settings: &Settings) -> Settings {
    let is_read = |name: &str| READ_BY_A_LAYER.contains(&name);
    let ours = VARIABLES.iter().map(|variable| variable.name);
    let unread: Vec<&str> = ours.filter(|name| !is_read(name) && settings.value(name).is_some()).collect();
    if !unread.is_empty() {
        info!("set, and of no effect in a service that is not convergence's own: {}", unread.join(", "));
    }
    let read = READ_BY_A_LAYER.iter().chain(GOOGLES_OWN);
    read.filter_map(|name| Some(((*name).to_owned(), settings.value(name)?.to_owned()))).collect()
}
