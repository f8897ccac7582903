//! The gateway: whose API is guarded.

use std::time::Duration;

use http::HeaderValue;

use super::settings::Reader;
use crate::upstream::{Address, EXPECTED};

/// What every other path goes to.
pub struct Upstream {
    /// `UPSTREAM_URL`: none, one, or several that do the same.
    pub(crate) addresses: Vec<Address>,
    /// `UPSTREAM_AUTHORIZATION`, marked as secret.
    pub authorization: Option<HeaderValue>,
    /// `UPSTREAM_HOST=client`: the upstream is asked by the name that the client has used.
    pub keep_host: bool,
    /// `UPSTREAM_CONNECT_TIMEOUT`.
    pub connect_timeout: Duration,
    /// `UPSTREAM_TIMEOUT`.
    pub timeout: Duration,
}

impl Upstream {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let addresses =
            reader.with("UPSTREAM_URL", &format!("{EXPECTED}; several with commas between"), |text| {
                text.split(',').map(|url| Address::read(url.trim())).collect()
            });
        let authorization = reader.with(
            "UPSTREAM_AUTHORIZATION",
            "the value of an Authorization header, such as Bearer TOKEN or Basic CREDENTIALS",
            |text| {
                let mut value = HeaderValue::from_str(text).ok()?;
                value.set_sensitive(true);
                Some(value)
            },
        );
        let keep_host = reader.with("UPSTREAM_HOST", "client or upstream", |text| match text {
            "client" => Some(true),
            "upstream" => Some(false),
            _ => None,
        });
        let connect_timeout = reader.seconds("UPSTREAM_CONNECT_TIMEOUT", 5);
        let timeout = reader.seconds("UPSTREAM_TIMEOUT", 60);
        let keep_host = keep_host.unwrap_or(false);
        let addresses = addresses.unwrap_or_default();
        Self { addresses, authorization, keep_host, connect_timeout, timeout }
    }
}
