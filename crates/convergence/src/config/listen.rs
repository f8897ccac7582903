//! The public listener, and what one client may cost it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use super::settings::Reader;

/// Where and how requests are taken.
#[derive(Clone, Copy)]
pub struct Listen {
    /// `API_HOST` and `API_PORT`; port 0 is any free one.
    pub address: SocketAddr,
    /// `API_THREADS`.
    pub threads: usize,
    /// `MAX_CONNECTIONS`.
    pub max_connections: usize,
    /// `MAX_HEADER_BYTES`.
    pub max_header_bytes: usize,
    /// `MAX_BODY_BYTES`.
    pub max_body_bytes: usize,
    /// `HEADER_TIMEOUT`.
    pub header_timeout: Duration,
    /// `BODY_TIMEOUT`.
    pub body_timeout: Duration,
    /// `IDLE_TIMEOUT`.
    pub idle_timeout: Duration,
    /// `DRAIN_TIMEOUT`.
    pub drain_timeout: Duration,
    /// `DRAIN_IDLE_TIMEOUT`; 0 closes idle connections at once.
    pub drain_idle_timeout: Duration,
}

impl Listen {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            address: SocketAddr::new(host(reader, "API_HOST"), reader.number("API_PORT", 0..=65_535, 8_000)),
            threads: reader.number("API_THREADS", 1..=1_024, cores()),
            max_connections: reader.number("MAX_CONNECTIONS", 1..=1_000_000, 10_000),
            max_header_bytes: reader.number("MAX_HEADER_BYTES", 1_024..=1_048_576, 16_384),
            max_body_bytes: reader.number("MAX_BODY_BYTES", 1_024..=1_073_741_824, 1_048_576),
            header_timeout: reader.seconds("HEADER_TIMEOUT", 10),
            body_timeout: reader.seconds("BODY_TIMEOUT", 30),
            idle_timeout: reader.seconds("IDLE_TIMEOUT", 75),
            drain_timeout: reader.seconds("DRAIN_TIMEOUT", 30),
            drain_idle_timeout: Duration::from_secs(reader.number("DRAIN_IDLE_TIMEOUT", 0..=60, 1)),
        }
    }
}

/// The address that a variable names, or loopback.
pub(super) fn host(reader: &mut Reader<'_>, variable: &str) -> IpAddr {
    reader
        .with(variable, "an IP address such as 127.0.0.1 or 0.0.0.0", |text| match text {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            text => text.parse().ok(),
        })
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// How many cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
