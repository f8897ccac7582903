//! The only file that calls the gate: it reads the clock, asks, and takes the key out of the request.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gate::{Candidate, Permit, Quota, Refusal};
use http::header::AUTHORIZATION;
use http::{Method, Response};
use tokio::sync::oneshot;
use tracing::{Level, debug, enabled};

use super::asked::Errand;
use super::body::Answer;
use super::request::Asks;
use super::stamp::RequestId;
use super::{redact, refuse};
use crate::app::{App, Door, Guard};
use crate::clock::Now;
use crate::config::RedisFallback;
use crate::fleet::{ClientKey, Link, Verdict};

/// Who may go on to the protected routes. They ask for one, so none is reached without it.
#[derive(Clone)]
pub(crate) enum Caller {
    /// The gate let this client in.
    Client(Permit),
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
            Caller::Client(permit) => Some(permit.client()),
            Caller::Anyone(_) => None,
        }
    }

    /// What is left of the key's limit.
    pub(crate) fn quota(&self) -> Option<Quota> {
        match self {
            Caller::Client(permit) => permit.quota(),
            Caller::Anyone(_) => None,
        }
    }

    /// Counts the request as answered with a 5xx.
    pub(crate) fn record_failure(&self) {
        if let Caller::Client(permit) = self {
            permit.record_failure();
        }
    }
}

/// A decision, which is there at once unless several servers share their limits.
pub(crate) enum Admission {
    /// The caller, or the whole answer to a request that is refused.
    Decided(Result<Caller, Response<Answer>>),
    /// Redis is asked.
    Asked(Pending),
}

/// Decides a request. Either way the key is no longer in it: nothing behind this can log it or pass it on.
///
/// # Errors
/// The whole answer to a request that is refused.
pub(crate) async fn admit(
    app: &Arc<App>,
    link: Option<&Link>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
) -> Result<Caller, Response<Answer>> {
    let pending = match begin(app, link, peer, request, id) {
        Admission::Decided(decision) => return decision,
        // In a box, so that requests that are decided at once carry no room for it.
        Admission::Asked(pending) => Box::pin(pending),
    };
    pending.await
}

/// The same without a wait: what is to be waited for is handed out. The key is no longer in the request.
pub(crate) fn begin(
    app: &Arc<App>,
    link: Option<&Link>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
) -> Admission {
    match &app.door {
        Door::Guarded(guard) => ask(app, guard, link, peer, request, id),
        Door::Open(_) => {
            request.remove(&AUTHORIZATION);
            Admission::Decided(Ok(Caller::Anyone(OpenDoor(()))))
        }
    }
}

fn ask(
    app: &Arc<App>,
    guard: &Guard,
    link: Option<&Link>,
    peer: IpAddr,
    request: &mut impl Asks,
    id: RequestId,
) -> Admission {
    let now = app.clock.now();
    let errand = Errand::of(app, peer, request);
    let decision = errand.ask(app, |asked| {
        let candidate = guard.gate.look_up(request.all(&AUTHORIZATION), asked, now);
        let decision = candidate.and_then(|candidate| limits(candidate, link, now));
        decision.map_err(|refusal| {
            let answer = refuse::answer(&refusal, Some(asked), || guard.freshness.retry_after(now.uptime));
            (refusal, answer)
        })
    });
    request.remove(&AUTHORIZATION);
    let line = enabled!(Level::DEBUG).then(|| Line::about(guard, request, id));
    let said = |decision| line.iter().for_each(|line| line.log(decision));
    match decision {
        Ok(Step::Admitted(permit)) => {
            said(Ok(&permit));
            Admission::Decided(Ok(Caller::Client(permit)))
        }
        Ok(Step::Asked(asked)) => Admission::Asked(Pending { app: Arc::clone(app), asked: Some(asked), line }),
        Err((refusal, answer)) => {
            said(Err(&refusal));
            if refusal.cause() == gate::Cause::UnknownKey {
                guard.early.unknown_key();
            }
            Admission::Decided(Err(answer))
        }
    }
}

/// How far a decision has come.
enum Step {
    Admitted(Permit),
    Asked(Asked),
}

/// A candidate whose limit Redis is asked for.
struct Asked {
    candidate: Candidate,
    client: ClientKey,
    link: Link,
    verdict: oneshot::Receiver<Verdict>,
}

/// The last step: the window of this process, or one that several servers share.
fn limits(candidate: Candidate, link: Option<&Link>, now: Now) -> Result<Step, Refusal> {
    let Some(link) = link else { return candidate.admit(now).map(Step::Admitted) };
    let client = ClientKey::of(candidate.client());
    match candidate.limit() {
        // It is let in whatever the window says, which is to know of it.
        None => {
            let permit = candidate.admit(now)?;
            link.record(client);
            Ok(Step::Admitted(permit))
        }
        // Nobody has to be asked.
        Some(0) => candidate.admit(now).map(Step::Admitted),
        Some(limit) => match link.ask(client, limit) {
            Some(verdict) => Ok(Step::Asked(Asked { candidate, client, link: link.clone(), verdict })),
            None => alone(candidate, client, link, now).map(Step::Admitted),
        },
    }
}

/// Without Redis: what `REDIS_FALLBACK` says.
fn alone(candidate: Candidate, client: ClientKey, link: &Link, now: Now) -> Result<Permit, Refusal> {
    let permit = match link.fallback() {
        (RedisFallback::Share, servers) => candidate.admit_share(servers, now),
        (RedisFallback::Local, _) => candidate.admit(now),
        (RedisFallback::Closed, _) => Err(candidate.undecided()),
    }?;
    link.admitted_alone(client);
    Ok(permit)
}

/// A decision that is on its way, for as long as `REDIS_TIMEOUT_MS` says at the most.
pub(crate) struct Pending {
    app: Arc<App>,
    /// `None` once it has been decided.
    asked: Option<Asked>,
    line: Option<Line>,
}

impl Future for Pending {
    type Output = Result<Caller, Response<Answer>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let pending = self.get_mut();
        let asked = pending.asked.as_mut().expect("a future that has ended is not polled");
        let verdict = ready!(Pin::new(&mut asked.verdict).poll(context));
        let Some(Asked { candidate, client, link, .. }) = pending.asked.take() else { unreachable!("it is there") };
        let now = pending.app.clock.now();
        let decision = match verdict {
            Ok(verdict) => candidate.settle(verdict.map(Some), now),
            // There is no answer, or not in time.
            Err(_) => alone(candidate, client, &link, now),
        };
        if let Some(line) = &pending.line {
            line.log(decision.as_ref());
        }
        // Refused by its limit, so that what it asked makes no difference, and when keys are read next neither.
        let refused = |refusal: Refusal| refuse::answer(&refusal, None, || 1);
        Poll::Ready(decision.map(Caller::Client).map_err(refused))
    }
}

/// What the log says of a request.
struct Line {
    id: RequestId,
    method: Method,
    path: String,
}

impl Line {
    fn about(guard: &Guard, request: &impl Asks, id: RequestId) -> Self {
        let path = redact::path(request.path(), &guard.gate).into_owned();
        Self { id, method: request.method().clone(), path }
    }

    /// P24: each decision with its reason. The fingerprint is all that is shown of a key.
    fn log(&self, decision: Result<&Permit, &Refusal>) {
        let Self { id, method, path } = self;
        match decision {
            Ok(permit) => {
                debug!(request = %id, %method, %path, key = %permit.key(), client = permit.client(), cache = "hit", "admitted");
            }
            Err(refusal) => {
                let looked_up = |_| if refusal.cause() == gate::Cause::UnknownKey { "miss" } else { "hit" };
                let cache = refusal.key().map(looked_up);
                let key = refusal.key().map(tracing::field::display);
                debug!(request = %id, %method, %path, key, client = refusal.client(), cache, "refused: {}", refusal.cause());
            }
        }
    }
}
