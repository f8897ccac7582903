//! The gateway: whose API is guarded.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use super::absolute;
use super::settings::Reader;
use crate::upstream::{Address, EXPECTED, Trust};

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
    /// `UPSTREAM_CA_PATH`, `UPSTREAM_CLIENT_CERT_PATH` and `UPSTREAM_CLIENT_KEY_PATH`.
    pub(crate) trust: Trust,
    /// `UPSTREAM_HEALTH_PATH`: what those of `UPSTREAM_URL` are asked.
    pub health_path: Option<Uri>,
    /// `UPSTREAM_HEALTH_INTERVAL`.
    pub health_interval: Duration,
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
        Self {
            addresses: addresses.unwrap_or_default(),
            authorization,
            keep_host,
            connect_timeout,
            timeout,
            trust: trust(reader),
            health_interval: reader.seconds("UPSTREAM_HEALTH_INTERVAL", 5),
            health_path: health_path(reader),
        }
    }
}

fn trust(reader: &mut Reader<'_>) -> Trust {
    const CERTIFICATE: &str = "UPSTREAM_CLIENT_CERT_PATH";
    const KEY: &str = "UPSTREAM_CLIENT_KEY_PATH";
    let authorities = reader.text("UPSTREAM_CA_PATH").map(absolute);
    let identity = match (reader.text(CERTIFICATE), reader.text(KEY)) {
        (Some(certificate), Some(key)) => Some((absolute(certificate), absolute(key))),
        (None, None) => None,
        (Some(_), None) => {
            reader.fault(KEY, format!("must be set, since {CERTIFICATE} is"));
            None
        }
        (None, Some(_)) => {
            reader.fault(CERTIFICATE, format!("must be set, since {KEY} is"));
            None
        }
    };
    Trust { authorities, identity }
}

fn health_path(reader: &mut Reader<'_>) -> Option<Uri> {
    let expected = "a path that begins with a slash, such as /health";
    reader.with("UPSTREAM_HEALTH_PATH", expected, |text| {
        let path: PathAndQuery = text.parse().ok().filter(|_| text.starts_with('/'))?;
        Some(Uri::from(path))
    })
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Settings};

    #[test]
    fn every_fault_names_its_variable() {
        let faults = |set: &[(&str, &str)]| -> Vec<String> {
            let mut settings = Settings::default();
            settings.set("UPSTREAM_URL", "https://app");
            for (name, value) in set {
                settings.set(name, *value);
            }
            let faults = Config::read(&settings).err().unwrap_or_default();
            faults.into_iter().map(|fault| fault.variable).collect()
        };
        assert_eq!(faults(&[]), [""; 0]);
        let (certificate, key) = ("UPSTREAM_CLIENT_CERT_PATH", "UPSTREAM_CLIENT_KEY_PATH");
        assert_eq!(faults(&[(certificate, "our.pem")]), [key]);
        assert_eq!(faults(&[(key, "our.key")]), [certificate]);
        assert_eq!(faults(&[(certificate, "our.pem"), (key, "our.key")]), [""; 0]);
        let health = [("UPSTREAM_HEALTH_PATH", "health"), ("UPSTREAM_HEALTH_INTERVAL", "0")];
        assert_eq!(faults(&health), ["UPSTREAM_HEALTH_INTERVAL", "UPSTREAM_HEALTH_PATH"]);
        assert_eq!(faults(&[("UPSTREAM_URL", "ftp://app")]), ["UPSTREAM_URL"]);
    }
}
