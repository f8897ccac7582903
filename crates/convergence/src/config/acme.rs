//! Certificates that the server fetches itself (ACME, RFC 8555).

use std::path::PathBuf;

use super::absolute;
use super::settings::Reader;

/// Where they are from if nothing else is said.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Names on one certificate, as Let's Encrypt has it.
const MOST_DOMAINS: usize = 100;

/// What to ask for, and whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Acme {
    /// `ACME_DOMAINS`, in small letters; at least one.
    pub domains: Vec<String>,
    /// `ACME_CONTACT`, an e-mail address.
    pub contact: Option<String>,
    /// `ACME_DIRECTORY_URL`.
    pub directory: String,
    /// `ACME_CA_PATH`: who has signed the ACME server's own certificate, where the system does not know it.
    pub authority: Option<PathBuf>,
}

/// What has no meaning without the domains.
const NEED_DOMAINS: [&str; 3] = ["ACME_CONTACT", "ACME_DIRECTORY_URL", "ACME_CA_PATH"];

impl Acme {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.text("ACME_DOMAINS").is_none() {
            for variable in NEED_DOMAINS {
                if reader.text(variable).is_some() {
                    reader.fault(variable, "needs ACME_DOMAINS");
                }
            }
            return None;
        }
        let expected = "host names with commas between, such as api.example.com,www.example.com";
        let domains = reader.with("ACME_DOMAINS", expected, domains);
        let contact = reader.with("ACME_CONTACT", "an e-mail address", |text| {
            let (user, host) = text.split_once('@')?;
            let sound =
                !user.is_empty() && is_domain(host) && text.bytes().all(|byte| byte.is_ascii_graphic());
            sound.then(|| text.to_owned())
        });
        let directory = reader.with("ACME_DIRECTORY_URL", "an https address", |text| {
            let uri: http::Uri = text.parse().ok()?;
            (uri.scheme_str() == Some("https") && uri.host().is_some()).then(|| text.to_owned())
        });
        let authority = reader.text("ACME_CA_PATH").map(absolute);
        let directory = directory.unwrap_or_else(|| LETS_ENCRYPT.to_owned());
        Some(Self { domains: domains?, contact, directory, authority })
    }
}

fn domains(text: &str) -> Option<Vec<String>> {
    let domains: Vec<String> = text.split(',').map(|domain| domain.trim().to_ascii_lowercase()).collect();
    (domains.len() <= MOST_DOMAINS && domains.iter().all(|domain| is_domain(domain))).then_some(domains)
}

/// Wildcards are not: they are proved by DNS only (RFC 8737 is for a name that can be connected to).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.parse::<std::net::IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_connected_to() {
        assert_eq!(
            domains("A.example, b.example"),
            Some(vec!["a.example".to_owned(), "b.example".to_owned()])
        );
        for wrong in [
            "",
            "localhost",
            "*.example.com",
            "a.example,",
            "-a.example",
            "a..example",
            "10.0.0.1",
            "a b.example",
        ] {
            assert_eq!(domains(wrong), None, "{wrong}");
        }
    }
}
