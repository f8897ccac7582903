//! What several servers share, and what each does without it.

use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use super::absolute;
use super::settings::Reader;

/// Where Redis or Valkey is, and who asks. Holds a password.
pub struct Redis {
    /// `REDIS_URL`, with `REDIS_PASSWORD`: one server, or some of a cluster's.
    pub(crate) nodes: Vec<ConnectionInfo>,
    /// Whether it is `rediss://`.
    pub(crate) tls: bool,
    /// `REDIS_CA_PATH`: the authorities; `None` for the system's.
    pub(crate) authorities: Option<PathBuf>,
    /// `REDIS_CLIENT_CERT_PATH` and `REDIS_CLIENT_KEY_PATH`.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// `REDIS_PREFIX`: what all keys begin with.
    pub(crate) prefix: String,
    /// `REDIS_TIMEOUT_MS`: how long a request waits for a decision.
    pub(crate) timeout: Duration,
    /// `REDIS_FALLBACK`.
    pub(crate) fallback: RedisFallback,
}

/// What a server does with a limited request while Redis does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisFallback {
    /// Decides by its own window, and keeps to the limit divided by the number of servers.
    Share,
    /// Refuses it.
    Closed,
    /// Decides by its own window, and keeps to the whole limit.
    Local,
}

impl RedisFallback {
    const ALL: [Self; 3] = [Self::Share, Self::Closed, Self::Local];

    /// As it is set.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Closed => "closed",
            Self::Local => "local",
        }
    }
}

const URL: &str = "REDIS_URL";
const PASSWORD: &str = "REDIS_PASSWORD";
const CERTIFICATE: &str = "REDIS_CLIENT_CERT_PATH";
const KEY: &str = "REDIS_CLIENT_KEY_PATH";

/// What means nothing without `REDIS_URL`.
const BESIDE: [&str; 7] =
    [PASSWORD, "REDIS_PREFIX", "REDIS_TIMEOUT_MS", "REDIS_FALLBACK", "REDIS_CA_PATH", CERTIFICATE, KEY];

impl Redis {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.text(URL).is_none() {
            for variable in BESIDE {
                if reader.text(variable).is_some() {
                    reader.fault(variable, format!("is set, and {URL} is not: nothing would be shared"));
                }
            }
            return None;
        }
        let fallback = reader.with("REDIS_FALLBACK", "share, closed or local", |text| {
            RedisFallback::ALL.into_iter().find(|fallback| fallback.word() == text)
        });
        let prefix = reader.with("REDIS_PREFIX", "1 to 64 letters, digits and any of -_.:", |text| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
            (text.len() <= 64 && text.chars().all(fits)).then(|| text.to_owned())
        });
        let timeout = Duration::from_millis(reader.number("REDIS_TIMEOUT_MS", 1..=10_000, 50));
        let authorities = reader.text("REDIS_CA_PATH").map(absolute);
        let identity = identity(reader);
        let expected = "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS; several of a cluster's \
                        nodes with commas between";
        let nodes: Vec<ConnectionInfo> =
            reader.with(URL, expected, |text| text.split(',').map(|url| node(url.trim())).collect())?;
        let nodes = with_password(reader, nodes);
        let is_tls = |node: &ConnectionInfo| matches!(node.addr(), ConnectionAddr::TcpTls { .. });
        let tls = nodes.iter().all(is_tls);
        if !tls && nodes.iter().any(is_tls) {
            reader.fault(URL, "has both redis:// and rediss://, and a cluster speaks one of them");
        }
        let same = |other: &ConnectionInfo| {
            let (first, other) = (nodes[0].redis_settings(), other.redis_settings());
            (first.username(), first.password(), first.db())
                == (other.username(), other.password(), other.db())
        };
        if !nodes.iter().all(same) {
            reader.fault(
                URL,
                "has nodes with different users, passwords or databases, and a cluster has one of each",
            );
        }
        if !tls {
            for variable in ["REDIS_CA_PATH", CERTIFICATE] {
                if reader.text(variable).is_some() {
                    reader.fault(
                        variable,
                        format!("is set, and {URL} is not rediss://: there would be no TLS"),
                    );
                }
            }
        }
        Some(Self {
            nodes,
            tls,
            authorities,
            identity,
            prefix: prefix.unwrap_or_else(|| "convergence".to_owned()),
            timeout,
            fallback: fallback.unwrap_or(RedisFallback::Share),
        })
    }
}

/// One URL. What the library would take and what means something else than it seems is refused.
fn node(url: &str) -> Option<ConnectionInfo> {
    // It knows a word after `#` that turns the check of certificates off, and takes options after `?`.
    if url.contains(['#', '?']) {
        return None;
    }
    let node = url.into_connection_info().ok()?;
    let is_socket = matches!(node.addr(), ConnectionAddr::Unix(_));
    (!is_socket && node.redis_settings().db() >= 0).then_some(node)
}

fn with_password(reader: &mut Reader<'_>, nodes: Vec<ConnectionInfo>) -> Vec<ConnectionInfo> {
    let Some(password) = reader.text(PASSWORD) else { return nodes };
    if nodes.iter().any(|node| node.redis_settings().password().is_some()) {
        reader.fault(PASSWORD, format!("is set, and {URL} has a password, too: leave one of them out"));
    }
    let with = |node: ConnectionInfo| {
        let settings = node.redis_settings().clone().set_password(password);
        node.set_redis_settings(settings)
    };
    nodes.into_iter().map(with).collect()
}

fn identity(reader: &mut Reader<'_>) -> Option<(PathBuf, PathBuf)> {
    match (reader.text(CERTIFICATE), reader.text(KEY)) {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings};

    fn read(set: &[(&str, &str)]) -> Result<Option<Redis>, Vec<String>> {
        let settings: Settings =
            set.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let faults = |faults: Vec<crate::config::Fault>| faults.iter().map(ToString::to_string).collect();
        Config::read(&settings).map(|config| config.redis).map_err(faults)
    }

    #[test]
    fn a_url_says_where_and_as_whom() {
        for (url, address, user, password, database) in [
            ("redis://cache", "cache:6379", None, None, 0),
            ("redis://:se%40cret@10.0.0.1:7000/3", "10.0.0.1:7000", None, Some("se@cret"), 3),
            ("rediss://me:secret@cache.example", "cache.example:6379", Some("me"), Some("secret"), 0),
            ("redis://[::1]:7000", "::1:7000", None, None, 0),
            ("valkey://cache", "cache:6379", None, None, 0),
        ] {
            let redis = read(&[("REDIS_URL", url)]).expect("no fault").expect("it is set");
            let [node] = &redis.nodes[..] else { panic!("{url}") };
            let settings = node.redis_settings();
            assert_eq!(
                (node.addr().to_string().as_str(), settings.username(), settings.password(), settings.db()),
                (address, user, password, database)
            );
            assert_eq!(redis.tls, url.starts_with("rediss"));
            assert!(redis.prefix == "convergence" && redis.fallback == RedisFallback::Share);
        }
        let beside = [("REDIS_URL", "redis://me@a,redis://me@b:1"), ("REDIS_PASSWORD", "secret")];
        let redis = read(&beside).expect("no fault").expect("it is set");
        let passwords: Vec<_> = redis.nodes.iter().map(|node| node.redis_settings().password()).collect();
        assert_eq!(passwords, [Some("secret"); 2]);
        assert!(matches!(read(&[]), Ok(None)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_no_secret_is_shown() {
        for url in [
            "secret",
            "http://secret",
            "redis://",
            "redis://host:secret",
            "redis://host/secret",
            "redis://host/-1",
            "rediss://host#insecure",
            "redis://host?protocol=secret",
            "redis://a,",
            "redis://0.0.0.0",
            "redis:secret",
            "redis+unix:///secret",
            "redis://a,rediss://a",
            "redis://:secret@a,redis://:another@b",
            "redis://a,redis://b/1",
        ] {
            let faults = read(&[("REDIS_URL", url)]).err().unwrap_or_default();
            assert!(faults.len() == 1 && faults[0].starts_with("REDIS_URL: "), "{url}: {faults:?}");
            assert!(!faults[0].contains("secret") && !faults[0].contains("another"), "{faults:?}");
        }
    }

    #[test]
    fn every_fault_names_its_variable() {
        let named = |set: &[(&str, &str)]| -> Vec<String> {
            let faults = read(set).err().unwrap_or_default();
            faults.iter().map(|fault| fault.split(':').next().unwrap_or_default().to_owned()).collect()
        };
        for variable in BESIDE {
            assert_eq!(named(&[(variable, "share")]).first().map(String::as_str), Some(variable));
        }
        let url = ("REDIS_URL", "rediss://:secret@cache");
        assert_eq!(named(&[url, ("REDIS_PASSWORD", "secret")]), ["REDIS_PASSWORD"]);
        assert_eq!(named(&[url, ("REDIS_FALLBACK", "open")]), ["REDIS_FALLBACK"]);
        assert_eq!(named(&[url, ("REDIS_TIMEOUT_MS", "0")]), ["REDIS_TIMEOUT_MS"]);
        for prefix in ["a b", "{tag}", "\u{e9}", &"a".repeat(65)] {
            assert_eq!(named(&[url, ("REDIS_PREFIX", prefix)]), ["REDIS_PREFIX"]);
        }
        assert_eq!(named(&[url, (CERTIFICATE, "our.pem")]), [KEY]);
        assert_eq!(named(&[url, (KEY, "our.key")]), [CERTIFICATE]);
        assert_eq!(
            named(&[url, (KEY, "our.key"), (CERTIFICATE, "our.pem"), ("REDIS_CA_PATH", "ca.pem")]),
            [""; 0]
        );
        assert_eq!(named(&[("REDIS_URL", "redis://a"), ("REDIS_CA_PATH", "ca.pem")]), ["REDIS_CA_PATH"]);
    }
}
