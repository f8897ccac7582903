//! A request that is under way. What comes of it is noted here as it goes along; when this is dropped it is finished,
//! however that came about: its answer is sent, or its client is gone.

use std::cell::{Cell, OnceCell};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::admit::{Caller, Refused};
use super::asked::Errand;
use super::record::{Asked, CLIENT_GONE, Holder, Outcome, Record, Took};
use super::recorder::Recorder;
#[cfg(test)]
use super::recorder::Recorders;
use super::request::Asks;
use super::stamp::RequestId;
use super::{endpoint, redact};
use crate::app::App;
use crate::usage::Endpoint;

/// One request, from the end of its head. Durations are by the server's clock.
pub(crate) struct Underway {
    recorder: Arc<Recorder>,
    pub(super) id: RequestId,
    begun: Duration,
    decided: Cell<Option<Duration>>,
    /// When the upstream has begun to answer.
    answered: Cell<Option<Duration>>,
    outcome: Cell<Outcome>,
    /// Who was let in.
    caller: OnceCell<Caller>,
    /// 0 while there is no answer.
    status: Cell<u16>,
    code: Cell<Option<&'static str>>,
    is_sent: Cell<bool>,
    /// Empty where nobody wants to know.
    noted: OnceCell<Box<Noted>>,
}

/// What only those who listen want to know.
struct Noted {
    asked: Option<Asked>,
    /// Of a refusal; who is let in is a caller.
    holder: Holder,
}

impl Underway {
    pub(super) fn begin(recorder: &Arc<Recorder>, id: RequestId, uptime: Duration) -> Self {
        Self {
            recorder: Arc::clone(recorder),
            id,
            begun: uptime,
            decided: Cell::default(),
            answered: Cell::default(),
            outcome: Cell::new(Outcome::Abandoned),
            caller: OnceCell::new(),
            status: Cell::default(),
            code: Cell::default(),
            is_sent: Cell::default(),
            noted: OnceCell::new(),
        }
    }

    /// One of no server.
    #[cfg(test)]
    pub(super) fn nobodys() -> Self {
        let recorders = Recorders::new(Arc::new(crate::clock::SystemClock::start()), Arc::default());
        Self::begin(&recorders.recorder(), RequestId { process: 0, number: 0 }, Duration::ZERO)
    }

    /// Its caller is let in. `asked` tells what it asks for, if somebody wants to know.
    pub(super) fn let_in(&self, caller: Caller, asked: impl FnOnce(Option<&Endpoint>) -> Asked) -> &Caller {
        let is_client = caller.client().is_some();
        let caller = self.caller.get_or_init(|| caller);
        self.outcome.set(if is_client { Outcome::Admitted } else { Outcome::Open });
        if is_client {
            self.decided.set(Some(self.recorder.uptime()));
        }
        if self.recorder.listens() {
            self.note(Some(asked(caller.endpoint())), Holder::default());
        }
        caller
    }

    /// It is refused.
    pub(super) fn refused(&self, refused: &Refused, asked: impl FnOnce(Option<&Endpoint>) -> Asked) {
        self.decided.set(Some(self.recorder.uptime()));
        self.outcome.set(refused.outcome());
        if self.recorder.listens_to_a_refusal() {
            self.note(Some(asked(refused.endpoint.as_ref())), refused.holder());
        }
    }

    /// Its path needs no key.
    pub(super) fn is_public(&self, asked: impl FnOnce(Option<&Endpoint>) -> Asked) {
        self.outcome.set(Outcome::Public);
        if self.recorder.listens() {
            self.note(Some(asked(None)), Holder::default());
        }
    }

    /// It is no request.
    pub(super) fn is_malformed(&self) {
        self.outcome.set(Outcome::Malformed);
        if self.recorder.listens_to_a_refusal() {
            self.note(None, Holder::default());
        }
    }

    fn note(&self, asked: Option<Asked>, holder: Holder) {
        // What is decided is decided once.
        let _ = self.noted.set(Box::new(Noted { asked, holder }));
    }

    /// The upstream has begun to answer.
    pub(super) fn upstream_answers(&self) {
        self.answered.set(Some(self.recorder.uptime()));
    }

    /// There is an answer, which has this `code` where it is a problem made here.
    pub(super) fn has_answer(&self, status: StatusCode, code: Option<&'static str>) {
        self.status.set(status.as_u16());
        self.code.set(code);
    }

    /// The whole answer is sent.
    pub(super) fn is_sent(&self) {
        self.is_sent.set(true);
    }

    /// Who was let in.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.get()
    }

    fn took(&self) -> Took {
        let since = |from: Duration, to: Duration| to.saturating_sub(from);
        let (decided, answered) = (self.decided.get(), self.answered.get());
        Took {
            decision: decided.map(|decided| since(self.begun, decided)),
            upstream: answered.map(|answered| since(decided.unwrap_or(self.begun), answered)),
            whole: since(self.begun, self.recorder.uptime()),
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let (outcome, took) = (self.outcome.get(), self.took());
        let status = if self.status.get() == 0 { CLIENT_GONE } else { self.status.get() };
        self.recorder.counts.count(outcome, status, &took);
        let Some(noted) = self.noted.take() else { return };
        let Noted { asked, holder } = *noted;
        let caller = self.caller();
        let client = caller.and_then(|caller| caller.client().map(Box::from));
        self.recorder.tell(Record {
            ended: self.recorder.unix_millis(),
            id: self.id,
            asked,
            client: client.or(holder.client),
            key: caller.and_then(Caller::key).or(holder.key),
            outcome,
            code: self.code.get(),
            status,
            took,
            is_whole: self.is_sent.get(),
        });
    }
}

/// What a request asks for, which is counted under this name, or not at all.
pub(super) fn asked(app: &App, peer: IpAddr, request: &impl Asks, endpoint: Option<&Endpoint>) -> Asked {
    let gate = app.gate();
    let errand = Errand::of(app, peer, request);
    let unlisted =
        || Endpoint::new(&endpoint::unlisted(errand.method, errand.path, app.routes().as_deref(), gate));
    Asked {
        method: request.method().clone(),
        path: redact::path(request.path(), gate).into(),
        endpoint: endpoint.cloned().unwrap_or_else(unlisted),
        address: errand.address,
    }
}
