//! The access token: fetched by one caller at a time, kept, and renewed before it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;

use crate::credentials::{Credentials, USER_PROJECT};
use crate::error::Error;
use crate::issued::Issued;
use crate::secret::Secret;
use crate::transport::Transport;

/// How long before its end a token is renewed, so that none ends while a request is on its way.
const RENEW_EARLY: Duration = Duration::from_mins(5);

/// How long a token that could not be renewed is used before that is tried again.
const RENEW_AGAIN: Duration = Duration::from_secs(30);

/// A token that Google gave. It has no `Debug`, and is wiped with its last copy.
#[derive(Clone)]
pub(crate) struct AccessToken(Arc<Secret>);

/// Hands out the token of one account.
pub(crate) struct TokenSource {
    credentials: Credentials,
    /// Locked for one look or one change, so that callers with a good token never wait for a fetch.
    state: Mutex<State>,
    /// Held by the one who fetches. Whoever waits for it gets what the fetch brought, a token or its error. Dropping a
    /// waiting or fetching call lets the next one in.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// How many fetches have ended, so that a waiter can tell whether one has since it came.
    fetches: u64,
    /// Why the last of them brought nothing, if it did not.
    failure: Option<Error>,
}

struct Kept {
    token: AccessToken,
    renew_at: Instant,
    ends_at: Instant,
}

impl AccessToken {
    /// The token itself, for the `Authorization` header only.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TokenSource {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self { credentials, state: Mutex::default(), fetching: tokio::sync::Mutex::new(()) }
    }

    /// The account that the tokens are for: its address, or words for it.
    pub(crate) fn client_email(&self) -> &str {
        self.credentials.client_email()
    }

    /// Whether another one would get the same tokens.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.credentials.is_same_as(&other.credentials)
    }

    /// A refusal of the API in the words for this kind of account.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.credentials.explain(error)
    }

    /// Adds the project that pays for a request, where the credentials name one.
    pub(crate) fn charge(&self, request: RequestBuilder) -> RequestBuilder {
        match self.credentials.quota_project() {
            Some(project) => request.header(USER_PROJECT, project),
            None => request,
        }
    }

    /// The kept token, or a new one.
    ///
    /// While a token that still works is renewed, others go on with it; if renewing fails, so does the caller who tried.
    pub(crate) async fn token(&self, transport: &Transport) -> Result<AccessToken, Error> {
        let (present, fetches) = {
            let state = self.state();
            if let Some(token) = state.fresh() {
                return Ok(token);
            }
            (state.working(), state.fetches)
        };
        let _only_one = match (self.fetching.try_lock(), present) {
            (Ok(turn), _) => turn,
            (Err(_), Some(token)) => return Ok(token),
            (Err(_), None) => self.fetching.lock().await,
        };
        if let Some(outcome) = self.state().outcome_since(fetches) {
            return outcome;
        }
        let started = Instant::now();
        let outcome = self.credentials.fetch(transport).await;
        let failure = outcome.as_ref().err().cloned();
        let settled = self.state().settle(started, outcome);
        if let (Ok(_), Some(error)) = (&settled, failure) {
            tracing::warn!(
                "the access token cannot be renewed, the present one is used until it ends: {error}"
            );
        }
        settled
    }

    /// Drops a token that the API did not take, unless a newer one stands in its place already.
    pub(crate) fn forget(&self, refused: &AccessToken) {
        let mut state = self.state();
        if state.kept.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.token.0, &refused.0)) {
            state.kept = None;
        }
    }

    /// A panic elsewhere cannot leave half a token here, so a poisoned lock is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The token, if it need not be renewed yet.
    fn fresh(&self) -> Option<AccessToken> {
        let kept = self.kept.as_ref()?;
        (Instant::now() < kept.renew_at).then(|| kept.token.clone())
    }

    /// The token, if it has not ended.
    fn working(&self) -> Option<AccessToken> {
        let kept = self.kept.as_ref()?;
        (Instant::now() < kept.ends_at).then(|| kept.token.clone())
    }

    /// What somebody else's fetch brought since there had been `fetches`, if it is of use.
    fn outcome_since(&self, fetches: u64) -> Option<Result<AccessToken, Error>> {
        if let Some(token) = self.fresh() {
            return Some(Ok(token));
        }
        let failure = self.failure.as_ref().filter(|_| self.fetches != fetches)?;
        Some(Err(failure.clone()))
    }

    /// Keeps what a fetch brought. A failure leaves the token that there is in use until its end.
    fn settle(&mut self, started: Instant, outcome: Result<Issued, Error>) -> Result<AccessToken, Error> {
        self.fetches += 1;
        self.failure = outcome.as_ref().err().cloned();
        match outcome {
            Ok(issued) => {
                let kept = Kept::new(started, issued);
                let token = kept.token.clone();
                self.kept = Some(kept);
                Ok(token)
            }
            Err(error) => {
                let token = self.working().ok_or(error)?;
                if let Some(kept) = &mut self.kept {
                    kept.renew_at = kept.ends_at.min(Instant::now() + RENEW_AGAIN);
                }
                Ok(token)
            }
        }
    }
}

impl Kept {
    /// Counted from before the request, since the answer does not say when the token was made.
    fn new(started: Instant, issued: Issued) -> Self {
        // Nobody issues tokens for more than a day; the bound keeps a wild number from overflowing the clock.
        let lifetime = issued.lifetime.min(Duration::from_hours(24));
        Self {
            token: AccessToken(Arc::new(issued.token)),
            renew_at: started + useful_time(lifetime),
            ends_at: started + lifetime,
        }
    }
}

/// How long a token is used: up to five minutes before its end, but at least half of its life.
fn useful_time(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(RENEW_EARLY).max(lifetime / 2)
}

#[cfg(test)]
mod tests {
    // Ends of tokens are set, not waited for.
    use futures_util::FutureExt;
    use testkit::{Fault, Google, Times};

    use super::*;
    use crate::transport::Limits;

    fn source(google: &Google) -> (TokenSource, Transport) {
        let credentials = Credentials::from_json(google.credentials_json().as_bytes()).unwrap();
        let endpoint = google.url().parse().unwrap();
        (TokenSource::new(credentials), Transport::new(&endpoint, Limits::USUAL).unwrap())
    }

    fn token() -> AccessToken {
        AccessToken(Arc::new(Secret::new("the same text".to_owned())))
    }

    /// Makes it time to renew the kept token, which ends in an hour, or has ended.
    fn age(source: &TokenSource, ended: bool) {
        let now = Instant::now();
        let mut state = source.state();
        let kept = state.kept.as_mut().expect("a token is kept");
        kept.renew_at = now;
        kept.ends_at = if ended { now } else { now + Duration::from_hours(1) };
    }

    #[tokio::test]
    async fn only_the_refused_token_is_dropped() {
        let google = Google::start().await;
        let (source, _) = source(&google);
        let (old, new) = (token(), token());
        let end = Instant::now() + RENEW_EARLY;
        source.state().kept = Some(Kept { token: new.clone(), renew_at: end, ends_at: end });

        source.forget(&old);
        assert!(source.state().fresh().is_some(), "a late refusal of the old one does not cost the new one");
        source.forget(&new);
        assert!(source.state().fresh().is_none());
    }

    #[tokio::test]
    async fn an_outage_of_the_token_endpoint_leaves_the_present_token_in_use_until_it_ends() {
        let google = Google::start().await;
        let (source, transport) = source(&google);
        let first = source.token(&transport).await.unwrap();
        google.inject(Fault::TokenServerError, Times::Always);

        age(&source, false);
        let kept = source.token(&transport).await.unwrap();
        assert!(Arc::ptr_eq(&kept.0, &first.0));
        assert_eq!(google.token_requests(), 2, "it was tried");
        assert!(source.state().fresh().is_some(), "and is not tried again by every call");
        source.token(&transport).await.unwrap();
        assert_eq!(google.token_requests(), 2);

        age(&source, true);
        assert!(matches!(source.token(&transport).await, Err(Error::Server { .. })), "it has ended");
        google.heal();
        let second = source.token(&transport).await.unwrap();
        assert!(!Arc::ptr_eq(&second.0, &first.0));
    }

    #[tokio::test]
    async fn whoever_has_a_working_token_does_not_wait_for_its_renewal() {
        let google = Google::start().await;
        let (source, transport) = source(&google);
        let first = source.token(&transport).await.unwrap();
        age(&source, false);
        let _renewing = source.fetching.lock().await;
        let present = source.token(&transport).now_or_never().expect("nothing to wait for").unwrap();
        assert!(Arc::ptr_eq(&present.0, &first.0));
    }

    #[tokio::test]
    async fn a_failed_fetch_is_the_same_error_for_all_who_waited_for_it() {
        let google = Google::start().await;
        let (source, transport) = source(&google);
        google.inject(Fault::AccountNotFound, Times::Once);
        // Joined, all twenty come before the first answer can.
        let calls = (0..20).map(|_| source.token(&transport));
        for outcome in futures_util::future::join_all(calls).await {
            assert!(matches!(outcome, Err(Error::TokenRejected(_))));
        }
        assert_eq!(google.token_requests(), 1);
        assert!(source.token(&transport).await.is_ok(), "whoever comes later tries anew");
        assert_eq!(google.token_requests(), 2);
    }

    #[test]
    fn a_token_is_renewed_five_minutes_early() {
        let useful = |lifetime| useful_time(Duration::from_secs(lifetime)).as_secs();
        assert_eq!(useful(3599), 3299);
        assert_eq!(useful(300), 150, "a short one is not fetched for every call");
        assert_eq!(useful(0), 0);
        let issued = Issued { token: Secret::new("t".to_owned()), lifetime: Duration::MAX };
        let (start, day) = (Instant::now(), Duration::from_hours(24));
        assert_eq!(Kept::new(start, issued).ends_at, start + day, "no clock overflows");
    }
}
