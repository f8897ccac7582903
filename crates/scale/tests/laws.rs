//! What must be true of any model of this kind, whatever its figures are.

use scale::agenda::{MILLI, SECOND, Time};
use scale::fleet::{Outcome, Plan, Telling};
use scale::google::{self, most_servers};
use scale::mix::Mix;
use scale::random::Random;
use scale::tables::failure::{bound, bounded, each_its_own};
use scale::window::{WINDOW, Window, most};
use scale::{costs, directory};

/// Other chances.
const SEEDS: std::ops::Range<u64> = 1..6;

fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for (servers, rate) in [(1, 5_000.0), (10, 20_000.0), (50, 50_000.0)] {
        for (nodes, mix) in [(0, Mix::One), (1, Mix::One), (1, Mix::Skewed(100)), (3, Mix::Even(1_000))] {
            for one_in_flight in [false, true] {
                plans.push(Plan { nodes, one_in_flight, ..Plan::new(servers, rate, mix) });
            }
        }
    }
    plans.push(large_batches(1));
    plans
}

/// Batches of more calls than Redis reads at a time.
fn large_batches(seed: u64) -> Plan {
    let far = Plan {
        threads: 1,
        round_trip: costs::ROUND_TRIPS[2],
        one_in_flight: true,
        seed,
        ..Plan::new(1, 0.0, Mix::One)
    };
    Plan { rate: 60_000.0, mix: Mix::Even(2_000), ..far }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_nanosecond(count: u64, outcome: &Outcome) -> f64 {
    count as f64 / outcome.length as f64
}

#[test]
fn littles_law_holds() {
    for plan in plans() {
        let outcome = plan.run();
        let (by_law, seen) =
            (per_nanosecond(outcome.came, &outcome) * outcome.mean_latency(), outcome.mean_in_progress());
        assert!((by_law / seen - 1.0).abs() < 0.02, "{by_law} {seen} {plan:?}");
    }
}

#[test]
fn what_comes_is_answered_once_and_redis_is_asked_for_all_of_it() {
    for plan in plans() {
        let outcome = plan.run();
        let came = outcome.came.abs_diff(u64::try_from(outcome.answered_in_all()).expect("few"));
        assert!(came < 500, "{came} {plan:?}");
        assert_eq!(outcome.alone, 0, "{plan:?}");
        assert!(plan.nodes == 0 || outcome.asked.abs_diff(outcome.came) < 500, "{plan:?}");
        assert!(plan.nodes > 0 || outcome.calls + outcome.asked == 0, "{plan:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_chance() {
    let figures = |seed| {
        let outcome = Plan { seed, ..Plan::new(7, 20_000.0, Mix::Skewed(50)) }.run();
        (outcome.came, outcome.calls, outcome.busy.clone(), outcome.latency(500), outcome.latency(999))
    };
    assert_eq!(figures(3), figures(3));
    assert_ne!(figures(3), figures(4));
}

#[test]
fn below_its_capacity_redis_is_stable_and_beyond_it_is_not() {
    let run = |rate| {
        let plan = Plan { end: 3 * SECOND, ..Plan::new(10, rate, Mix::Even(1_000)) };
        let outcome = plan.run();
        (outcome.utilisation(), outcome.latency(990), outcome.alone)
    };
    let (mut last, mut quickest) = (0.0, 0);
    for rate in [5_000.0, 20_000.0, 40_000.0, 60_000.0, 70_000.0] {
        let (utilisation, slow, alone) = run(rate);
        assert!(last < utilisation && utilisation < 1.0, "{rate}: {utilisation}");
        assert!(quickest <= slow && slow < 5 * MILLI && alone == 0, "{rate}: {slow} {alone}");
        (last, quickest) = (utilisation, slow);
    }
    // A call of its own costs more than 1/100,000 s, however large the batches are.
    let (_, slow, alone) = run(120_000.0);
    assert!(alone > 100_000 && slow > 10 * MILLI, "{slow} {alone}");
}

#[test]
fn no_request_waits_longer_than_the_deadline_and_its_own_work() {
    for rate in [50_000.0, 120_000.0, 200_000.0] {
        let outcome = Plan { end: 3 * SECOND, ..Plan::new(10, rate, Mix::Even(1_000)) }.run();
        let longest = outcome.latency(1_000);
        assert!(longest < costs::DEADLINE + 5 * MILLI, "{longest}");
    }
}

#[test]
fn one_in_flight_sends_no_more_calls_and_larger_batches() {
    for mix in [Mix::One, Mix::Skewed(1_000), Mix::Even(1_000)] {
        let plan = Plan::new(2, 50_000.0, mix);
        let (one, other) = (plan.run(), Plan { one_in_flight: true, ..plan }.run());
        assert!(other.calls <= one.calls && other.batches < one.batches / 2, "{mix:?}");
    }
}

/// A client that asks for more than it may, over many servers and threads, gets all that it may and no more.
#[test]
fn p11_the_shared_window_is_exact_in_every_interleaving() {
    for seed in SEEDS {
        for (servers, limit, nodes) in [(1, 7, 1), (3, 600, 1), (20, 60, 1), (10, 600, 5)] {
            let rate = f64::from(limit) / 4.0;
            let plan = Plan {
                limit: Some(limit),
                nodes,
                seed,
                warm_up: 0,
                end: 170 * SECOND,
                ..Plan::new(servers, rate, Mix::One)
            };
            let outcome = plan.run();
            assert_eq!(outcome.most_in_a_window(), limit, "{plan:?}");
            assert_eq!(outcome.admitted_in_all(), 3 * limit, "{plan:?}");
        }
    }
}

#[test]
fn p11_no_answer_is_lost_where_redis_reads_a_batch_in_pieces() {
    let calls = |outcome: &Outcome| outcome.calls / outcome.batches;
    for seed in SEEDS {
        let plan = Plan { limit: Some(5), warm_up: 0, ..large_batches(seed) };
        let outcome = plan.run();
        assert!(calls(&outcome) > 120, "{}", calls(&outcome));
        assert_eq!((outcome.alone, outcome.admitted_in_all()), (0, 5), "{plan:?}");
    }
}

#[test]
fn servers_that_know_nothing_of_each_other_admit_their_limits_together() {
    for (servers, limit) in [(1, 60), (3, 60), (10, 600)] {
        let most = each_its_own(servers, limit, 1).run().most_in_a_window();
        assert_eq!(most, u32::try_from(servers).expect("few") * limit);
    }
}

/// The client does its worst: it uses up one server's window, and then all others' shares.
#[test]
fn a_failure_admits_no_more_than_the_bound_and_that_is_no_idle_bound() {
    for seed in SEEDS {
        for (servers, limit) in [(2, 600), (3, 600), (10, 600), (100, 60), (200, 1_000)] {
            let most = |crash| bounded(servers, limit, crash, seed).run().most_in_a_window();
            let (silent, crashed) = (most(false), most(true));
            let count = u32::try_from(servers).expect("few");
            let shares = (count - 1) * (limit / count).max(1);
            assert!(silent <= bound(servers, limit, false), "{servers} {limit}: {silent}");
            assert!(crashed <= bound(servers, limit, true), "{servers} {limit}: {crashed}");
            // All of the limit, and most of the shares of those servers that it did not ask before.
            assert!(
                silent > limit + shares / 2 && crashed >= silent,
                "{servers} {limit}: {silent} {crashed}"
            );
        }
    }
}

/// What was admitted without Redis is told to it, so that forgetting all costs next to nothing.
#[test]
fn what_was_admitted_meanwhile_counts_afterwards() {
    for telling in [Telling::AtOnce, Telling::Gently] {
        for (servers, limit) in [(3, 600), (10, 600)] {
            let plan = Plan { telling, ..bounded(servers, limit, true, 2) };
            let most = plan.run().most_in_a_window();
            assert!((2 * limit..2 * limit + limit / 3).contains(&most), "{servers} {telling:?}: {most}");
        }
    }
}

/// Whatever is told twice or late, it holds a client back, and never lets it do more.
#[test]
fn how_it_is_told_makes_no_bound_larger() {
    for telling in [Telling::AtOnce, Telling::Gently] {
        for crash in [false, true] {
            let plan = Plan { telling, ..bounded(10, 600, crash, 9) };
            assert!(plan.run().most_in_a_window() <= bound(10, 600, crash), "{plan:?}");
        }
    }
}

#[test]
fn a_window_is_what_a_naive_one_is() {
    let mut random = Random::new(11);
    for limit in [0, 1, 5, 40] {
        let (mut window, mut now) = (Window::default(), 0);
        let mut admitted: Vec<(Time, u32)> = Vec::new();
        for _ in 0..2_000 {
            now += random.word() % (WINDOW / 10);
            let asked = u32::try_from(random.below(4)).expect("few");
            let counted: u32 =
                admitted.iter().filter(|(at, _)| at + WINDOW >= now).map(|(_, count)| count).sum();
            let naive = asked.min(limit - counted);
            assert_eq!(window.admit(now, asked, limit), naive);
            admitted.push((now, naive));
        }
        assert_eq!(most(&admitted), limit);
    }
}

#[test]
fn chance_is_as_it_should_be() {
    let (mut random, number) = (Random::new(5), 200_000_u32);
    let (mut sum, mut squares, mut halves) = (0.0, 0.0, 0_u32);
    for _ in 0..number {
        let wait = random.exponential();
        (sum, squares) = (sum + wait, squares + wait * wait);
        halves += u32::from(wait < std::f64::consts::LN_2);
    }
    let number = f64::from(number);
    assert!((sum / number - 1.0).abs() < 0.01 && (squares / number - 2.0).abs() < 0.05, "{sum} {squares}");
    assert!((f64::from(halves) / number - 0.5).abs() < 0.005, "{halves}");
}

#[test]
fn everybody_gets_the_change_and_no_sooner_than_the_network_can() {
    for (servers, bytes) in [(1, 200), (10, 200_000), (500, 20_000_000)] {
        let plan =
            directory::Plan { servers, bytes, every: SECOND, round_trip: costs::ROUND_TRIPS[1], seed: 2 };
        let outcome = plan.run();
        let carried = outcome.bytes * costs::WIRE_MEGABYTE / 1_000_000;
        assert!(outcome.last >= carried && outcome.half <= outcome.last, "{outcome:?}");
        assert!(outcome.last < carried + 2 * SECOND, "{outcome:?}");
    }
}

#[test]
fn the_quota_is_kept_by_as_many_servers_as_are_told_and_by_no_more() {
    for (cache, flush) in [(300, 60), (60, 60), (10, 300), (2, 0)] {
        let (cache, flush) = (cache * SECOND, flush * SECOND);
        let servers = most_servers(cache, flush, 60);
        let fits = |number| google::Plan { readers: number, writers: number, cache, flush, seed: 1 }.fits(60);
        assert!(servers > 0 && fits(servers) && !fits(servers + 1), "{servers}");
    }
}
