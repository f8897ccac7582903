//! The window's script against a model that keeps every request, on a real Redis, at moments of the test's choice.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redis::Value;
use testkit::Redis;
use tokio::time::Instant;

use super::*;
use crate::fleet::full::Full;

const WINDOW: u64 = gate::WINDOW_SECONDS as u64 * 1_000;

/// One run of the script: so many milliseconds after the last one.
#[derive(Clone, Debug)]
struct Event {
    step: i64,
    already: u32,
    limits: Vec<u32>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![
        4 => 0..3_i64,
        4 => 40..160_i64,
        2 => 1_000..30_000_i64,
        2 => 59_890..60_210_i64,
        1 => -250..0_i64,
        1 => -100_000..-50_000_i64,
    ];
    let already = prop_oneof![4 => Just(0_u32), 1 => 1..4_u32];
    let limit = prop_oneof![Just(0_u32), 1..8_u32, Just(gate::EXACT_UP_TO), Just(gate::EXACT_UP_TO + 1)];
    let event = (step, already, proptest::collection::vec(limit, 0..5));
    let event = event.prop_map(|(step, already, limits)| Event { step, already, limits });
    proptest::collection::vec(event, 1..40)
}

/// Each request by the last millisecond at which it can have come, oldest first.
#[derive(Default)]
struct Model(Vec<u64>);

impl Model {
    fn decide(&mut self, now: u64, already: u32, limits: &[u32]) -> Vec<i64> {
        self.0.retain(|stamp| stamp + WINDOW >= now);
        if self.0.last().is_some_and(|newest| *newest > now + 100) {
            self.0.fill(now);
        }
        let (mut counted, mut fine, mut coarse) = (self.0.len() + already as usize, 0, already);
        let decide = |&limit: &u32| {
            if counted >= limit as usize {
                return -1;
            }
            counted += 1;
            if limit <= gate::EXACT_UP_TO {
                fine += 1;
            } else {
                coarse += 1;
            }
            i64::from(limit) - i64::try_from(counted).expect("few")
        };
        let left: Vec<i64> = limits.iter().map(decide).collect();
        for (stamp, count) in [(now, fine), (now - now % 100 + 99, coarse)] {
            let stamp = self.0.last().map_or(stamp, |newest| stamp.max(*newest));
            self.0.extend((0..count).map(|_| stamp));
        }
        let wait = |&limit: &u32| match (limit as usize, self.0.len()) {
            (0, _) => WINDOW,
            (_, 0) => 0,
            (limit, counted) => self.0[counted.saturating_sub(limit)] + WINDOW + 1 - now,
        };
        let waits = limits.iter().map(|limit| i64::try_from(wait(limit)).expect("a minute"));
        left.into_iter().zip(waits).flat_map(<[i64; 2]>::from).collect()
    }
}

/// What the script answers if it is that time.
pub(super) fn at(now: u64) -> Script {
    let run = format!("return decide_all({now}, KEYS, ARGV)");
    Script::new(&format!("{}{}{run}", include_str!("../window.lua"), include_str!("../quota.lua")))
}

fn of_the_minute(limit: u32) -> Limits {
    Limits { minute: Some(limit), further: FurtherLimits::default() }
}

pub(super) fn numbers(answer: Value) -> Vec<i64> {
    redis::from_redis_value(answer).expect("numbers")
}

pub(super) fn connect(redis: &Redis) -> redis::Connection {
    redis::Client::open(redis.url()).expect("a url").get_connection().expect("a connection")
}

#[test]
fn p11_the_script_is_what_a_list_of_every_request_is() {
    let redis = Redis::start();
    let connection = std::cell::RefCell::new(connect(&redis));
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&(1_700_000_000_000..1_700_000_001_000_u64, events()), |(start, events)| {
        case.set(case.get() + 1);
        let key = format!("window-{}", case.get());
        let (mut now, mut model) = (start, Model::default());
        for Event { step, already, limits } in events {
            now = now.saturating_add_signed(step);
            let mut command = at(now).command(&[&key], true);
            command.arg(already).arg(&limits);
            let answer = command.query(&mut *connection.borrow_mut()).expect("an answer");
            prop_assert_eq!(numbers(answer), model.decide(now, already, &limits));
        }
        Ok(())
    });
    checked.expect("no difference");
}

proptest! {
    /// No Redis is needed: that it is what the model is, the test above shows.
    #[test]
    fn p11_who_is_refused_without_asking_would_be_refused(events in events()) {
        let (full, client, start) = (Full::default(), ClientKey::of("acme"), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let (mut now, mut model) = (0_u64, Model::default());
        for Event { step, already, limits } in events {
            now += step.unsigned_abs();
            model.decide(now, already, &[]);
            for limit in limits.into_iter().filter(|limit| *limit > 0) {
                if full.refuses(client, limit, at(now)).is_some() {
                    prop_assert_eq!(model.decide(now, 0, &[limit])[0], -1);
                } else if let [-1, wait] = model.decide(now, 0, &[limit])[..] {
                    full.note(client, limit, at(now + wait.unsigned_abs()), at(now));
                    prop_assert!(full.refuses(client, limit, at(now)).is_some());
                }
            }
        }
    }
}

#[test]
fn a_window_leaves_nothing_behind_and_never_grows_beyond_its_ticks() {
    let redis = Redis::start();
    let mut connection = connect(&redis);
    let mut ask = |now, limit: u32| {
        let answer =
            at(now).command(&["window"], true).arg(0).arg(limit).query(&mut connection).expect("an answer");
        numbers(answer)
    };
    // Half of the requests by a key of the finest limit there is, half by one that has ticks of 100 ms.
    for now in 0..3_000_u64 {
        ask(1_700_000_000_000 + now * 20, if now % 2 == 0 { gate::EXACT_UP_TO } else { 1_000_000 });
    }
    let length: usize = redis.command(&["LLEN", "window"]).parse().expect("a number");
    assert!((600..=2 * 1_604).contains(&length), "{length}");
    assert_eq!(ask(1_700_000_000_000 + 3_000 * 20 + WINDOW + 100, 0), [-1, 60_000]);
    assert_eq!(
        redis.command(&["LLEN", "window"]),
        "2",
        "nothing but the sum that the next would be counted from"
    );
    let left: i64 = redis.command(&["PTTL", "window"]).parse().expect("a number");
    assert!((1..=60_101).contains(&left), "{left}: the key goes when nothing is counted any more");
}

#[test]
fn redis_own_clock_decides_and_its_scripts_may_be_forgotten() {
    let redis = Redis::start();
    let mut connection = connect(&redis);
    let call = Call { limits: vec![of_the_minute(2); 3], ..Call::about(ClientKey::of("acme")) };
    let unknown: Result<Value, _> = call.command("p", false).query(&mut connection);
    assert_eq!(unknown.expect_err("it does not know the script").code(), Some("NOSCRIPT"));
    let answer: Value = call.command("p", true).query(&mut connection).expect("an answer");
    let answers = call.answers(&answer).expect("an answer to this call");
    let verdicts: Vec<Verdict> = answers.into_iter().map(|answer| answer.verdict).collect();
    let quota = |remaining| Quota { limit: 2, remaining, reset_seconds: 61 };
    let over = OverLimit { quota: quota(0), retry_after: 61 };
    let verdict = |is_admitted, minute| Verdict { is_admitted, minute: Some(minute), used: None };
    assert_eq!(
        verdicts,
        [verdict(true, Ok(quota(1))), verdict(true, Ok(quota(0))), verdict(false, Err(over))]
    );
    let again: Value = call.command("p", false).query(&mut connection).expect("an answer");
    assert!(call.answers(&again).expect("an answer").iter().all(|answer| !answer.verdict.is_admitted));
    assert_eq!(redis.command(&["KEYS", "*"]), format!("p:window:{{{}}}", call.client));
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    let call = Call { limits: vec![of_the_minute(5)], ..Call::about(ClientKey::of("acme")) };
    let [left, wait] = [Value::Int(4), Value::Int(9)];
    assert!(call.answers(&Value::Array(vec![left.clone(), wait.clone()])).is_some());
    for wrong in [
        Value::Nil,
        Value::Int(4),
        Value::Array(vec![]),
        Value::Array(vec![left.clone()]),
        Value::Array(vec![left.clone(), Value::Okay]),
        Value::Array(vec![left.clone(), wait.clone(), left, wait]),
    ] {
        assert_eq!(call.answers(&wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_client_is_known_by_what_sha256sum_prints() {
    // printf 'MyApp Production' | sha256sum | cut -c 1-32
    assert_eq!(ClientKey::of("MyApp Production").to_string(), "d7c4261096f98c0bb71bd0b9cff53a17");
    assert_ne!(ClientKey::of("acme"), ClientKey::of("Acme"));
}
