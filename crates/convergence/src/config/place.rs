//! Where this server stands, for keys that may be used in some places only.

use gate::Network;

use super::settings::Reader;

/// Its environment, and who stands in front of it.
pub struct Place {
    /// `ENVIRONMENT`, in lower case; empty where it is not set.
    pub environment: String,
    /// `TRUSTED_PROXIES`: whose word on the client's address is taken.
    pub trusted_proxies: Vec<Network>,
}

impl Place {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let environment = reader.with("ENVIRONMENT", "one word of letters, digits and -_.", |text| {
            text.bytes().all(is_name).then(|| text.to_ascii_lowercase())
        });
        let expected =
            "addresses and ranges such as 10.0.0.0/8, 192.0.2.7, 2001:db8::/32, separated by commas";
        let trusted_proxies = reader.with("TRUSTED_PROXIES", expected, |text| {
            let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
            words.map(str::parse).collect::<Result<_, _>>().ok()
        });
        Self {
            environment: environment.unwrap_or_default(),
            trusted_proxies: trusted_proxies.unwrap_or_default(),
        }
    }
}
