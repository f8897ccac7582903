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
    /// `None` until the client's first request: a million clients are to fit in memory, and few of them come.
    account: Option<Box<Account>>,
}

/// Of a client that has come: in one place, since each request needs both.
#[derive(Default)]
struct Account {
    /// `None` while nothing is counted, which is most of the time.
    window: Option<Window>,
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
        let Account { window, meter } = &mut **desk.account.get_or_insert_default();
        let verdict = window.get_or_insert_with(|| Window::new(grain)).check_and_record(limit, now.uptime);
        match verdict {
            Ok(_) => meter.admitted(now.unix),
            Err(_) => meter.rate_limited(now.unix),
        }
        verdict
    }

    /// Records what a window elsewhere has decided, and counts either outcome.
    pub(crate) fn record(&self, verdict: &Result<Option<Quota>, OverLimit>, now: Now) {
        let mut desk = sync::lock(&self.desk);
        let grain = desk.grain;
        let Account { window, meter } = &mut **desk.account.get_or_insert_default();
        if verdict.is_ok() {
            window.get_or_insert_with(|| Window::new(grain)).record(now.uptime);
            meter.admitted(now.unix);
        } else {
            meter.rate_limited(now.unix);
        }
    }

    /// What is left of a limit; changes nothing that counts.
    pub(crate) fn quota(&self, limit: u32, now: Now) -> Quota {
        let untouched = Quota { limit, remaining: limit, reset_seconds: 0 };
        let mut desk = sync::lock(&self.desk);
        desk.window().map_or(untouched, |window| window.peek(limit, now.uptime))
    }

    pub(crate) fn record_failure(&self) {
        if let Some(account) = &mut sync::lock(&self.desk).account {
            account.meter.failed();
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        sync::lock(&self.desk).account.as_ref().map_or(Counts::default(), |account| account.meter.total)
    }

    pub(crate) fn usage(&self) -> Usage {
        let desk = sync::lock(&self.desk);
        let counts = desk.account.as_ref().map(|account| (account.meter.earlier(), account.meter.total));
        let (earlier, total) = counts.unwrap_or_default();
        Usage { client: self.name.as_ref().to_owned(), earlier, total }
    }

    pub(crate) fn set_grain(&self, grain: Grain) {
        let mut desk = sync::lock(&self.desk);
        desk.grain = grain;
        if let Some(window) = desk.window() {
            window.set_grain(grain);
        }
    }

    pub(crate) fn free_idle_window(&self, now: Now) {
        let mut desk = sync::lock(&self.desk);
        if let Some(account) = &mut desk.account
            && account.window.as_ref().is_some_and(|window| window.is_idle(now.uptime))
        {
            account.window = None;
        }
    }

    /// Whether nothing would be lost by forgetting this client.
    pub(crate) fn is_idle(&self) -> bool {
        sync::lock(&self.desk).account.is_none()
    }
}

impl Desk {
    fn window(&mut self) -> Option<&mut Window> {
        self.account.as_mut()?.window.as_mut()
    }
}
