use std::collections::HashMap;
use std::thread;

use proptest::prelude::*;

use super::*;

fn shield(limit: u16) -> Shield {
    Shield::new(NonZeroU16::new(limit).expect("a limit"))
}

fn source(from: &str) -> Source {
    Source::of(from.parse().expect("an address")).expect("somebody's")
}

const NOON: Duration = Duration::from_hours(12);

/// Fails until that is one too many.
fn exhaust(shield: &Shield, from: &str, now: Duration) {
    while shield.check(source(from), now).is_ok() {
        shield.failed(source(from), now).expect("it was looked at");
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
            let from = source(from);
            prop_assert_eq!(shield.check(from, now), wanted);
            prop_assert_eq!(shield.failed(from, now), wanted);
            if let Err(TooMany { retry_after }) = wanted {
                let wait = Duration::from_secs(retry_after);
                prop_assert!(shield.check(from, now + wait).is_ok());
                prop_assert!(shield.check(from, now + wait.saturating_sub(Duration::from_secs(1))).is_err());
                prop_assert!(naive.within(64, now) >= usize::from(limit), "nobody is held back for older ones");
            } else {
                naive.0.push(now);
            }
            prop_assert!(naive.within(60, now) <= usize::from(limit), "in any 60 s");
        }
    }
}

#[test]
fn what_was_let_in_is_known_where_it_was_let_in() {
    let (shield, here, elsewhere) = (shield(3), source("192.0.2.1"), source("192.0.2.2"));
    let (good, new) = (1, 2);
    shield.let_in(here, good);
    assert!(shield.has_let_in(here, good));
    assert!(!shield.has_let_in(elsewhere, good), "a guess at what others use");
    assert!(!shield.has_let_in(here, new));
}

#[test]
fn who_has_failed_too_often_is_let_in_again_when_that_is_a_minute_ago() {
    let shield = shield(3);
    exhaust(&shield, "192.0.2.1", NOON);
    assert_eq!(shield.check(source("192.0.2.1"), NOON), Err(TooMany { retry_after: 64 }));
    assert_eq!(shield.failed(source("192.0.2.1"), NOON), Err(TooMany { retry_after: 64 }));
    assert_eq!(shield.check(source("192.0.2.3"), NOON), Ok(()));
    assert_eq!(shield.check(source("192.0.2.1"), NOON + Duration::from_secs(64)), Ok(()));
}

#[test]
fn an_address_is_an_ipv4_address_or_the_64_of_an_ipv6_one() {
    let shield = shield(1);
    exhaust(&shield, "2001:db8:0:1::1", NOON);
    exhaust(&shield, "192.0.2.1", NOON);
    for held in ["2001:db8:0:1:ffff:ffff:ffff:ffff", "::ffff:192.0.2.1"] {
        assert!(shield.check(source(held), NOON).is_err(), "{held}");
    }
    for other in ["2001:db8:0:2::1", "192.0.2.0", "::1", "::c000:201"] {
        assert!(shield.check(source(other), NOON).is_ok(), "{other}");
    }
    for (address, shown) in [
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::/64"),
        ("::ffff:0:0:1", "::/64"),
    ] {
        assert_eq!(source(address).to_string(), shown);
    }
}

#[test]
fn nobody_has_no_limit_of_its_own() {
    for nobody in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
        assert!(Source::of(nobody.parse().expect("an address")).is_none(), "{nobody}");
    }
}

#[test]
fn threads_that_fail_at_once_share_the_limit() {
    let shield = shield(100);
    let fail = || (0..1_000).filter(|_| shield.failed(source("192.0.2.1"), NOON).is_ok()).count();
    let told = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(fail)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert_eq!(told, 100);
}

#[test]
fn a_clock_that_is_a_moment_behind_changes_nothing() {
    let (shield, from) = (shield(2), source("192.0.2.1"));
    let before = NOON.saturating_sub(Duration::from_millis(1));
    assert_eq!((shield.failed(from, NOON), shield.failed(from, before)), (Ok(()), Ok(())));
    assert_eq!(shield.check(from, before), Err(TooMany { retry_after: 65 }));
    assert_eq!(shield.check(from, NOON), Err(TooMany { retry_after: 64 }));
}
