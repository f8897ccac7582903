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
#[path = "token_tests.rs"]
mod tests;
