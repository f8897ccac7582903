//! The only file that calls the gate: it reads the clock, asks, and takes the key out of the request.

use std::net::IpAddr;

use gate::{Cause, HeaderProblem, Now, Permit, Quotas, Refusal};
use http::Response;
use http::header::AUTHORIZATION;
use tracing::{Level, debug, enabled};

use super::asked::Errand;
use super::body::Answer;
use super::endpoint::Endpoint;
use super::request::Asks;
use super::shield::{Attempt, TooMany};
use super::stamp::RequestId;
use super::{redact, refuse};
use crate::app::{App, Door, Guard};
use crate::metrics::AttemptResult;
use crate::usage::{Kind, Whose};

/// Who may go on to the protected routes. They ask for one, so none is reached without it.
#[derive(Clone)]
pub(crate) enum Caller {
    /// The gate let this client in, which is counted under this name.
    Client(Permit, Endpoint),
    /// Authentication is off: the named state of the open door.
    Anyone(OpenDoor),
}

/// Made here only, and only for a door that is open.
#[derive(Clone)]
pub(crate) struct OpenDoor(());

impl Caller {
    /// The client's name, where there is authentication.
    pub(crate) fn client(&self) -> Option<&str> {
        match self {
            Caller::Client(permit, _) => Some(permit.client()),
            Caller::Anyone(_) => None,
        }
    }

    /// What is left of the key's limits.
    pub(crate) fn quotas(&self) -> Quotas {
        match self {
            Caller::Client(permit, _) => permit.quotas(),
            Caller::Anyone(_) => Quotas::default(),
        }
    }

    /// Counts the request as answered with a 5xx.
    pub(crate) fn record_failure(&self, app: &App) {
        self.count(app, Kind::Failed, 1);
    }

    /// Counts something that came of the request.
    pub(crate) fn count(&self, app: &App, kind: Kind, number: u64) {
        if let Caller::Client(permit, endpoint) = self {
            let whose =
                Whose { client: permit.client(), key: permit.key().number(), endpoint: endpoint.as_str() };
            app.books.tally.count(whose, kind, number, app.clock.now().unix);
        }
    }
}

/// Decides a request. Either way the key is no longer in it: nothing behind this can log it or pass it on.
///
/// # Errors
/// The whole answer to a request that is refused.
pub(crate) fn admit(
    app: &App,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
) -> Result<Caller, Response<Answer>> {
    match &app.door {
        Door::Guarded(guard) => ask(app, guard, peer, request, id),
        Door::Open(_) => {
            request.remove(&AUTHORIZATION);
            Ok(Caller::Anyone(OpenDoor(())))
        }
    }
}

fn ask(
    app: &App,
    guard: &Guard,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
) -> Result<Caller, Response<Answer>> {
    let now = app.clock.now();
    let errand = Errand::of(app, peer, request);
    // Clients whose address a trusted proxy has not said are one, at the proxy's: else whoever can muddle it could guess on.
    let from = errand.address.unwrap_or(peer);
    let attempt = app.shield.as_ref().and_then(|shield| shield.attempt(from, request.all(&AUTHORIZATION)));
    if let Some(attempt) = &attempt
        && let Err(too_many) = attempt.check(now.uptime)
        && guard.gate.decides(now)
    {
        request.remove(&AUTHORIZATION);
        return Err(hold_back(app, guard, attempt, too_many, request, id));
    }
    let decision = errand.ask(app, |asked| {
        let decision = guard.gate.admit(request.all(&AUTHORIZATION), asked, now);
        decision.map_err(|refusal| {
            let answer = refuse::answer(&refusal, asked, || guard.freshness.retry_after(now.uptime));
            (refusal, answer)
        })
    });
    let endpoint = errand.endpoint(app, &guard.gate);
    count(app, &decision, &endpoint, now);
    request.remove(&AUTHORIZATION);
    if enabled!(Level::DEBUG) {
        log(guard, request, id, decision.as_ref().map_err(|(refusal, _)| refusal));
    }
    let (refusal, answer) = match decision {
        Ok(permit) => {
            if permit.shadow_refused() {
                app.metrics.shadow_refused();
            }
            attempt.inspect(Attempt::succeeded);
            return Ok(Caller::Client(permit, endpoint));
        }
        Err(refused) => refused,
    };
    if is_failed_attempt(refusal.cause()) {
        if let Some(attempt) = attempt
            && let Err(too_many) = attempt.failed(now.uptime)
        {
            return Err(hold_back(app, guard, &attempt, too_many, request, id));
        }
        app.metrics.attempt(AttemptResult::Failed);
    }
    if refusal.cause() == Cause::UnknownKey {
        guard.early.unknown_key();
    }
    Err(answer)
}

/// Whether somebody may have guessed: there is an `Authorization`, and no known key in it. A key that is known and refused
/// (expired, revoked, not for this, over its limit) is its client's mistake, and a request that presents nothing is none.
fn is_failed_attempt(cause: Cause) -> bool {
    match cause {
        Cause::UnknownKey => true,
        Cause::Header(problem) => problem != HeaderProblem::Missing,
        _ => false,
    }
}

/// The answer of the shield, and what is noted of it.
fn hold_back(
    app: &App,
    guard: &Guard,
    attempt: &Attempt<'_>,
    TooMany { retry_after }: TooMany,
    request: &impl Asks,
    id: RequestId,
) -> Response<Answer> {
    app.metrics.attempt(AttemptResult::HeldBack);
    if enabled!(Level::DEBUG) {
        let (method, path) = (request.method(), redact::path(request.path(), &guard.gate));
        let address = attempt.source();
        debug!(request = %id, %method, %path, %address, "refused: too many failed attempts from there, for {retry_after} s");
    }
    refuse::too_many_failed_attempts(retry_after)
}

/// Counts a request of a client, whatever has become of it (P23).
fn count<A>(app: &App, decision: &Result<Permit, (Refusal, A)>, endpoint: &Endpoint, now: Now) {
    // What some of a kind are besides.
    let (client, key, kind, besides) = match decision {
        Ok(permit) => {
            let besides = permit.shadow_refused().then_some(Kind::ShadowLimited);
            (Some(permit.client()), Some(permit.key()), Kind::Admitted, besides)
        }
        Err((refusal, _)) => {
            let (kind, besides) = match refusal.cause() {
                Cause::OverLimit { .. } => (Kind::RateLimited, None),
                Cause::QuotaExceeded { .. } => (Kind::RateLimited, Some(Kind::QuotaExceeded)),
                _ => (Kind::Denied, None),
            };
            (refusal.client(), refusal.key(), kind, besides)
        }
    };
    if let (Some(client), Some(key)) = (client, key) {
        let whose = Whose { client, key: key.number(), endpoint: endpoint.as_str() };
        for kind in [Some(kind), besides].into_iter().flatten() {
            app.books.tally.count(whose, kind, 1, now.unix);
        }
    }
}

/// P24: each decision with its reason. The fingerprint is all that is shown of a key.
fn log(guard: &Guard, request: &impl Asks, id: RequestId, decision: Result<&Permit, &gate::Refusal>) {
    let (method, path) = (request.method(), redact::path(request.path(), &guard.gate));
    match decision {
        Ok(permit) => {
            let shadow = permit.shadow_refused().then_some("over its limit");
            debug!(request = %id, %method, %path, key = %permit.key(), client = permit.client(), cache = "hit", shadow, "admitted");
        }
        Err(refusal) => {
            let looked_up = |_| if refusal.cause() == gate::Cause::UnknownKey { "miss" } else { "hit" };
            let cache = refusal.key().map(looked_up);
            let key = refusal.key().map(tracing::field::display);
            debug!(request = %id, %method, %path, key, client = refusal.client(), cache, "refused: {}", refusal.cause());
        }
    }
}
