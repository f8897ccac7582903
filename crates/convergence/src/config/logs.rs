//! What is logged, and how.

use tracing::level_filters::LevelFilter;

use super::settings::Reader;

/// The log's level and form.
#[derive(Clone, Copy)]
pub struct Logs {
    /// `LOG_LEVEL`.
    pub level: LevelFilter,
    /// `LOG_FORMAT=json`.
    pub json: bool,
    /// `ACCESS_LOG`: whether each request is logged.
    pub access: bool,
}

impl Logs {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let level = reader.with("LOG_LEVEL", "error, warn, info, debug or trace", |text| {
            let known = ["error", "warn", "info", "debug", "trace"];
            known.contains(&text.to_ascii_lowercase().as_str()).then(|| text.parse().ok()).flatten()
        });
        let json =
            reader.with("LOG_FORMAT", "text or json", |text| match text.to_ascii_lowercase().as_str() {
                "text" => Some(false),
                "json" => Some(true),
                _ => None,
            });
        let access = reader.boolean("ACCESS_LOG", true);
        Self { level: level.unwrap_or(LevelFilter::INFO), json: json.unwrap_or(false), access }
    }
}
