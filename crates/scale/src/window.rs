//! The exact sliding window, without the granularity that the real ones have.

use std::collections::VecDeque;

use crate::agenda::{SECOND, Time};

/// Over which a limit counts.
pub const WINDOW: Time = 60 * SECOND;

/// What was admitted in the last 60 s.
#[derive(Clone, Default)]
pub struct Window {
    runs: VecDeque<(Time, u32)>,
    counted: u32,
}

impl Window {
    /// Admits as many of `asked` as the limit leaves room for. A refusal changes nothing.
    pub fn admit(&mut self, now: Time, asked: u32, limit: u32) -> u32 {
        self.forget(now);
        let admitted = limit.saturating_sub(self.counted).min(asked);
        self.record(now, admitted);
        admitted
    }

    /// Counts what was admitted elsewhere.
    pub fn record(&mut self, now: Time, count: u32) {
        if count > 0 {
            self.counted += count;
            self.runs.push_back((now, count));
        }
    }

    fn forget(&mut self, now: Time) {
        while let Some((at, count)) = self.runs.front()
            && at + WINDOW < now
        {
            self.counted -= count;
            self.runs.pop_front();
        }
    }
}

/// The most that any 60 s hold of these, which come in the order of their time.
pub fn most(admitted: &[(Time, u32)]) -> u32 {
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for (at, count) in admitted {
        sum += count;
        while admitted[first].0 + WINDOW < *at {
            sum -= admitted[first].1;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}
