//! The listener for Envoy's `ext_authz`.

use std::net::{IpAddr, SocketAddr};

use super::listen::host;
use super::settings::Reader;

/// Where Envoy asks over gRPC; there is one only if `EXT_AUTHZ_PORT` is set.
#[derive(Clone, Copy)]
pub struct ExtAuthz {
    /// `EXT_AUTHZ_HOST`, or else `API_HOST`, and `EXT_AUTHZ_PORT`; port 0 is any free one.
    pub address: SocketAddr,
}

impl ExtAuthz {
    /// `beside` is where the API listens.
    pub(super) fn read(reader: &mut Reader<'_>, beside: IpAddr) -> Option<Self> {
        let host = reader.text("EXT_AUTHZ_HOST").map(|_| host(reader, "EXT_AUTHZ_HOST"));
        if host.is_some() && reader.text("EXT_AUTHZ_PORT").is_none() {
            reader.fault("EXT_AUTHZ_HOST", "is set, and EXT_AUTHZ_PORT is not: nothing would listen there");
        }
        let port =
            reader.with("EXT_AUTHZ_PORT", "a whole number from 0 to 65535", |text| text.parse().ok())?;
        Some(Self { address: SocketAddr::new(host.unwrap_or(beside), port) })
    }
}
