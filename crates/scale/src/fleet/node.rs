//! A Redis: one processor, which in each turn takes what every connection has sent, and answers all at its end.

use std::collections::VecDeque;

use super::{Event, Fleet, Outage};
use crate::agenda::Time;
use crate::costs;
use crate::window::Window;

/// What is asked, and by whom.
pub(super) struct Job {
    pub(super) link: usize,
    pub(super) ticket: u64,
    pub(super) what: What,
}

pub(super) enum What {
    Connect,
    /// A server says that it is there.
    Word,
    /// For each client: how many are to be decided, and how many were admitted already.
    Calls(Vec<Call>),
}

#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) client: usize,
    pub(super) asked: u32,
    pub(super) already: u32,
}

pub(super) struct Node {
    /// Of each connection: what has come and was not taken.
    inbox: Vec<VecDeque<Job>>,
    /// Connections that have something in it.
    ready: Vec<usize>,
    /// What it works on.
    turn: Vec<Job>,
    is_busy: bool,
    /// Since when it has had nothing to do.
    slept: Time,
    pub(super) is_down: bool,
    windows: Vec<Window>,
}

impl Node {
    pub(super) fn new(connections: usize, windows: usize) -> Self {
        Self {
            inbox: (0..connections).map(|_| VecDeque::new()).collect(),
            ready: Vec::new(),
            turn: Vec::new(),
            is_busy: false,
            slept: 0,
            is_down: false,
            windows: vec![Window::default(); windows],
        }
    }

    /// Takes what there is, and says how long it takes, and how many calls there are.
    fn take(&mut self, now: Time) -> (Time, u64) {
        let wake = ((now - self.slept) / costs::WAKE_PART).min(costs::WAKE);
        let (mut cost, mut calls) = (costs::TURN + wake, 0);
        let mut ready = std::mem::take(&mut self.ready);
        ready.retain(|&connection| {
            cost += costs::CONNECTION;
            let mut room = costs::CALLS_PER_READ;
            while room > 0
                && let Some(mut job) = self.inbox[connection].pop_front()
            {
                if let What::Calls(all) = &mut job.what
                    && all.len() > room
                {
                    // The rest is read in the next turn. Whoever asks waits for all of it.
                    let now = all.drain(..room).collect();
                    let part = Job { link: job.link, ticket: job.ticket, what: What::Calls(now) };
                    self.inbox[connection].push_front(job);
                    job = part;
                }
                let (time, number) = price(&job.what);
                (cost, calls) = (cost + time, calls + number);
                room -= usize::try_from(number).unwrap_or(room).clamp(1, room);
                self.turn.push(job);
            }
            !self.inbox[connection].is_empty()
        });
        self.ready = ready;
        (cost, calls)
    }
}

fn price(what: &What) -> (Time, u64) {
    match what {
        What::Connect => (costs::CONNECT, 0),
        What::Word => (costs::COMMAND + costs::SCRIPT, 1),
        What::Calls(calls) => {
            let one = |call: &Call| {
                costs::COMMAND + costs::SCRIPT + costs::FURTHER * Time::from(call.asked.saturating_sub(1))
            };
            (calls.iter().map(one).sum(), u64::try_from(calls.len()).unwrap_or(u64::MAX))
        }
    }
}

impl Fleet<'_> {
    pub(super) fn arrived(&mut self, node: usize, job: Job) {
        let crashed = self.nodes[node].is_down && self.plan.outage.is_some_and(|outage| outage.crash);
        if crashed {
            // Nobody is there; the machine says so.
            self.agenda.after(self.plan.round_trip / 2, Event::Answered(job.link, job.ticket, None));
            return;
        }
        let Node { inbox, ready, .. } = &mut self.nodes[node];
        if inbox[job.link].is_empty() {
            ready.push(job.link);
        }
        inbox[job.link].push_back(job);
        self.serve(node);
    }

    /// Begins a turn, unless it is in one, or has nothing to do.
    fn serve(&mut self, node: usize) {
        let redis = &mut self.nodes[node];
        if redis.is_busy || redis.is_down || redis.ready.is_empty() {
            return;
        }
        redis.is_busy = true;
        let (cost, calls) = redis.take(self.agenda.now());
        self.outcome.worked(self.agenda.now(), node, cost, calls);
        self.agenda.after(cost, Event::Served(node));
    }

    pub(super) fn served(&mut self, node: usize) {
        let now = self.agenda.now();
        self.nodes[node].is_busy = false;
        self.nodes[node].slept = now;
        for Job { link, ticket, what } in std::mem::take(&mut self.nodes[node].turn) {
            let admitted = match what {
                What::Calls(calls) => calls.into_iter().map(|call| self.decide(node, now, call)).collect(),
                What::Connect | What::Word => Vec::new(),
            };
            self.agenda.after(self.plan.round_trip / 2, Event::Answered(link, ticket, Some(admitted)));
        }
        self.serve(node);
    }

    /// One call of the script.
    fn decide(&mut self, node: usize, now: Time, call: Call) -> (usize, u32) {
        let Some(limit) = self.plan.limit else { return (call.client, call.asked) };
        let window = &mut self.nodes[node].windows[call.client];
        window.record(now, call.already);
        (call.client, window.admit(now, call.asked, limit))
    }

    pub(super) fn down(&mut self) {
        let crash = self.plan.outage.is_some_and(|Outage { crash, .. }| crash);
        for node in 0..self.nodes.len() {
            self.nodes[node].is_down = true;
            if crash {
                self.reset(node);
            }
        }
    }

    /// Everything is forgotten, and every connection ends.
    fn reset(&mut self, node: usize) {
        let Node { inbox, ready, turn, windows, .. } = &mut self.nodes[node];
        ready.clear();
        let mut lost: Vec<Job> = inbox.iter_mut().flat_map(|jobs| jobs.drain(..)).collect();
        lost.append(turn);
        windows.fill(Window::default());
        for Job { link, ticket, .. } in lost {
            self.agenda.after(self.plan.round_trip / 2, Event::Answered(link, ticket, None));
        }
    }

    pub(super) fn up(&mut self) {
        for node in 0..self.nodes.len() {
            self.nodes[node].is_down = false;
            self.serve(node);
        }
    }
}
