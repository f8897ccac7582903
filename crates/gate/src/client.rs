//! A client: every key with one `client_name`. Its window and counts outlive each refresh of the directory.

use crate::admit::Now;
use crate::limit::{Grain, OverLimit, Quota, Window};
use crate::meter::Counts;
use crate::sync::{self, Mutex};

pub(crate) struct Client {
    name: Box<str>,
    desk: Mutex<Desk>,
}

/// What changes with each request. One short lock a client: no request waits for another client's.
#[derive(Default)]
struct Desk {
    window: Window,
    counts: Counts,
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
        let verdict = desk.window.check_and_record(limit, now.uptime);
        match verdict {
            Ok(_) => desk.counts.admitted(now.unix),
            Err(_) => desk.counts.rate_limited(now.unix),
        }
        verdict
    }

    /// What is left of a limit; changes nothing that counts.
    pub(crate) fn quota(&self, limit: u32, now: Now) -> Quota {
        sync::lock(&self.desk).window.peek(limit, now.uptime)
    }

    pub(crate) fn record_failure(&self) {
        sync::lock(&self.desk).counts.failed();
    }

    pub(crate) fn counts(&self) -> Counts {
        sync::lock(&self.desk).counts
    }

    pub(crate) fn set_grain(&self, grain: Grain) {
        sync::lock(&self.desk).window.set_grain(grain);
    }

    pub(crate) fn free_idle_window(&self, now: Now) {
        sync::lock(&self.desk).window.free_if_idle(now.uptime);
    }

    /// Whether nothing would be lost by forgetting this client.
    pub(crate) fn is_idle(&self) -> bool {
        let desk = sync::lock(&self.desk);
        desk.window.is_empty() && desk.counts == Counts::default()
    }
}
