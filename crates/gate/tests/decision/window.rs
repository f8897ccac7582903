//! The window against the naive model, over histories of requests, refreshes and sweeps.

use gate::{EXACT_UP_TO, Gate, Quota, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::model::Model;
use crate::support::{ask, at_micros, retry_after, row};

const WINDOW: u64 = 60_000_000;
/// What a coarse window may hold a request back longer.
const LATE: u64 = 100_000;
const KEYS: [&str; 3] = ["key-a", "key-b", "key-c"];

type Limits = [Option<u32>; KEYS.len()];

#[derive(Clone, Debug)]
enum Event {
    /// Microseconds go by.
    Advance(u64),
    /// A key of the client asks this many times at one instant.
    Ask {
        key: usize,
        times: u32,
    },
    /// The sheet is read again, with these limits.
    Refresh(Limits),
    /// The client's rows are not in the sheet.
    Vanish,
    Sweep,
    /// A revoked key of the same client asks.
    AskInVain,
}

/// A gate, and beside it the model of what it ought to do.
struct History {
    gate: Gate,
    model: Model,
    limits: Option<Limits>,
    now: u64,
    /// Whether the window is a coarse one, which it stays while the client has no rows.
    coarse: bool,
    /// When the window last was a coarse one; what it counts may be held back longer until a window later.
    coarse_at: Option<u64>,
}

impl History {
    fn new(limits: Limits, start: u64) -> Self {
        let mut history = Self {
            gate: Gate::shut(),
            model: Model::default(),
            limits: None,
            now: start,
            coarse: false,
            coarse_at: None,
        };
        history.refresh(Some(limits));
        history
    }

    fn happen(&mut self, event: &Event) -> TestCaseResult {
        match *event {
            Event::Advance(micros) => self.now += micros,
            Event::Ask { key, times } => return (0..times).try_for_each(|_| self.ask(key)),
            Event::Refresh(limits) => self.refresh(Some(limits)),
            Event::Vanish => self.refresh(None),
            Event::Sweep => self.gate.sweep(at_micros(self.now)),
            Event::AskInVain => prop_assert!(ask(&self.gate, "revoked", at_micros(self.now)).is_err()),
        }
        Ok(())
    }

    fn refresh(&mut self, limits: Option<Limits>) {
        self.note_coarseness();
        if let Some(limits) = limits {
            self.coarse = limits.iter().any(|limit| limit.is_none_or(|limit| limit > EXACT_UP_TO));
        }
        let keys = limits.into_iter().flat_map(|limits| KEYS.into_iter().zip(limits));
        let mut records: Vec<_> = keys.map(|(key, limit)| Record { limit, ..row(key, "acme") }).collect();
        if limits.is_some() {
            records.push(Record { revoked_at: Some(0), limit: Some(1), ..row("revoked", "acme") });
        }
        self.gate.replace(records, i64::MAX);
        self.limits = limits;
    }

    fn note_coarseness(&mut self) {
        if self.coarse {
            self.coarse_at = Some(self.now);
        }
    }

    fn ask(&mut self, key: usize) -> TestCaseResult {
        self.note_coarseness();
        let Some(limits) = self.limits else {
            prop_assert!(ask(&self.gate, KEYS[key], at_micros(self.now)).is_err());
            return Ok(());
        };
        let verdict = ask(&self.gate, KEYS[key], at_micros(self.now));
        let quota = match &verdict {
            Ok(permit) => permit.quotas().minute,
            Err(refusal) => refusal.quotas().minute,
        };
        prop_assert_eq!(quota.map(|quota| quota.limit), limits[key]);
        if let Some(limit) = limits[key] {
            self.check_verdict(limit, verdict.is_ok())?;
        }
        if verdict.is_ok() {
            self.model.record(self.now);
        } else if let (Err(refusal), Some(quota)) = (&verdict, quota) {
            prop_assert_eq!(retry_after(refusal), quota.reset_seconds);
        }
        quota.map_or(Ok(()), |quota| self.check_quota(quota))
    }

    fn check_verdict(&self, limit: u32, admitted: bool) -> TestCaseResult {
        let limit = limit as usize;
        let counted = self.model.last(WINDOW, self.now).len();
        if admitted {
            prop_assert!(counted < limit, "admitted with {counted} in the last 60 s");
        } else if self.is_exact() {
            let counted = self.model.last_by_millis(WINDOW, self.now).len();
            prop_assert!(counted >= limit, "refused with {counted} in the last 60.000 s");
        } else {
            let counted = self.model.last(WINDOW + LATE, self.now).len();
            prop_assert!(counted >= limit, "refused with {counted} in the last 60.1 s");
        }
        Ok(())
    }

    fn check_quota(&self, quota: Quota) -> TestCaseResult {
        let left = |counted: &[u64]| quota.limit.saturating_sub(u32::try_from(counted.len()).unwrap());
        if !self.is_exact() {
            let most = left(self.model.last(WINDOW, self.now));
            let least = left(self.model.last(WINDOW + LATE, self.now));
            prop_assert!((least..=most).contains(&quota.remaining), "{quota:?}: {least} to {most} are left");
            return Ok(());
        }
        let counted = self.model.last_by_millis(WINDOW, self.now);
        prop_assert_eq!(quota.remaining, left(counted));
        prop_assert_eq!(u64::from(quota.reset_seconds), self.reset(quota.limit as usize, counted));
        Ok(())
    }

    /// Whole seconds until one more is left: until as many of the oldest are gone as stand in the way.
    fn reset(&self, limit: usize, counted: &[u64]) -> u64 {
        match (limit, counted) {
            (0, _) => 60,
            (_, []) => 0,
            _ => {
                let last_to_go = counted[counted.len().saturating_sub(limit)];
                ((last_to_go + WINDOW) / 1_000 + 1 - self.now / 1_000).div_ceil(1_000)
            }
        }
    }

    fn is_exact(&self) -> bool {
        self.coarse_at.is_none_or(|coarse_at| coarse_at + WINDOW + LATE < self.now)
    }
}

fn events(times: BoxedStrategy<u32>, limit: BoxedStrategy<Option<u32>>) -> BoxedStrategy<Event> {
    prop_oneof![
        4 => advance().prop_map(Event::Advance),
        6 => (0..KEYS.len(), times).prop_map(|(key, times)| Event::Ask { key, times }),
        1 => limits(limit).prop_map(Event::Refresh),
        1 => Just(Event::Sweep),
        1 => Just(Event::AskInVain),
        1 => Just(Event::Vanish),
    ]
    .boxed()
}

/// Mostly small steps, and whole windows to the microsecond.
fn advance() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..3_000_u64,
        0..2 * LATE,
        0..30_000_000_u64,
        WINDOW - 2_000..WINDOW + 2_000,
        WINDOW - LATE..WINDOW + 2 * LATE,
        0..4 * WINDOW,
        around_a_turn(),
    ]
}

/// When ticks of a millisecond, or of 100, have used up 32 bits: a run keeps no more of its tick.
fn around_a_turn() -> impl Strategy<Value = u64> {
    let turn = prop_oneof![Just(1_000 << 32), Just(100_000 << 32)];
    (turn, 0..4 * WINDOW).prop_map(|(turn, more): (u64, u64)| turn - 2 * WINDOW + more)
}

fn start() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_000_000_u64, around_a_turn()]
}

fn limits(limit: BoxedStrategy<Option<u32>>) -> impl Strategy<Value = Limits> {
    [limit.clone(), limit.clone(), limit]
}

fn small_limit() -> BoxedStrategy<Option<u32>> {
    prop_oneof![(0..6_u32).prop_map(Some), Just(Some(EXACT_UP_TO))].boxed()
}

/// On both sides of the exact and the coarse.
fn any_limit() -> BoxedStrategy<Option<u32>> {
    let large = prop_oneof![EXACT_UP_TO - 2..EXACT_UP_TO + 3, Just(1_500), Just(u32::MAX)];
    prop_oneof![Just(None), (0..6_u32).prop_map(Some), large.prop_map(Some)].boxed()
}

fn run(limits: Limits, start: u64, events: &[Event]) -> TestCaseResult {
    let mut history = History::new(limits, start);
    events.iter().try_for_each(|event| history.happen(event))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn p11_small_limits_are_exact_to_the_millisecond(
        limits in limits(small_limit()),
        start in start(),
        events in vec(events((1..4_u32).boxed(), small_limit()), 1..80),
    ) {
        run(limits, start, &events)?;
    }

    #[test]
    fn p11_p14_any_limits_never_admit_more_and_hold_back_100_ms_at_most(
        limits in limits(any_limit()),
        start in start(),
        events in vec(events(prop_oneof![9 => 1..4_u32, 1 => 400..700_u32].boxed(), any_limit()), 1..60),
    ) {
        run(limits, start, &events)?;
    }

    #[test]
    fn p13_the_wait_is_as_long_as_it_says_and_no_second_longer(
        limit in prop_oneof![1..4_u32, EXACT_UP_TO - 1..EXACT_UP_TO + 2],
        start in start(),
        gaps in vec(0..40_000_000_u64, 0..6),
    ) {
        let mut history = History::new([Some(limit), None, Some(0)].map(|other| other.or(Some(limit))), start);
        for (gap, part) in gaps.iter().zip(1..) {
            history.now += gap;
            (0..limit / part).try_for_each(|_| history.ask(0))?;
        }
        let refusal = loop {
            match ask(&history.gate, KEYS[1], at_micros(history.now)) {
                Ok(_) => {}
                Err(refusal) => break refusal,
            }
        };
        let wait = u64::from(retry_after(&refusal)) * 1_000_000;
        prop_assert!(ask(&history.gate, KEYS[0], at_micros(history.now + wait - 1_000_000)).is_err());
        prop_assert!(ask(&history.gate, KEYS[0], at_micros(history.now + wait)).is_ok());
    }
}
