//! The access token: fetched by one caller at a time, kept, and renewed before it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::assertion;
use crate::credentials::Credentials;
use crate::error::{Error, Service};
use crate::refusal;
use crate::token_rejection::TokenRejection;
use crate::transport::Transport;

/// RFC 7523.
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long before its end a token is renewed, so that none ends while a request is on its way.
const RENEW_EARLY: Duration = Duration::from_mins(5);

/// A token that Google gave. It has no `Debug`, and is wiped with its last copy.
#[derive(Clone)]
pub(crate) struct AccessToken(Arc<Zeroizing<String>>);

/// Hands out the token of one service account.
pub(crate) struct TokenSource {
    credentials: Credentials,
    /// Locked for one look or one change, so that callers with a good token never wait for a fetch.
    kept: Mutex<Option<Kept>>,
    /// Held by the one who fetches. Whoever waits for it finds the new token kept; if the fetch failed, the next
    /// one tries in turn. Dropping a waiting or fetching call lets the next one in.
    fetching: tokio::sync::Mutex<()>,
}

struct Kept {
    token: AccessToken,
    renew_at: Instant,
}

/// The endpoint's answer; recorded: exactly these and `token_type`.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    /// Seconds.
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

fn usual_lifetime() -> u64 {
    3600
}

impl AccessToken {
    /// The token itself, for the `Authorization` header only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl TokenSource {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self { credentials, kept: Mutex::new(None), fetching: tokio::sync::Mutex::new(()) }
    }

    /// The account that the tokens are for.
    pub(crate) fn client_email(&self) -> &str {
        self.credentials.client_email()
    }

    /// The kept token, or a new one.
    pub(crate) async fn token(&self, transport: &Transport) -> Result<AccessToken, Error> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let _only_one = self.fetching.lock().await;
        // Somebody else may have fetched it while this call waited its turn.
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let kept = self.fetch(transport).await?;
        let token = kept.token.clone();
        *self.kept() = Some(kept);
        Ok(token)
    }

    /// Drops a token that the API did not take, unless a newer one stands in its place already.
    pub(crate) fn forget(&self, refused: &AccessToken) {
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.token.0, &refused.0)) {
            *kept = None;
        }
    }

    fn fresh(&self) -> Option<AccessToken> {
        let kept = self.kept();
        kept.as_ref().filter(|kept| Instant::now() < kept.renew_at).map(|kept| kept.token.clone())
    }

    async fn fetch(&self, transport: &Transport) -> Result<Kept, Error> {
        let started = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let assertion = assertion::sign(&self.credentials, now)
            // The key was tried when the file was read.
            .map_err(|_| Error::TokenRejected(TokenRejection::InvalidSignature))?;
        let form = [("grant_type", JWT_GRANT), ("assertion", assertion.as_str())];
        let request = transport.client().post(self.credentials.token_uri().clone()).form(&form);
        let answer = transport.exchange(Service::Token, request).await;
        let status = answer.as_ref().map(|answer| answer.status).ok();
        tracing::debug!(query = "token", status, duration_ms = started.elapsed().as_millis(), "google query");

        let answer = answer?;
        if !answer.is_success() {
            return Err(refusal::of_token(&answer, SystemTime::now()));
        }
        let issued: Issued = answer.read()?;
        let token = Zeroizing::new(issued.access_token);
        // What cannot stand in a header is no token; found here, it is not mistaken for a network fault later.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Unreadable { service: Service::Token, status: answer.status });
        }
        // Counted from before the request, since the answer does not say when the token was made.
        let renew_at = started + useful_time(Duration::from_secs(issued.expires_in));
        Ok(Kept { token: AccessToken(Arc::new(token)), renew_at })
    }

    /// A panic elsewhere cannot leave half a token here, so a poisoned lock is as good as any.
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a token is used: up to five minutes before its end, but at least half of its life.
fn useful_time(lifetime: Duration) -> Duration {
    // Nobody issues tokens for more than a day; the bound keeps a wild number from overflowing the clock.
    let lifetime = lifetime.min(Duration::from_hours(24));
    lifetime.saturating_sub(RENEW_EARLY).max(lifetime / 2)
}

#[cfg(test)]
mod tests {
    use testkit::Google;

    use super::*;

    #[tokio::test]
    async fn only_the_refused_token_is_dropped() {
        let google = Google::start().await;
        let credentials = Credentials::from_json(google.credentials_json().as_bytes()).unwrap();
        let source = TokenSource::new(credentials);
        let token = || AccessToken(Arc::new(Zeroizing::new("the same text".to_owned())));
        let (old, new) = (token(), token());
        *source.kept() = Some(Kept { token: new.clone(), renew_at: Instant::now() + RENEW_EARLY });

        source.forget(&old);
        assert!(source.fresh().is_some(), "a late refusal of the old one does not cost the new one");
        source.forget(&new);
        assert!(source.fresh().is_none());
    }

    #[test]
    fn a_token_is_renewed_five_minutes_early() {
        let useful = |lifetime| useful_time(Duration::from_secs(lifetime)).as_secs();
        assert_eq!(useful(3599), 3299);
        assert_eq!(useful(300), 150, "a short one is not fetched for every call");
        assert_eq!(useful(0), 0);
        assert_eq!(useful(u64::MAX), 86100);
    }
}
