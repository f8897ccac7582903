//! Where an upstream is: a URL as it is set.

use std::borrow::Cow;
use std::path::PathBuf;

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;

/// One upstream's address.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// Where to connect.
    pub(crate) target: Target,
    /// What is spoken there.
    pub(crate) speaks: Speaks,
    /// The name that its certificate must be for, where there is TLS.
    pub(crate) name: Option<ServerName<'static>>,
    /// What it is called in the `Host` header.
    pub(crate) host: HeaderValue,
    /// What stands ahead of each request's path, without a slash at the end; often nothing.
    pub(crate) base: String,
    /// For messages: the URL without anything that could be a secret.
    pub(crate) shown: String,
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// HTTP/1.1 without TLS.
    Http1,
    /// HTTP/2 without TLS, known beforehand (RFC 9113, 3.3).
    Http2,
    /// HTTP/2 or HTTP/1.1, as it says in the TLS handshake.
    Tls,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// What an address must be, for messages.
pub(crate) const EXPECTED: &str = "http://host:port, https://host:port, h2c://host:port (HTTP/2 without TLS), or unix:/path/to/socket; \
     with a path if each request's path is to begin with it, without user, query or fragment";

impl Address {
    /// Reads a URL; `None` where it is not [`EXPECTED`].
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::socket(path.strip_prefix("//").unwrap_or(path));
        }
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let (speaks, port) = match uri.scheme_str()? {
            "http" => (Speaks::Http1, 80),
            "https" => (Speaks::Tls, 443),
            "h2c" => (Speaks::Http2, 80),
            _ => return None,
        };
        if uri.query().is_some() || text.contains('#') {
            return None;
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = match speaks {
            Speaks::Tls => Some(ServerName::try_from(host.clone()).ok()?),
            Speaks::Http1 | Speaks::Http2 => None,
        };
        Some(Self {
            target: Target::Tcp { host, port: authority.port_u16().unwrap_or(port) },
            speaks,
            name,
            host: HeaderValue::from_str(authority.as_str()).ok()?,
            base: uri.path().trim_end_matches('/').to_owned(),
            shown: format!("{}://{authority}", uri.scheme_str()?),
        })
    }

    fn socket(path: &str) -> Option<Self> {
        path.starts_with('/').then(|| Self {
            target: Target::Unix(path.into()),
            speaks: Speaks::Http1,
            name: None,
            host: HeaderValue::from_static("localhost"),
            base: String::new(),
            shown: format!("unix:{path}"),
        })
    }

    /// A request's target as this upstream is asked for it, in origin form.
    pub(crate) fn target<'a>(&self, asked: &'a PathAndQuery) -> Cow<'a, str> {
        let target = asked.as_str();
        if self.base.is_empty() || target == "*" {
            return target.into();
        }
        format!("{}{target}", self.base).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Option<(Target, String, String)> {
        let address = Address::read(text)?;
        Some((address.target, address.host.to_str().expect("text").to_owned(), address.base))
    }

    fn tcp(host: &str, port: u16) -> Target {
        Target::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn addresses_are_read() {
        let none = String::new;
        assert_eq!(
            target("http://127.0.0.1:9000"),
            Some((tcp("127.0.0.1", 9000), "127.0.0.1:9000".into(), none()))
        );
        assert_eq!(target("http://app/"), Some((tcp("app", 80), "app".into(), none())));
        assert_eq!(
            target("http://[::1]:8080/v1/"),
            Some((tcp("::1", 8080), "[::1]:8080".into(), "/v1".into()))
        );
        assert_eq!(target("https://app"), Some((tcp("app", 443), "app".into(), none())));
        assert_eq!(target("h2c://app:50051"), Some((tcp("app", 50_051), "app:50051".into(), none())));
        assert_eq!(Address::read("h2c://app").map(|address| address.speaks), Some(Speaks::Http2));
        assert_eq!(
            target("unix:/run/app.sock"),
            Some((Target::Unix("/run/app.sock".into()), "localhost".into(), none()))
        );
        for wrong in [
            "",
            "app:80",
            "ftp://app",
            "http://",
            "http://u:p@app",
            "https://-",
            "http://app?x",
            "unix:app.sock",
            "http://a b",
        ] {
            assert!(Address::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_base_path_stands_ahead_of_the_requests() {
        let uri = |base: &str, asked: &str| {
            let address = Address::read(base).expect("an address");
            address.target(&asked.parse().expect("a URI")).into_owned()
        };
        assert_eq!(uri("http://app", "/a?b=c"), "/a?b=c");
        assert_eq!(uri("http://app/v1/", "/a?b=c"), "/v1/a?b=c");
        assert_eq!(uri("http://app/v1/", "*"), "*");
    }
}
