//! A client: every key with one `client_name`. Its window and counts outlive each refresh of the directory.

use crate::limit::{Grain, OverLimit, Quota, Window};
use crate::meter::{Counts, Meter, Usage};
use crate::now::Now;
use crate::sync::{self, Mutex};

pub(crate) struct Client {
    name: Box<str>,
    desk: Mutex<Desk>,
}

/// What changes with each request. One short lock a client: no request waits for another client's.
#[derive(Default)]
struct Desk {
    grain: Grain,
    /// `None` while nothing is counted, which is most clients most of the time.
    window: Option<Box<Window>>,
    meter: Meter,
}

impl Client {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), desk: Mutex::new(Desk::default()) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The limit's check and its record, and the count of either outcome, as one step.
    pub(crate) fn check_and_record(&self, limit: Option<u32>, now: Now) -> Result<Option<Quota>, OverLimit> {
        let mut desk = sync::lock(&self.desk);
        let grain = desk.grain;
        let window = desk.window.get_or_insert_with(|| Box::new(Window::new(grain)));
        let verdict = window.check_and_record(limit, now.uptime);
        match verdict {
            Ok(_) => desk.meter.admitted(now.unix),
            Err(_) => desk.meter.rate_limited(now.unix),
        }
        verdict
    }

    /// What is left of a limit; changes nothing that counts.
    pub(crate) fn quota(&self, limit: u32, now: Now) -> Quota {
        let untouched = Quota { limit, remaining: limit, reset_seconds: 0 };
        let mut desk = sync::lock(&self.desk);
        desk.window.as_mut().map_or(untouched, |window| window.peek(limit, now.uptime))
    }

    pub(crate) fn record_failure(&self) {
        sync::lock(&self.desk).meter.failed();
    }

    pub(crate) fn counts(&self) -> Counts {
        sync::lock(&self.desk).meter.total
    }

    pub(crate) fn usage(&self) -> Usage {
        let desk = sync::lock(&self.desk);
        let Meter { earlier, total } = desk.meter;
        Usage { client: self.name.as_ref().to_owned(), earlier, total }
    }

    pub(crate) fn set_grain(&self, grain: Grain) {
        let mut desk = sync::lock(&self.desk);
        desk.grain = grain;
        if let Some(window) = &mut desk.window {
            window.set_grain(grain);
        }
    }

    pub(crate) fn free_idle_window(&self, now: Now) {
        let mut desk = sync::lock(&self.desk);
        if desk.window.as_ref().is_some_and(|window| window.is_idle(now.uptime)) {
            desk.window = None;
        }
    }

    /// Whether nothing would be lost by forgetting this client.
    pub(crate) fn is_idle(&self) -> bool {
        let desk = sync::lock(&self.desk);
        desk.window.is_none() && desk.meter.total == Counts::default()
    }
}
