//! The listener for Envoy's `ext_authz`.

use std::net::{IpAddr, SocketAddr};

use super::listen::host;
use super::settings::Reader;

/// Where Envoy asks over gRPC; there is one only if `EXT_AUTHZ_PORT` is set.
#[derive(Clone, Copy)]
pub struct ExtAuthz {
    /// `EXT_AUTHZ_HOST`; without it, where the API listens.
    pub host: Option<IpAddr>,
    /// `EXT_AUTHZ_PORT`; 0 is any free one.
    pub port: u16,
}

impl ExtAuthz {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let host = reader.text("EXT_AUTHZ_HOST").map(|_| host(reader, "EXT_AUTHZ_HOST"));
        if host.is_some() && reader.text("EXT_AUTHZ_PORT").is_none() {
            reader.fault("EXT_AUTHZ_HOST", "is set, and EXT_AUTHZ_PORT is not: nothing would listen there");
        }
        let port =
            reader.with("EXT_AUTHZ_PORT", "a whole number from 0 to 65535", |text| text.parse().ok())?;
        Some(Self { host, port })
    }

    /// Where it listens, if the API is at `beside`.
    pub fn address(&self, beside: IpAddr) -> SocketAddr {
        SocketAddr::new(self.host.unwrap_or(beside), self.port)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Settings};

    fn read(settings: &[(&str, &str)]) -> Result<Option<String>, Vec<String>> {
        let settings: Settings =
            settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = Config::read(&settings);
        let config =
            config.map_err(|faults| faults.into_iter().map(|fault| fault.to_string()).collect::<Vec<_>>())?;
        Ok(config.ext_authz.map(|at| at.address(config.listen.address.ip()).to_string()))
    }

    #[test]
    fn it_listens_where_the_api_does_unless_told_otherwise() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("EXT_AUTHZ_PORT", "8002")]), Ok(Some("127.0.0.1:8002".to_owned())));
        let beside = [("API_HOST", "10.0.0.1"), ("EXT_AUTHZ_PORT", "8002")];
        assert_eq!(read(&beside), Ok(Some("10.0.0.1:8002".to_owned())));
        let apart = [("EXT_AUTHZ_HOST", "localhost"), ("API_HOST", "10.0.0.1"), ("EXT_AUTHZ_PORT", "8002")];
        assert_eq!(read(&apart), Ok(Some("127.0.0.1:8002".to_owned())));
        for wrong in [&[("EXT_AUTHZ_PORT", "many")][..], &[("EXT_AUTHZ_HOST", "10.0.0.1")]] {
            assert_eq!(read(wrong).map_err(|faults| faults.len()), Err(1), "{wrong:?}");
        }
    }
}
