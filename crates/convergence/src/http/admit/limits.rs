//! The last step where several servers share their limits: Redis is asked, or this server decides without it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gate::{Candidate, Known, Now, Permit, Refusal, Verdict};
use tokio::sync::oneshot;

use super::{About, Caller, Refused};
use crate::app::App;
use crate::config::RedisFallback;
use crate::fleet::{ClientKey, Limits, Link, Reply};
use crate::http::{count, refuse};

/// How far a decision has come.
pub(super) enum Step {
    Admitted(Permit),
    Asked(Asked),
}

/// A candidate whose limits Redis is asked for.
pub(super) struct Asked {
    candidate: Candidate,
    client: ClientKey,
    /// Of its quotas, when it was asked.
    known: Option<Known>,
    link: Arc<Link>,
    verdict: oneshot::Receiver<Verdict>,
}

/// Asks for a candidate's limits, if it has any.
///
/// # Errors
/// It is refused without being asked for.
pub(super) fn ask(candidate: Candidate, link: &Arc<Link>, now: Now) -> Result<Step, Refusal> {
    let limits = Limits { minute: candidate.limit(), further: candidate.further_limits() };
    if limits.minute == Some(0) {
        // Nobody has to be asked.
        return candidate.admit(now).map(Step::Admitted);
    }
    let client = ClientKey::of(candidate.client());
    let known = candidate.known(now)?;
    if let Some(known) = known {
        link.hand_over(client, known);
    }
    if limits.minute.is_none() && !limits.further.has_quotas() {
        // It is let in whatever is counted, where it is to be known of.
        let permit = candidate.admit(now)?;
        link.record(client, known);
        return Ok(Step::Admitted(permit));
    }
    match link.ask(client, limits, known) {
        Reply::Awaited(verdict) => {
            Ok(Step::Asked(Asked { candidate, client, known, link: Arc::clone(link), verdict }))
        }
        Reply::Known(over) => {
            let refused = Verdict { is_admitted: false, minute: Some(Err(over)), used: None };
            candidate.settle(refused, now).map(Step::Admitted)
        }
        Reply::Away => alone(candidate, client, known, link, now).map(Step::Admitted),
    }
}

/// Without Redis: what `REDIS_FALLBACK` says.
fn alone(
    candidate: Candidate,
    client: ClientKey,
    known: Option<Known>,
    link: &Link,
    now: Now,
) -> Result<Permit, Refusal> {
    let permit = match link.fallback() {
        (RedisFallback::Share, servers) => candidate.admit_share(servers, now),
        (RedisFallback::Local, _) => candidate.admit(now),
        (RedisFallback::Closed, _) => Err(candidate.undecided()),
    }?;
    link.admitted_alone(client, known);
    Ok(permit)
}

/// A decision that is on its way, for as long as `REDIS_TIMEOUT_MS` says at the most.
pub(crate) struct Pending {
    app: Arc<App>,
    /// `None` once it has been decided.
    asked: Option<(Asked, About)>,
}

impl Pending {
    pub(super) fn new(app: &Arc<App>, asked: Asked, about: About) -> Self {
        Self { app: Arc::clone(app), asked: Some((asked, about)) }
    }
}

impl Future for Pending {
    type Output = Result<Caller, Refused>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        const ENDED: &str = "a future that has ended is not polled";
        let Self { app, asked } = self.get_mut();
        let verdict = ready!(Pin::new(&mut asked.as_mut().expect(ENDED).0.verdict).poll(context));
        let (Asked { candidate, client, known, link, .. }, about) = asked.take().expect(ENDED);
        let now = app.clock.now();
        let decision = match verdict {
            Ok(verdict) => candidate.settle(verdict, now),
            // There is no answer, or not in time.
            Err(_) => alone(candidate, client, known, &link, now),
        };
        count::under(&about.endpoint, app, decision.as_ref(), now);
        if let Some(line) = &about.line {
            line.log(decision.as_ref());
        }
        Poll::Ready(match decision {
            Ok(permit) => {
                if let Some((shield, source)) = app.shield.as_ref().zip(about.source) {
                    shield.let_in(source, permit.key().number());
                }
                Ok(Caller::Client(permit, about.endpoint))
            }
            // A limit refuses it, whatever it asked, and whenever keys are read again.
            Err(refusal) => {
                let answer = refuse::answer(&refusal, None, || 1);
                Err(Refused { answer, refusal: Some(refusal), endpoint: Some(about.endpoint) })
            }
        })
    }
}
