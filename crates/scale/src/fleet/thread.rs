//! A thread of a server: in each turn it takes what has come, and at its end hands out answers and sends one batch.

use std::collections::HashMap;

use super::link::{Asked, Content};
use super::{Event, Fleet};
use crate::agenda::Time;
use crate::costs;

#[derive(Default)]
pub(super) struct Thread {
    inbox: Vec<Item>,
    is_busy: bool,
    /// Requests that are to be asked for.
    asks: Vec<Request>,
    /// Requests that are answered at the end of this turn.
    answers: Vec<Request>,
    /// What goes out at the end of this turn.
    batches: Vec<Vec<Asked>>,
}

/// Since when it is there, and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) came: Time,
    pub(super) client: usize,
}

enum Item {
    New(Request),
    /// Redis has decided.
    Decided(Request),
    /// Redis has not, or not in time.
    Alone(Request),
}

impl Fleet<'_> {
    pub(super) fn request(&mut self, thread: usize, client: usize) {
        let request = Request { came: self.agenda.now(), client };
        self.hand(thread, [Item::New(request)]);
    }

    pub(super) fn decided(&mut self, thread: usize, requests: impl IntoIterator<Item = Request>) {
        self.hand(thread, requests.into_iter().map(Item::Decided));
    }

    pub(super) fn left_alone(&mut self, thread: usize, requests: impl IntoIterator<Item = Request>) {
        self.hand(thread, requests.into_iter().map(Item::Alone));
    }

    fn hand(&mut self, thread: usize, items: impl IntoIterator<Item = Item>) {
        self.threads[thread].inbox.extend(items);
        if !self.threads[thread].is_busy && !self.threads[thread].inbox.is_empty() {
            self.turn(thread);
        }
    }

    fn turn(&mut self, thread: usize) {
        let mut cost = costs::LOOP;
        let mut items = std::mem::take(&mut self.threads[thread].inbox);
        let is_open = self.plan.nodes > 0 && self.links[thread].is_open;
        if !is_open {
            items.extend(std::mem::take(&mut self.threads[thread].asks).into_iter().map(Item::Alone));
        }
        for item in items {
            let request = match item {
                Item::New(request) if is_open => {
                    cost += costs::ASK + costs::WAITING;
                    self.threads[thread].asks.push(request);
                    continue;
                }
                Item::New(request) => {
                    cost += costs::ASK;
                    self.decide_alone(thread, request);
                    request
                }
                Item::Alone(request) => {
                    self.decide_alone(thread, request);
                    request
                }
                Item::Decided(request) => request,
            };
            cost += costs::ANSWER;
            self.threads[thread].answers.push(request);
        }
        let is_free = is_open && self.links[thread].is_free(self.plan.one_in_flight);
        let asks = if is_free { std::mem::take(&mut self.threads[thread].asks) } else { Vec::new() };
        for piece in asks.chunks(costs::LARGEST) {
            let batch = batch(piece);
            cost += costs::SEND + costs::CALL * Time::try_from(batch.len()).unwrap_or(Time::MAX);
            self.threads[thread].batches.push(batch);
        }
        self.threads[thread].is_busy = true;
        self.outcome.toiled(self.agenda.now(), cost);
        self.agenda.after(cost, Event::Turned(thread));
    }

    pub(super) fn turned(&mut self, thread: usize) {
        let now = self.agenda.now();
        for request in std::mem::take(&mut self.threads[thread].answers) {
            self.outcome.answered(now, request.came);
        }
        for batch in std::mem::take(&mut self.threads[thread].batches) {
            self.ask(thread, Content::Asked(batch));
        }
        self.threads[thread].is_busy = false;
        self.hand(thread, []);
    }

    /// Without Redis: by the window of this server, and the part of the limit that is its own.
    fn decide_alone(&mut self, thread: usize, request: Request) {
        let (now, server) = (self.agenda.now(), self.server_of(thread));
        let Request { client, .. } = request;
        let has_redis = self.plan.nodes > 0;
        let admitted = self.plan.limit.map_or(1, |limit| {
            let servers = if has_redis { u32::try_from(self.plan.servers).unwrap_or(u32::MAX) } else { 1 };
            let part = (limit / servers).max(limit.min(1));
            self.local[server][client].admit(now, 1, part)
        });
        self.outcome.admitted(now, client, admitted);
        if has_redis {
            self.outcome.alone(now);
            self.untold[server][client] += admitted;
        }
    }
}

/// Requests by client: a call for each.
fn batch(requests: &[Request]) -> Vec<Asked> {
    let (mut batch, mut places) = (Vec::<Asked>::new(), HashMap::new());
    for &request in requests {
        let place = *places.entry(request.client).or_insert(batch.len());
        if place == batch.len() {
            batch.push(Asked { client: request.client, requests: Vec::new() });
        }
        batch[place].requests.push(request);
    }
    batch
}
