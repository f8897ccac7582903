use std::collections::HashMap;
use std::net::IpAddr;
use std::thread;

use proptest::prelude::*;

use super::*;

fn shield(limit: u16) -> Shield {
    Shield::new(NonZeroU16::new(limit).expect("a limit"))
}

fn attempt<'a>(shield: &'a Shield, from: &str, authorization: &str) -> Attempt<'a> {
    let from: IpAddr = from.parse().expect("an address");
    shield.attempt(from, [authorization.as_bytes()].into_iter()).expect("something is presented")
}

const NOON: Duration = Duration::from_hours(12);

/// Fails until that is one too many.
fn exhaust(shield: &Shield, from: &str, now: Duration) {
    while attempt(shield, from, "Bearer wrong").check(now).is_ok() {
        attempt(shield, from, "Bearer wrong").failed(now).expect("it was looked at");
    }
}

/// All that has failed at one address, by the clock alone: a failure counts until the slot of 4 s has ended in which it
/// is a minute old.
#[derive(Default)]
struct Naive(Vec<Duration>);

impl Naive {
    fn end(failure: Duration) -> Duration {
        Duration::from_secs((failure.as_secs() / 4 + 16) * 4)
    }

    fn wait(&self, limit: u16, now: Duration) -> Option<u64> {
        let ends: Vec<Duration> = self.0.iter().map(|at| Self::end(*at)).filter(|end| *end > now).collect();
        let too_many = ends.len() >= usize::from(limit);
        let left = ends.iter().min()?.saturating_sub(now);
        too_many.then(|| left.as_millis().div_ceil(1_000).try_into().expect("about a minute"))
    }

    fn within(&self, seconds: u64, now: Duration) -> usize {
        self.0.iter().filter(|at| **at + Duration::from_secs(seconds) > now).count()
    }
}

proptest! {
    #[test]
    fn failures_are_held_to_the_limit_as_a_naive_model_says(
        limit in 1_u16..6,
        steps in proptest::collection::vec((0_u64..9_000, 0_usize..3), 1..200),
    ) {
        let (shield, addresses) = (shield(limit), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
        let (mut now, mut naive) = (NOON, HashMap::<usize, Naive>::new());
        for (millis, who) in steps {
            now += Duration::from_millis(millis);
            let (naive, from) = (naive.entry(who).or_default(), addresses[who]);
            let wanted = naive.wait(limit, now).map_or(Ok(()), |retry_after| Err(TooMany { retry_after }));
            let attempt = attempt(&shield, from, "Bearer wrong");
            prop_assert_eq!(attempt.check(now), wanted);
            prop_assert_eq!(attempt.failed(now), wanted);
            if let Err(TooMany { retry_after }) = wanted {
                let wait = Duration::from_secs(retry_after);
                prop_assert!(attempt.check(now + wait).is_ok());
                prop_assert!(attempt.check(now + wait.saturating_sub(Duration::from_secs(1))).is_err());
                prop_assert!(naive.within(64, now) >= usize::from(limit), "nobody is held back for older ones");
            } else {
                naive.0.push(now);
            }
            prop_assert!(naive.within(60, now) <= usize::from(limit), "in any 60 s");
        }
    }
}

#[test]
fn what_was_let_in_passes_from_where_it_was_and_new_keys_wait() {
    let shield = shield(3);
    attempt(&shield, "192.0.2.1", "Bearer good").succeeded();
    exhaust(&shield, "192.0.2.1", NOON);
    exhaust(&shield, "192.0.2.2", NOON);
    assert_eq!(attempt(&shield, "192.0.2.1", "Bearer good").check(NOON), Ok(()));
    assert_eq!(attempt(&shield, "192.0.2.1", "Bearer new").check(NOON), Err(TooMany { retry_after: 64 }));
    assert!(attempt(&shield, "192.0.2.2", "Bearer good").check(NOON).is_err(), "a guess at what others use");
    assert_eq!(attempt(&shield, "192.0.2.3", "Bearer new").check(NOON), Ok(()));
    let after = NOON + Duration::from_secs(64);
    assert_eq!(attempt(&shield, "192.0.2.1", "Bearer new").check(after), Ok(()));
}

#[test]
fn what_was_let_in_once_and_is_not_known_any_more_is_one_too_many() {
    let shield = shield(3);
    let removed = attempt(&shield, "192.0.2.1", "Bearer removed");
    removed.succeeded();
    exhaust(&shield, "192.0.2.1", NOON);
    assert_eq!(removed.check(NOON), Ok(()));
    assert_eq!(removed.failed(NOON), Err(TooMany { retry_after: 64 }));
}

#[test]
fn an_address_is_an_ipv4_address_or_the_64_of_an_ipv6_one() {
    let shield = shield(1);
    exhaust(&shield, "2001:db8:0:1::1", NOON);
    exhaust(&shield, "192.0.2.1", NOON);
    for held in ["2001:db8:0:1:ffff:ffff:ffff:ffff", "::ffff:192.0.2.1"] {
        assert!(attempt(&shield, held, "Bearer new").check(NOON).is_err(), "{held}");
    }
    for other in ["2001:db8:0:2::1", "192.0.2.0", "::1", "::c000:201"] {
        assert!(attempt(&shield, other, "Bearer new").check(NOON).is_ok(), "{other}");
    }
    assert_eq!(attempt(&shield, "2001:db8:0:1::7", "").source().to_string(), "2001:db8:0:1::/64");
    assert_eq!(attempt(&shield, "::ffff:192.0.2.1", "").source().to_string(), "192.0.2.1");
}

#[test]
fn nothing_is_attempted_without_a_header_or_an_address() {
    let (shield, nothing) = (shield(1), std::iter::empty());
    assert!(shield.attempt("192.0.2.1".parse().expect("an address"), nothing).is_none());
    for nobody in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
        let from = nobody.parse().expect("an address");
        assert!(shield.attempt(from, [&b"Bearer key"[..]].into_iter()).is_none(), "{nobody}");
    }
}

#[test]
fn threads_that_fail_at_once_share_the_limit() {
    let shield = shield(100);
    let fail = || {
        let attempt = attempt(&shield, "192.0.2.1", "Bearer wrong");
        (0..1_000).filter(|_| attempt.failed(NOON).is_ok()).count()
    };
    let told = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(fail)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert_eq!(told, 100);
}

#[test]
fn a_clock_that_is_a_moment_behind_changes_nothing() {
    let shield = shield(2);
    let attempt = attempt(&shield, "192.0.2.1", "Bearer wrong");
    let before = NOON.saturating_sub(Duration::from_millis(1));
    assert_eq!((attempt.failed(NOON), attempt.failed(before)), (Ok(()), Ok(())));
    assert_eq!(attempt.check(before), Err(TooMany { retry_after: 65 }));
    assert_eq!(attempt.check(NOON), Err(TooMany { retry_after: 64 }));
}
