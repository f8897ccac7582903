//! Whose web pages may call the API from a browser.

use std::sync::Arc;

use http::Uri;

use super::settings::Reader;

/// `CORS_ALLOWED_ORIGINS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// `*`: everybody's.
    Any,
    /// Those of these origins, as browsers write them.
    Of(Vec<Arc<str>>),
}

impl Cors {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let expected = "*, or origins with commas between, each a scheme, a host and a port where it is not the usual one: \
                        https://app.example.com, http://localhost:5173";
        reader.with("CORS_ALLOWED_ORIGINS", expected, |text| match text {
            "*" => Some(Self::Any),
            _ => text.split(',').map(|text| origin(text.trim())).collect::<Option<_>>().map(Self::Of),
        })
    }
}

/// An origin as browsers serialise it (RFC 6454, 6.2): in lower case, and without the port that its scheme has anyway.
fn origin(text: &str) -> Option<Arc<str>> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    let host = authority.host().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    let is_origin = host.chars().all(fits)
        && !authority.as_str().contains('@')
        && !text.contains('#')
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    let usual = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = authority.port_u16().filter(|port| Some(*port) != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    is_origin.then(|| format!("{scheme}://{host}{port}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings};

    fn read(text: &str) -> Result<Option<Cors>, String> {
        let mut settings = Settings::default();
        settings.set("CORS_ALLOWED_ORIGINS", text);
        Config::read(&settings).map(|config| config.cors).map_err(|faults| faults[0].to_string())
    }

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read(" * "), Ok(Some(Cors::Any)));
        for (text, expected) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM:443/", "https://app.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://a.example:80", "https://a.example:80"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(read(text), Ok(Some(Cors::Of(vec![expected.into()]))), "{text}");
        }
        let two = Cors::Of(vec!["https://a.example".into(), "https://b.example".into()]);
        assert_eq!(read("https://a.example, https://b.example"), Ok(Some(two)));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "app.example.com",
            "null",
            "https://",
            "https://*.example.com",
            "https://a.example/api",
            "https://a.example?x",
            "https://a.example#x",
            "https://me:secret@a.example",
            "https://a.example,*",
            "https://a.example,",
            "https://a.example https://b.example",
            "https://caf\u{e9}.example",
        ] {
            let fault = read(text).expect_err(text);
            assert!(
                fault.starts_with("CORS_ALLOWED_ORIGINS: must be *") && !fault.contains("secret"),
                "{fault}"
            );
        }
    }
}
