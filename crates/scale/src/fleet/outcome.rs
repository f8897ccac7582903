//! What comes of a simulation, in figures.

use super::Plan;
use crate::agenda::{MILLI, Time};
use crate::window::most;

/// Of the time after the warm-up, unless something else is said.
#[derive(Default)]
pub struct Outcome {
    warm_up: Time,
    /// How long it was.
    pub length: Time,
    /// Requests that came.
    pub came: u64,
    /// From a request's coming to its answer, in their order: see [`Outcome::latency`].
    latencies: Vec<Time>,
    /// Requests that were decided without Redis although there is one.
    pub alone: u64,
    /// Batches that were sent.
    pub batches: u64,
    /// Requests in them.
    pub asked: u64,
    /// Calls of scripts that Redis carried out.
    pub calls: u64,
    /// Processor time of each Redis.
    pub busy: Vec<Time>,
    /// Processor time of all servers' threads.
    pub toil: Time,
    /// How many of the first client were admitted, and when: from the beginning.
    admitted: Vec<(Time, u32)>,
    /// How many requests were decided alone in each tenth of a second: from the beginning.
    pub alone_by_time: Vec<u64>,
    /// Requests in progress, summed over time.
    in_progress: u64,
    requests_and_time: u128,
    last_change: Time,
}

/// Of [`Outcome::alone_by_time`].
pub const TENTH: Time = 100 * MILLI;

impl Outcome {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            warm_up: plan.warm_up,
            length: plan.end - plan.warm_up,
            busy: vec![0; plan.nodes],
            ..Self::default()
        }
    }

    fn counts(&self, now: Time) -> bool {
        now >= self.warm_up
    }

    fn change(&mut self, now: Time) {
        if self.counts(now) {
            let since = self.last_change.max(self.warm_up);
            self.requests_and_time += u128::from(self.in_progress) * u128::from(now - since);
        }
        self.last_change = now;
    }

    pub(super) fn came(&mut self, now: Time) {
        self.change(now);
        self.in_progress += 1;
        self.came += u64::from(self.counts(now));
    }

    pub(super) fn answered(&mut self, now: Time, came: Time) {
        self.change(now);
        self.in_progress -= 1;
        if self.counts(now) {
            self.latencies.push(now - came);
        }
    }

    pub(super) fn alone(&mut self, now: Time) {
        self.alone += u64::from(self.counts(now));
        let tenth = usize::try_from(now / TENTH).unwrap_or(usize::MAX);
        if self.alone_by_time.len() <= tenth {
            self.alone_by_time.resize(tenth + 1, 0);
        }
        self.alone_by_time[tenth] += 1;
    }

    pub(super) fn sent(&mut self, now: Time, requests: u64) {
        if self.counts(now) {
            self.batches += 1;
            self.asked += requests;
        }
    }

    pub(super) fn worked(&mut self, now: Time, node: usize, time: Time, calls: u64) {
        if self.counts(now) {
            self.busy[node] += time;
            self.calls += calls;
        }
    }

    pub(super) fn toiled(&mut self, now: Time, time: Time) {
        if self.counts(now) {
            self.toil += time;
        }
    }

    pub(super) fn admitted(&mut self, at: Time, client: usize, count: u32) {
        if client == 0 && count > 0 {
            self.admitted.push((at, count));
        }
    }

    pub(super) fn finish(mut self, plan: &Plan) -> Self {
        self.change(plan.end);
        self.latencies.sort_unstable();
        self.admitted.sort_unstable();
        self
    }

    /// Requests that were answered.
    pub fn answered_in_all(&self) -> usize {
        self.latencies.len()
    }

    /// From its coming to its answer: so many in a thousand requests took no longer.
    pub fn latency(&self, per_mille: usize) -> Time {
        let place = (self.latencies.len() * per_mille / 1_000).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).copied().unwrap_or_default()
    }

    /// The same, on the average, in nanoseconds.
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub fn mean_latency(&self) -> f64 {
        self.latencies.iter().sum::<Time>() as f64 / self.latencies.len().max(1) as f64
    }

    /// How many requests were in progress, on the average over time.
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub fn mean_in_progress(&self) -> f64 {
        self.requests_and_time as f64 / self.length as f64
    }

    /// Which part of the time the busiest Redis was busy.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub fn utilisation(&self) -> f64 {
        self.busy.iter().max().map_or(0.0, |busy| *busy as f64 / self.length as f64)
    }

    /// How many of the first client's requests were admitted.
    pub fn admitted_in_all(&self) -> u32 {
        self.admitted.iter().map(|(_, count)| count).sum()
    }

    /// The most of the first client's requests that were admitted in any 60 s.
    pub fn most_in_a_window(&self) -> u32 {
        most(&self.admitted)
    }
}
