//! Upstreams that do the same: each request goes to the next of those that work. One that fails several times in a row is
//! not asked for a while, nor is one whose health checks fail, unless all others have failed as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::ServerName;
use smallvec::SmallVec;
use tracing::{info, warn};

use super::address::Address;
use super::fault::{BadAnswer, Fault, REASONS};
use super::tls::{Tls, Trust, Unusable};
use crate::metrics::UpstreamFailures;

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
    /// How to speak TLS with it, and the name that its certificate must be for.
    pub(super) tls: Option<(Arc<Tls>, ServerName<'static>)>,
    failures: AtomicU32,
    /// The uptime in milliseconds until which it is not asked.
    ejected_until: AtomicU64,
    /// Whether its health checks fail.
    ill: AtomicBool,
    counts: UpstreamFailures,
}

/// What all groups are made with.
pub(crate) struct MakeGroups {
    pub(crate) trust: Trust,
    /// Counts failures of all upstreams.
    pub(crate) failures: UpstreamFailures,
}

impl MakeGroups {
    /// # Errors
    /// There can be no TLS, and one of the addresses needs it.
    pub(crate) fn group(&self, addresses: &[Address]) -> Result<Group, Unusable> {
        let tls = Tls::wanted_by(addresses, &self.trust)?;
        // Each reason at 0, so that the first failure is an increase.
        for reason in REASONS {
            let _ = self.failures.get_or_create(&[("reason", reason)]);
        }
        Ok(Group::new(addresses.iter().cloned(), tls.as_ref(), &self.failures))
    }
}

impl Group {
    /// `tls` is there if one of the addresses needs it.
    pub(crate) fn new(
        addresses: impl IntoIterator<Item = Address>,
        tls: Option<&Arc<Tls>>,
        counts: &UpstreamFailures,
    ) -> Self {
        let servers = addresses.into_iter().map(|address| Server::new(address, tls, counts.clone()));
        Self { servers: servers.collect(), next: AtomicUsize::new(0) }
    }

    /// All of them, as they were set.
    pub(crate) fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// All of them, once each, in the order in which a request should try them: in turn, and those that have failed of
    /// late last. It is settled here: what becomes of one while another is tried must not lose or double it.
    pub(crate) fn in_turn(&self, uptime: Duration) -> impl Iterator<Item = &Arc<Server>> {
        let first = if self.servers.len() > 1 { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let all = (0..self.servers.len())
            .map(|step| &self.servers[(first.wrapping_add(step)) % self.servers.len()]);
        let (mut order, mut last): (SmallVec<[_; 4]>, SmallVec<[_; 4]>) =
            all.partition(|server| server.works(uptime));
        order.append(&mut last);
        order.into_iter()
    }
}

impl Server {
    fn new(address: Address, tls: Option<&Arc<Tls>>, counts: UpstreamFailures) -> Arc<Self> {
        let tls = address.name.clone().map(|name| {
            let tls = tls.expect("Tls::wanted_by makes it where an address has a name to check");
            (Arc::clone(tls), name)
        });
        let (failures, ejected_until, ill) = (AtomicU32::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { address, tls, failures, ejected_until, ill, counts })
    }

    /// Whether it is worth asking before all others have been.
    pub(crate) fn works(&self, uptime: Duration) -> bool {
        !self.ill.load(Ordering::Relaxed) && self.ejected_until.load(Ordering::Relaxed) <= millis(uptime)
    }

    /// What its health checks say from now on.
    pub(super) fn set_ill(&self, ill: bool) {
        self.ill.store(ill, Ordering::Relaxed);
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
    pub(crate) fn failed(&self, uptime: Duration, fault: &Fault) {
        let Some(reason) = fault.reason() else { return };
        self.count(reason);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= TOO_MANY {
            self.ejected_until.store(millis(uptime + EJECTED_FOR), Ordering::Relaxed);
        }
        // No other request will fare better until somebody has done something.
        if failures == 1 && matches!(fault, Fault::Certificate(_)) {
            warn!("the upstream {} cannot be asked: {fault}", self.address.shown);
        }
        if failures == TOO_MANY {
            warn!(
                "the upstream {} has failed {TOO_MANY} times in a row, at last: {fault}; others are asked first until \
                 it answers",
                self.address.shown
            );
        }
    }

    /// Its answer has begun, and has not come to its end.
    pub(crate) fn broke_off(&self, fault: BadAnswer) {
        self.count(Fault::from(fault).reason().unwrap_or_default());
    }

    fn count(&self, reason: &'static str) {
        self.counts.get_or_create(&[("reason", reason)]).inc();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        let addresses =
            ["http://a", "http://b", "http://c"].map(|url| Address::read(url).expect("an address"));
        Group::new(addresses, None, &UpstreamFailures::default())
    }

    fn fail(server: &Server, uptime: u64) {
        server.failed(Duration::from_secs(uptime), &Fault::Timeout(1));
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
        (0..2).for_each(|_| fail(a, 5));
        assert_eq!(turn(&group, 5), "abc", "two failures are no pattern");
        fail(a, 5);
        assert_eq!([turn(&group, 6), turn(&group, 14)], ["bca", "cba"]);
        assert_eq!([turn(&group, 15), turn(&group, 15)], ["abc", "bca"], "it has another chance");
        fail(a, 16);
        assert_eq!(turn(&group, 17), "cba", "one more failure is enough");
        a.succeeded();
        assert_eq!(turn(&group, 17), "abc");
    }

    #[test]
    fn each_is_tried_once_whatever_becomes_of_it_meanwhile() {
        let group = group();
        let [a, b, _] = &*group.servers else { panic!("there are three") };
        (0..3).for_each(|_| fail(b, 5));
        let mut turn = group.in_turn(Duration::from_secs(6));
        assert!(Arc::ptr_eq(turn.next().expect("a"), a));
        (0..3).for_each(|_| fail(a, 6));
        b.succeeded();
        let rest: Vec<_> = turn.map(|server| server.address.shown.as_str()).collect();
        assert_eq!(rest, ["http://c", "http://b"]);
    }

    #[test]
    fn all_are_tried_where_all_have_failed() {
        let group = group();
        for server in &group.servers {
            (0..3).for_each(|_| fail(server, 0));
        }
        assert_eq!(turn(&group, 1).len(), 3);
    }

    #[test]
    fn one_that_is_ill_is_asked_last_whatever_requests_say() {
        let group = group();
        group.servers[0].set_ill(true);
        group.servers[0].succeeded();
        assert_eq!([turn(&group, 0), turn(&group, 0)], ["bca", "bca"]);
        group.servers[0].set_ill(false);
        assert_eq!([turn(&group, 0), turn(&group, 0)], ["cab", "abc"]);
        (0..3).for_each(|_| fail(&group.servers[0], 0));
        group.servers[0].set_ill(false);
        assert_eq!(turn(&group, 1), "bca", "nor does a check speak for requests");
    }

    #[test]
    fn what_is_the_clients_fault_is_not_held_against_it() {
        let group = group();
        let fault = Fault::Request(crate::upstream::fault::BadRequestBody::BrokeOff);
        (0..3).for_each(|_| group.servers[0].failed(Duration::ZERO, &fault));
        assert_eq!(turn(&group, 1), "abc");
    }
}
