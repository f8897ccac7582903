//! A token as an endpoint issues it: the exchange, its line in the log, and the answer's two forms.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroize;

use crate::error::{Error, Service};
use crate::secret::Secret;
use crate::transport::{Answer, Transport};

/// A token, and for how long it works from the moment at which it was asked for.
pub(crate) struct Issued {
    pub(crate) token: Secret,
    pub(crate) lifetime: Duration,
}

/// RFC 6749, section 5.1; the token endpoint, the token exchange and the metadata server all answer so.
#[derive(Deserialize)]
struct OAuth {
    access_token: Secret,
    /// Seconds.
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

fn usual_lifetime() -> u64 {
    3600
}

/// `projects.serviceAccounts.generateAccessToken` of the IAM Service Account Credentials API, version 1.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    access_token: Secret,
    /// RFC 3339, in UTC, by Google's clock.
    expire_time: String,
}

/// Sends one request for credentials. The log shows its name and how long it took, never where it went.
pub(crate) async fn ask(
    transport: &Transport,
    service: Service,
    query: &'static str,
    request: RequestBuilder,
) -> Result<Answer, Error> {
    let started = Instant::now();
    let answer = transport.exchange(service, request).await;
    let status = answer.as_ref().map(|answer| answer.status).ok();
    tracing::debug!(query, status, duration_ms = started.elapsed().as_millis(), "google query");
    answer
}

impl Issued {
    /// From an OAuth endpoint's success.
    pub(crate) fn by_oauth(answer: Answer) -> Result<Self, Error> {
        let (service, status) = (answer.service, answer.status);
        let OAuth { access_token, expires_in } = read_and_wipe(answer)?;
        Self { token: access_token, lifetime: Duration::from_secs(expires_in) }.checked(service, status)
    }

    /// From the IAM API's success. Its end is counted from the `Date` of the same answer, since this machine's clock
    /// may be another; from `now` if it has none.
    pub(crate) fn by_iam(answer: Answer, now: SystemTime) -> Result<Self, Error> {
        let (service, status) = (answer.service, answer.status);
        let asked_at = answer.date().unwrap_or(now);
        let Generated { access_token, expire_time } = read_and_wipe(answer)?;
        let ends: Timestamp = expire_time.parse().map_err(|_| Error::Unreadable { service, status })?;
        let lifetime = SystemTime::from(ends).duration_since(asked_at).unwrap_or_default();
        Self { token: access_token, lifetime }.checked(service, status)
    }

    /// What cannot stand in a header is no token; found here, it is not mistaken for a network fault later.
    fn checked(self, service: Service, status: u16) -> Result<Self, Error> {
        if self.token.is_token() { Ok(self) } else { Err(Error::Unreadable { service, status }) }
    }
}

fn read_and_wipe<T: DeserializeOwned>(mut answer: Answer) -> Result<T, Error> {
    let read = answer.read();
    answer.body.zeroize();
    read
}

#[cfg(test)]
mod tests {
    use reqwest::header::DATE;

    use super::*;

    #[test]
    fn the_end_of_a_generated_token_is_counted_by_googles_clock() {
        let ours = SystemTime::UNIX_EPOCH;
        let lifetime = |end: &str, headers: &[_]| {
            let body = format!(r#"{{"accessToken": "t", "expireTime": "{end}"}}"#);
            let answer = Answer::made(Service::Impersonation, 200, headers, &body);
            Issued::by_iam(answer, ours).map(|issued| issued.lifetime.as_secs())
        };
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(lifetime("1994-11-06T09:49:36Z", std::slice::from_ref(&date)).ok(), Some(3599));
        assert_eq!(lifetime("1970-01-01T00:10:00.5Z", &[]).ok(), Some(600));
        assert_eq!(lifetime("1994-11-06T08:00:00Z", &[date]).ok(), Some(0), "it has ended already");
        assert!(matches!(lifetime("soon", &[]), Err(Error::Unreadable { status: 200, .. })));
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_token() {
        for token in ["", "two words", "line\\nbreak", "caf\u{e9}"] {
            let body = format!(r#"{{"access_token": "{token}", "expires_in": 3599}}"#);
            let answer = Answer::made(Service::Token, 200, &[], &body);
            assert!(matches!(Issued::by_oauth(answer), Err(Error::Unreadable { .. })), "{token:?}");
        }
    }
}
