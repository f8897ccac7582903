//! The only file that calls the gate: it reads the clock, asks, and takes the key out of the request.

mod limits;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gate::{Cause, Fingerprint, HeaderProblem, KeyHash, Now, Permit, Quotas, Refusal};
use http::header::AUTHORIZATION;
use http::{Method, Response};
use tracing::{Level, debug, enabled};

pub(crate) use self::limits::Pending;
use self::limits::Step;

use super::asked::Errand;
use super::body::Answer;
use super::count::Account;
use super::record::{Holder, Outcome};
use super::request::Asks;
use super::shield::{Shield, Source, TooMany};
use super::stamp::RequestId;
use super::{count, redact, refuse};
use crate::app::{App, Door, Guard};
use crate::fleet::Link;
use crate::metrics::AttemptResult;
use crate::usage::{Endpoint, Kind};

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

    /// The name that the request is counted under.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Caller::Client(_, endpoint) => Some(endpoint),
            Caller::Anyone(_) => None,
        }
    }

    /// With which key.
    pub(crate) fn key(&self) -> Option<Fingerprint> {
        match self {
            Caller::Client(permit, _) => Some(permit.key()),
            Caller::Anyone(_) => None,
        }
    }

    /// The last Unix second at which the key is valid.
    pub(crate) fn expires_at(&self) -> Option<i64> {
        match self {
            Caller::Client(permit, _) => permit.expires_at(),
            Caller::Anyone(_) => None,
        }
    }

    /// How much sound may be made for it in a day, as far as its key goes; `None` if there is no limit.
    pub(crate) fn audio_day(&self) -> Option<Duration> {
        match self {
            Caller::Client(permit, _) => permit.audio_day(),
            Caller::Anyone(_) => None,
        }
    }

    /// Whom sound is counted for that is made later; nobody where the door is open.
    pub(crate) fn account(&self) -> String {
        match self {
            Caller::Client(permit, endpoint) => Account::of(permit, endpoint),
            Caller::Anyone(_) => String::new(),
        }
    }

    /// Counts the request as answered with a 5xx.
    pub(crate) fn record_failure(&self, app: &App) {
        if let Caller::Client(permit, endpoint) = self {
            count::outcome(app, permit, endpoint, Kind::Failed, 1);
        }
    }
}

/// A request that is not let in.
pub(crate) struct Refused {
    /// The whole answer.
    pub(crate) answer: Response<Answer>,
    /// The gate's; the shield's refusals are of nobody.
    refusal: Option<Refusal>,
    /// The name that it is counted under; nothing where no client is known.
    pub(super) endpoint: Option<Endpoint>,
}

impl Refused {
    pub(super) fn outcome(&self) -> Outcome {
        self.refusal.as_ref().map_or(Outcome::HeldBack, refuse::outcome)
    }

    /// Whose key it was, and which.
    pub(super) fn holder(&self) -> Holder {
        let refusal = self.refusal.as_ref();
        let client = refusal.and_then(Refusal::client).map(Box::from);
        Holder { client, key: refusal.and_then(Refusal::key) }
    }
}

/// A decision, which is there at once unless several servers share their limits.
pub(crate) enum Admission {
    /// The caller, or a request that is refused.
    Decided(Result<Caller, Refused>),
    /// Redis is asked.
    Asked(Pending),
}

/// Decides a request at this moment. Either way the key is no longer in it: nothing behind this can log it or pass it on. Where limits
/// are shared, `link` is the way to them.
///
/// # Errors
/// The request is refused.
pub(crate) async fn admit(
    app: &Arc<App>,
    link: Option<&Arc<Link>>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
    now: Now,
) -> Result<Caller, Refused> {
    let pending = match begin(app, link, peer, request, id, now) {
        Admission::Decided(decision) => return decision,
        // In a box, so that requests that are decided at once carry no room for it.
        Admission::Asked(pending) => Box::pin(pending),
    };
    pending.await
}

/// The same without a wait: what is to be waited for is handed out. The key is no longer in the request.
pub(crate) fn begin(
    app: &Arc<App>,
    link: Option<&Arc<Link>>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
    now: Now,
) -> Admission {
    match &app.door {
        Door::Guarded(guard) => ask(app, guard, link, peer, request, id, now),
        Door::Open(_) => {
            request.remove(&AUTHORIZATION);
            Admission::Decided(Ok(Caller::Anyone(OpenDoor(()))))
        }
    }
}

fn ask(
    app: &Arc<App>,
    guard: &Guard,
    link: Option<&Arc<Link>>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
    now: Now,
) -> Admission {
    let errand = Errand::of(app, peer, request);
    // Clients whose address a trusted proxy has not said are one, at the proxy's: else whoever can muddle it could guess on.
    let from = errand.address.unwrap_or(peer);
    let shielded = app.shield.as_ref().zip(Source::of(from));
    if let Some((shield, source)) = shielded
        && let Err(too_many) = shield.check(source, now.uptime)
        && guard.gate.decides(now)
        && is_new(shield, source, request)
    {
        request.remove(&AUTHORIZATION);
        return Admission::Decided(Err(hold_back(app, guard, source, too_many, request, id)));
    }
    let decision = errand.ask(app, |asked| {
        let authorization = request.all(&AUTHORIZATION);
        let decision = match link {
            None => guard.gate.admit(authorization, asked, now).map(Step::Admitted),
            Some(link) => {
                let candidate = guard.gate.look_up(authorization, asked, now);
                candidate.and_then(|candidate| limits::ask(candidate, link, now))
            }
        };
        decision.map_err(|refusal| {
            let answer = refuse::answer(&refusal, Some(asked), || guard.freshness.retry_after(now.uptime));
            (refusal, answer)
        })
    });
    let decision = match decision {
        Ok(Step::Admitted(permit)) => Ok(permit),
        Ok(Step::Asked(asked)) => {
            let endpoint = errand.endpoint(app, &guard.gate);
            request.remove(&AUTHORIZATION);
            let source = shielded.map(|(_, source)| source);
            let about = About { endpoint, source, line: Line::about(guard, request, id) };
            return Admission::Asked(Pending::new(app, asked, about));
        }
        Err(refused) => Err(refused),
    };
    let told = decision.as_ref().map_err(|(refusal, _)| refusal);
    let endpoint = count::decision(app, &guard.gate, &errand, told, now);
    request.remove(&AUTHORIZATION);
    if let Some(line) = Line::about(guard, request, id) {
        line.log(told);
    }
    Admission::Decided(match decision {
        Ok(permit) => {
            if let Some((shield, source)) = shielded {
                shield.let_in(source, permit.key().number());
            }
            Ok(Caller::Client(permit, endpoint.unwrap_or_default()))
        }
        Err((refusal, answer)) => {
            if refusal.cause() == Cause::UnknownKey {
                guard.early.unknown_key();
            }
            if is_failed_attempt(refusal.cause()) {
                if let Some((shield, source)) = shielded
                    && let Err(too_many) = shield.failed(source, now.uptime)
                {
                    // Others have failed meanwhile.
                    return Admission::Decided(Err(hold_back(app, guard, source, too_many, request, id)));
                }
                app.metrics.attempt(AttemptResult::Failed);
            }
            Err(Refused { answer, refusal: Some(refusal), endpoint })
        }
    })
}

/// Whether a request presents something, and nothing that was let in from there.
fn is_new(shield: &Shield, source: Source, request: &impl Asks) -> bool {
    match KeyHash::presented(request.all(&AUTHORIZATION)) {
        Ok(key) => !shield.has_let_in(source, key.fingerprint().number()),
        Err(problem) => problem != HeaderProblem::Missing,
    }
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
    source: Source,
    TooMany { retry_after }: TooMany,
    request: &impl Asks,
    id: RequestId,
) -> Refused {
    app.metrics.attempt(AttemptResult::HeldBack);
    if enabled!(Level::DEBUG) {
        let (method, path) = (request.method(), redact::path(request.path(), Some(&guard.gate)));
        debug!(request = %id, %method, %path, address = %source, "refused: too many failed attempts from there, for {retry_after} s");
    }
    Refused { answer: refuse::too_many_failed_attempts(retry_after), refusal: None, endpoint: None }
}

/// What is noted of a request once it is decided elsewhere.
struct About {
    endpoint: Endpoint,
    /// For the shield, where there is one.
    source: Option<Source>,
    line: Option<Line>,
}

/// What the log says of a request.
struct Line {
    id: RequestId,
    method: Method,
    path: String,
}

impl Line {
    /// Nothing, where the log does not want to know.
    fn about(guard: &Guard, request: &impl Asks, id: RequestId) -> Option<Self> {
        enabled!(Level::DEBUG).then(|| {
            let path = redact::path(request.path(), Some(&guard.gate)).into_owned();
            Self { id, method: request.method().clone(), path }
        })
    }

    /// P24: each decision with its reason. The fingerprint is all that is shown of a key.
    fn log(&self, decision: Result<&Permit, &Refusal>) {
        let Self { id, method, path } = self;
        match decision {
            Ok(permit) => {
                let shadow = permit.shadow_refused().then_some("over its limit");
                debug!(request = %id, %method, %path, key = %permit.key(), client = permit.client(), cache = "hit", shadow, "admitted");
            }
            Err(refusal) => {
                let looked_up = |_| if refusal.cause() == Cause::UnknownKey { "miss" } else { "hit" };
                let cache = refusal.key().map(looked_up);
                let key = refusal.key().map(tracing::field::display);
                debug!(request = %id, %method, %path, key, client = refusal.client(), cache, "refused: {}", refusal.cause());
            }
        }
    }
}
