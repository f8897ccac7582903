//! A connection to Redis: a thread's, which asks for decisions, or a server's, which tells what was admitted without it. What is
//! not answered in time ends it, and all that wait for it; it comes back by itself.

use std::collections::BTreeMap;

use super::node::{Call, Job, What};
use super::thread::Request;
use super::{Event, Fleet};
use crate::agenda::Time;
use crate::costs;

pub(super) struct Link {
    pub(super) is_open: bool,
    waiting: BTreeMap<u64, Waiting>,
    pause: Time,
    /// When the last try to connect began.
    tried: Time,
}

impl Default for Link {
    fn default() -> Self {
        Self { is_open: true, waiting: BTreeMap::new(), pause: costs::PAUSES.0, tried: 0 }
    }
}

enum Waiting {
    Connect,
    Word,
    /// How many of its calls are not answered, and what is in it.
    Batch(usize, Content),
}

pub(super) enum Content {
    Asked(Vec<Asked>),
    Told(Vec<Call>),
}

/// All requests of one client in a batch.
pub(super) struct Asked {
    pub(super) client: usize,
    pub(super) requests: Vec<Request>,
}

impl Asked {
    fn call(&self) -> Call {
        let asked = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        Call { client: self.client, asked, already: 0 }
    }
}

impl Link {
    /// Whether something may be asked now.
    pub(super) fn is_free(&self, one_in_flight: bool) -> bool {
        !one_in_flight || self.waiting.is_empty()
    }
}

impl Fleet<'_> {
    /// Sends a batch; a part of it to each primary of a cluster.
    pub(super) fn ask(&mut self, link: usize, content: Content) {
        if !self.links[link].is_open {
            self.lose(link, content);
            return;
        }
        let calls: Vec<Call> = match &content {
            Content::Asked(asked) => asked.iter().map(Asked::call).collect(),
            Content::Told(calls) => calls.clone(),
        };
        let asked = calls.iter().map(|call| u64::from(call.asked)).sum();
        self.outcome.sent(self.agenda.now(), asked);
        let ticket = self.next_ticket();
        self.links[link].waiting.insert(ticket, Waiting::Batch(calls.len(), content));
        let mut parts = vec![Vec::new(); self.nodes.len()];
        for call in calls {
            parts[self.node_of(call.client)].push(call);
        }
        for (node, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            self.send(node, Job { link, ticket, what: What::Calls(part) }, self.patience(link));
        }
    }

    /// How long a link waits for an answer.
    fn patience(&self, link: usize) -> Time {
        if link < self.threads.len() { costs::DEADLINE } else { costs::PATIENCE }
    }

    /// For each client, how many were admitted; or there is no answer.
    pub(super) fn answered(&mut self, link: usize, ticket: u64, admitted: &[(usize, u32)]) {
        let Some(waiting) = self.links[link].waiting.remove(&ticket) else { return };
        match waiting {
            Waiting::Connect => self.say(link, What::Word),
            Waiting::Word => self.links[link].is_open = true,
            Waiting::Batch(left, content) => {
                self.settle(link, admitted);
                if left > admitted.len() {
                    let rest = Waiting::Batch(left - admitted.len(), content);
                    self.links[link].waiting.insert(ticket, rest);
                } else if let Content::Asked(asked) = content {
                    self.decided(link, asked.into_iter().flat_map(|asked| asked.requests));
                }
            }
        }
    }

    /// Counts what was admitted, at the time of Redis' decision; the server's own window does so now.
    fn settle(&mut self, link: usize, admitted: &[(usize, u32)]) {
        if link >= self.threads.len() {
            return;
        }
        let (now, server) = (self.agenda.now(), self.server_of(link));
        for &(client, count) in admitted {
            self.outcome.admitted(now - self.plan.round_trip / 2, client, count);
            if self.plan.limit.is_some() {
                self.local[server][client].record(now, count);
            }
        }
    }

    /// Something did not come, or not in time.
    pub(super) fn missed(&mut self, link: usize, ticket: u64) {
        let now = self.agenda.now();
        let this = &mut self.links[link];
        if !this.waiting.contains_key(&ticket) {
            return;
        }
        this.is_open = false;
        let (first, longest) = costs::PAUSES;
        this.pause = if now - this.tried > costs::HELD { first } else { (2 * this.pause).min(longest) };
        // Less or more by up to a quarter.
        let pause = this.pause * (768 + self.random.word() % 512) / 1_024;
        let waiting = std::mem::take(&mut this.waiting);
        self.agenda.after(pause, Event::Try(link));
        for waiting in waiting.into_values() {
            if let Waiting::Batch(_, content) = waiting {
                self.lose(link, content);
            }
        }
    }

    /// It will not be answered.
    fn lose(&mut self, link: usize, content: Content) {
        match content {
            Content::Asked(asked) => {
                self.left_alone(link, asked.into_iter().flat_map(|asked| asked.requests));
            }
            Content::Told(calls) => {
                let server = link - self.threads.len();
                for call in calls {
                    self.untold[server][call.client] += call.already;
                }
            }
        }
    }

    pub(super) fn try_again(&mut self, link: usize) {
        self.links[link].tried = self.agenda.now();
        self.say(link, What::Connect);
    }

    /// Every link says now and then that its server is there.
    pub(super) fn beat(&mut self, link: usize) {
        if self.links[link].is_open {
            self.say(link, What::Word);
        }
        self.agenda.after(costs::WORDS, Event::Beat(link));
    }

    fn say(&mut self, link: usize, what: What) {
        let ticket = self.next_ticket();
        let (waiting, patience) = match what {
            What::Connect => (Waiting::Connect, costs::PATIENCE),
            What::Word | What::Calls(_) => (Waiting::Word, self.patience(link)),
        };
        self.links[link].waiting.insert(ticket, waiting);
        self.send(0, Job { link, ticket, what }, patience);
    }

    /// A server tells of some clients, if there is something to tell.
    pub(super) fn look(&mut self, server: usize) {
        let (most, pause) = self.plan.telling.pace(self.plan.servers);
        let pause = pause / 2 + self.random.word() % pause;
        self.agenda.after(pause, Event::Look(server));
        let link = self.threads.len() + server;
        if !self.links[link].is_open {
            return;
        }
        let untold = self.untold[server].iter_mut().enumerate().filter(|(_, count)| **count > 0).take(most);
        let calls: Vec<Call> =
            untold.map(|(client, count)| Call { client, asked: 0, already: std::mem::take(count) }).collect();
        if !calls.is_empty() {
            self.ask(link, Content::Told(calls));
        }
    }
}
