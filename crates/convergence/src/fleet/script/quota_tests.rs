//! The quotas' part of the script against a model that keeps every request, on a real Redis: random limits, days and months
//! that end, servers whose clocks differ, counts that are told afterwards, and a Redis that forgets.

use std::cell::{Cell, RefCell};

use gate::{Known, Periods, Span};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use testkit::Redis;

use super::tests::{at, connect, numbers};
use super::*;

/// The periods of this model: of a calendar in which they end often. A month is three days.
const DAY: i64 = 1_000;
const MONTH: i64 = 3 * DAY;

/// By how much a server's clock may be ahead.
const AHEAD: i64 = 60;

/// One run of the script, so many seconds after the last one.
#[derive(Clone, Debug)]
struct Event {
    step: i64,
    /// By how much the clock of who asks is ahead, in seconds.
    skew: i64,
    known: Used,
    alone: Used,
    requests: Vec<[Option<u64>; 3]>,
    /// Before it, Redis loses all it has.
    forgets: bool,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![6 => 0..4_i64, 2 => 50..400_i64, 1 => 900..1_100_i64, 1 => 2_900..7_000_i64];
    let skew = prop_oneof![6 => Just(0_i64), 3 => -3..4_i64, 1 => -1_500..1_500_i64];
    let used = || {
        let count = prop_oneof![3 => Just(0_u64), 1 => 1..9_u64];
        (count.clone(), count).prop_map(|(day, month)| Used { day, month })
    };
    let limit = |most: u64| proptest::option::of(0..most);
    let request = (limit(12), limit(6), limit(14)).prop_map(<[Option<u64>; 3]>::from);
    let forgets = prop_oneof![19 => Just(false), 1 => Just(true)];
    let event = (step, skew, used(), used(), proptest::collection::vec(request, 0..4), forgets);
    let event = event.prop_map(|(step, skew, known, alone, requests, forgets)| Event {
        step,
        skew,
        known,
        alone,
        requests,
        forgets,
    });
    proptest::collection::vec(event, 1..40)
}

fn periods(unix: i64) -> Periods {
    let span = |length: i64| Span {
        from: unix - unix.rem_euclid(length),
        seconds: u32::try_from(length).expect("short"),
        offset: 0,
    };
    Periods { day: span(DAY), month: span(MONTH) }
}

/// Every request there was, by the second in which it counts: those of the minute, and those of the quotas.
#[derive(Default)]
struct Model {
    minute: Vec<i64>,
    day: Vec<i64>,
    month: Vec<i64>,
    /// The latest second that anybody has asked at.
    latest: Option<i64>,
}

impl Model {
    fn used(&self) -> Used {
        let Periods { day, month } = periods(self.latest.expect("somebody has asked"));
        let since = |all: &[i64], from: i64| all.iter().filter(|second| **second >= from).count() as u64;
        Used { day: since(&self.day, day.from), month: since(&self.month, month.from) }
    }

    fn count(&mut self, more: Used) {
        let latest = self.latest.expect("somebody has asked");
        self.day.extend((0..more.day).map(|_| latest));
        self.month.extend((0..more.month).map(|_| latest));
    }

    /// Which of the requests are let in, and what is used then.
    fn decide(&mut self, now: i64, event: &Event) -> (Vec<bool>, Used) {
        let Event { skew, known, alone, requests, .. } = event;
        self.minute.retain(|second| second + 60 >= now);
        let unix = now + skew;
        let believed = unix <= now + AHEAD;
        let latest = if believed { unix } else { now };
        self.latest = match self.latest {
            Some(before) if !believed => Some(before),
            Some(before) => Some(before.max(latest)),
            None => Some(latest),
        };
        let Periods { day, month } = periods(self.latest.expect("just now"));
        let told = periods(unix);
        // Of a day that is the present one by whoever tells of it; what was admitted alone by a clock that is ahead was
        // admitted now.
        let [of_day, of_month] = [told.day.from == day.from, told.month.from == month.from];
        let if_so = |is_so: bool, count: u64| if is_so { count } else { 0 };
        let used = self.used();
        self.count(Used {
            day: if_so(believed && of_day, known.day.saturating_sub(used.day)),
            month: if_so(believed && of_month, known.month.saturating_sub(used.month)),
        });
        self.count(Used {
            day: if_so(of_day || !believed, alone.day),
            month: if_so(of_month || !believed, alone.month),
        });
        let admit = |[minute, day, month]: &[Option<u64>; 3]| {
            let used = self.used();
            let has_room = |limit: &Option<u64>, used: u64| limit.is_none_or(|limit| used < limit);
            let is_admitted = has_room(minute, self.minute.len() as u64)
                && has_room(day, used.day)
                && has_room(month, used.month);
            if is_admitted {
                self.minute.push(now);
                self.count(Used { day: 1, month: 1 });
            }
            is_admitted
        };
        let admitted = requests.iter().map(admit).collect();
        (admitted, if believed { self.used() } else { Used::default() })
    }
}

/// The same call to the script, with the window in whole seconds as the model has it.
fn call(unix: i64, event: &Event) -> Call {
    let known = Known { unix, periods: periods(unix), used: event.known, before: Used::default() };
    let limits = event.requests.iter().map(|[minute, day, month]| Limits {
        minute: minute.map(|limit| u32::try_from(limit).expect("small")),
        further: FurtherLimits { day: *day, month: *month, ..FurtherLimits::default() },
    });
    Call {
        quotas: Some(Told::new(known, event.alone)),
        limits: limits.collect(),
        ..Call::about(ClientKey::of("acme"))
    }
}

#[test]
fn p11_quotas_are_what_a_list_of_every_request_is() {
    let redis = Redis::start();
    let connection = RefCell::new(connect(&redis));
    let case = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&(1_700_000_000..1_700_003_000_i64, events()), |(start, events)| {
        case.set(case.get() + 1);
        let keys = [format!("window-{}", case.get()), format!("quota-{}", case.get())];
        let keys = [keys[0].as_str(), keys[1].as_str()];
        let (mut now, mut model) = (start, Model::default());
        for event in events {
            now += event.step;
            let mut connection = connection.borrow_mut();
            if event.forgets {
                model = Model::default();
                let _: () = redis::cmd("DEL").arg(&keys).query(&mut connection).expect("an answer");
            }
            let call = call(now + event.skew, &event);
            let mut command = at(u64::try_from(now).expect("after 1970") * 1_000).command(&keys, true);
            call.add_arguments(&mut command);
            let answer: Value = command.query(&mut connection).expect("an answer");
            let answers = call.answers(&answer).expect("an answer to this call");
            let (admitted, used) = model.decide(now, &event);
            let said: Vec<bool> = answers.iter().map(|answer| answer.verdict.is_admitted).collect();
            prop_assert_eq!(&said, &admitted, "{:?}", event);
            prop_assert!(
                answers.iter().all(|answer| answer.verdict.used == Some(used)),
                "{:?} {:?}",
                used,
                answers
            );
            let tail = numbers(answer);
            let sums = [used.day, used.month].map(|sum| i64::try_from(sum).expect("small"));
            prop_assert_eq!(&tail[tail.len() - 2..], &sums);
        }
        Ok(())
    });
    checked.expect("no difference");
}
