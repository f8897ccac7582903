//! Upstreams that do the same: each request goes to the next of those that work. One that fails several times in a row
//! is not asked for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tracing::{info, warn};

use super::Address;

/// Failures in a row after which an upstream is not asked for a while.
const TOO_MANY: u32 = 3;

/// That while. Afterwards one more failure is enough for another.
const EJECTED_FOR: Duration = Duration::from_secs(10);

/// Upstreams among which a request may choose.
#[derive(Debug)]
pub(crate) struct Group {
    servers: Box<[Arc<Server>]>,
    next: AtomicUsize,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    failures: AtomicU32,
    /// The uptime in milliseconds until which it is not asked.
    ejected_until: AtomicU64,
}

impl Group {
    pub(crate) fn new(addresses: impl IntoIterator<Item = Address>) -> Self {
        Self { servers: addresses.into_iter().map(Server::new).collect(), next: AtomicUsize::new(0) }
    }

    /// Their addresses.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.servers.iter().map(|server| &server.address)
    }

    /// All of them, once each, in the order in which a request should try them: in turn, and those that have failed of
    /// late last.
    pub(crate) fn in_turn(&self, uptime: Duration) -> impl Iterator<Item = &Arc<Server>> {
        let first = if self.servers.len() > 1 { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let turn = |works: bool| {
            (0..self.servers.len())
                .map(move |step| &self.servers[(first.wrapping_add(step)) % self.servers.len()])
                .filter(move |server| server.works(uptime) == works)
        };
        turn(true).chain(turn(false))
    }
}

impl Server {
    fn new(address: Address) -> Arc<Self> {
        Arc::new(Self { address, failures: AtomicU32::new(0), ejected_until: AtomicU64::new(0) })
    }

    /// Whether it is worth asking before all others have been.
    pub(crate) fn works(&self, uptime: Duration) -> bool {
        self.ejected_until.load(Ordering::Relaxed) <= millis(uptime)
    }

    /// It has answered.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) == 0 {
            return;
        }
        if self.failures.swap(0, Ordering::Relaxed) >= TOO_MANY {
            self.ejected_until.store(0, Ordering::Relaxed);
            info!("the upstream {} answers again", self.address.shown);
        }
    }

    /// It could not be reached, or has not answered.
    pub(crate) fn failed(&self, uptime: Duration) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= TOO_MANY {
            self.ejected_until.store(millis(uptime + EJECTED_FOR), Ordering::Relaxed);
        }
        if failures == TOO_MANY {
            warn!(
                "the upstream {} has failed {TOO_MANY} times in a row: others are asked first until it answers",
                self.address.shown
            );
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        Group::new(["http://a", "http://b", "http://c"].map(|url| Address::read(url).expect("an address")))
    }

    fn turn(group: &Group, uptime: u64) -> String {
        let name = |server: &Arc<Server>| server.address.shown.trim_start_matches("http://").to_owned();
        group.in_turn(Duration::from_secs(uptime)).map(name).collect()
    }

    #[test]
    fn each_has_its_turn() {
        let group = group();
        assert_eq!(
            [turn(&group, 0), turn(&group, 0), turn(&group, 0), turn(&group, 0)],
            ["abc", "bca", "cab", "abc"]
        );
    }

    #[test]
    fn one_that_keeps_failing_is_asked_last_for_a_while() {
        let group = group();
        let a = &group.servers[0];
        (0..2).for_each(|_| a.failed(Duration::from_secs(5)));
        assert_eq!(turn(&group, 5), "abc", "two failures are no pattern");
        a.failed(Duration::from_secs(5));
        assert_eq!([turn(&group, 6), turn(&group, 14)], ["bca", "cba"]);
        assert_eq!([turn(&group, 15), turn(&group, 15)], ["abc", "bca"], "it has another chance");
        a.failed(Duration::from_secs(16));
        assert_eq!(turn(&group, 17), "cba", "one more failure is enough");
        a.succeeded();
        assert_eq!(turn(&group, 17), "abc");
    }

    #[test]
    fn all_are_tried_where_all_have_failed() {
        let group = group();
        for server in &group.servers {
            (0..3).for_each(|_| server.failed(Duration::ZERO));
        }
        assert_eq!(turn(&group, 1).len(), 3);
    }
}
