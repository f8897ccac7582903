//! The admin listener, and the token that opens it.

use std::net::SocketAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderValue;

use super::listen::host;
use super::settings::Reader;

/// Where the operator's requests are taken.
#[derive(Clone)]
pub struct Admin {
    /// `ADMIN_HOST` and `ADMIN_PORT`; port 0 is any free one.
    pub address: SocketAddr,
    /// `ADMIN_TOKEN`; there is one wherever `address` is not loopback.
    pub token: Option<AdminToken>,
    /// `METRICS_CLIENTS`: how many clients the metrics name.
    pub metrics_clients: usize,
}

/// `ADMIN_TOKEN`, a secret.
#[derive(Clone)]
pub struct AdminToken(Box<[u8]>);

impl Admin {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let address =
            SocketAddr::new(host(reader, "ADMIN_HOST"), reader.number("ADMIN_PORT", 0..=65_535, 8_001));
        let given = reader.text("ADMIN_TOKEN").is_some();
        let token = reader.with("ADMIN_TOKEN", "one word of visible ASCII characters", |text| {
            let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
            sendable.then(|| AdminToken(text.as_bytes().into()))
        });
        if !given && !address.ip().is_loopback() {
            reader.fault("ADMIN_TOKEN", "must be set where ADMIN_HOST is not a loopback address");
        }
        let metrics_clients = reader.number("METRICS_CLIENTS", 0..=100_000, 100);
        Self { address, token, metrics_clients }
    }
}

impl AdminToken {
    /// Whether this is the token. The time it takes tells the token's length at most.
    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, presented).is_ok()
    }

    /// As the value of an `Authorization` header, marked so that nothing prints it.
    pub(crate) fn credentials(&self) -> HeaderValue {
        let mut value = HeaderValue::from_bytes(&[b"Bearer ".as_slice(), &self.0].concat())
            .expect("visible ASCII, as it was read");
        value.set_sensitive(true);
        value
    }
}
