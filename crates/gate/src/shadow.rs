//! A limit that is only tried out: what it would refuse is counted, and let through.

use std::time::Duration;

use crate::limit::{Grain, Window};

/// What the shadow limits of one client would have let through in the last 60 seconds, and how often they would not.
pub(crate) struct Shadow {
    window: Window,
    /// Since somebody has asked.
    pub(crate) refused: u64,
}

impl Shadow {
    /// Takes note of a request that was let through, and says whether its key's shadow limit would have refused it. Those
    /// of the client's keys that have none count as well, as they do for a limit.
    pub(crate) fn record(
        shadow: &mut Option<Box<Self>>,
        grain: Grain,
        limit: Option<u32>,
        uptime: Duration,
    ) -> bool {
        let shadow = shadow.get_or_insert_with(|| Box::new(Self { window: Window::new(grain), refused: 0 }));
        let tick = shadow.window.turn(uptime);
        let refused = limit.is_some_and(|limit| shadow.window.over(limit, uptime).is_some());
        if refused {
            shadow.refused += 1;
        } else {
            shadow.window.record(tick);
        }
        refused
    }

    pub(crate) fn set_grain(&mut self, grain: Grain) {
        self.window.set_grain(grain);
    }

    pub(crate) fn is_idle(&self, uptime: Duration) -> bool {
        self.window.is_idle(uptime)
    }
}
