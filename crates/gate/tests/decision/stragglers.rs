//! Threads that read the clock and come late to the window, while a sweep or another key has been there.

use gate::Record;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{ask, at_micros, gate_of, limited};

const WINDOW: u64 = 60_000_000;

#[derive(Clone, Debug)]
enum Event {
    Advance(u64),
    /// A request whose thread read the clock this many microseconds ago.
    Ask(u64),
    /// A revoked key of the same client: its refusal shows what is left, so it looks into the window.
    AskInVain,
    Sweep,
    Refresh,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..2_000_u64).prop_map(Event::Advance),
        3 => (WINDOW - 2_000..WINDOW + 2_000).prop_map(Event::Advance),
        4 => (0..3_000_u64).prop_map(Event::Ask),
        2 => Just(Event::AskInVain),
        1 => Just(Event::Sweep),
        1 => Just(Event::Refresh),
    ]
}

/// What the window should go by: a request that comes late counts as the latest one before it.
#[derive(Default)]
struct Order {
    latest: u64,
    /// The instants that admitted requests count as.
    admitted: Vec<u64>,
}

impl Order {
    fn admit(&mut self, instant: u64) {
        self.latest = self.latest.max(instant);
        self.admitted.push(self.latest);
    }

    /// A request was refused. While there is a window it remembers that; after two minutes it may be gone.
    fn refuse(&mut self, instant: u64) {
        if self.admitted.last().is_some_and(|last| instant <= last + 2 * WINDOW) {
            self.latest = self.latest.max(instant);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn p11_a_late_thread_gets_no_request_more(limit in 1..3_u32, large: bool, events in vec(event(), 1..60)) {
        let other = limited("other", "acme", if large { u32::MAX } else { limit });
        let revoked = Record { revoked_at: Some(0), ..limited("revoked", "acme", 5) };
        let rows = vec![limited("key", "acme", limit), other, revoked];
        let gate = gate_of(rows.clone());
        let (mut now, mut order) = (WINDOW, Order::default());
        for event in events {
            match event {
                Event::Advance(micros) => now += micros,
                Event::Ask(ago) if ask(&gate, "key", at_micros(now - ago)).is_ok() => order.admit(now - ago),
                Event::Ask(ago) => order.refuse(now - ago),
                Event::AskInVain => {
                    prop_assert!(ask(&gate, "revoked", at_micros(now)).is_err());
                    order.refuse(now);
                }
                Event::Sweep => gate.sweep(at_micros(now)),
                Event::Refresh => gate.replace(rows.clone(), i64::MAX),
            }
        }
        let limit = limit as usize;
        for (first, after_limit) in order.admitted.iter().zip(order.admitted.iter().skip(limit)) {
            prop_assert!(after_limit - first > WINDOW, "{} requests in {} us", limit + 1, after_limit - first);
        }
    }
}

/// Found by the property above: a look into the window had dropped what would still have counted for the late thread,
/// and that thread's request was recorded at its own, earlier moment.
#[test]
fn p11_a_late_request_counts_as_the_latest_look_into_the_window() {
    let revoked = Record { revoked_at: Some(0), ..limited("revoked", "acme", 5) };
    let gate = gate_of(vec![limited("key", "acme", 1), revoked]);
    let looked = WINDOW + WINDOW + 1_000;
    assert!(ask(&gate, "key", at_micros(WINDOW)).is_ok());
    assert!(ask(&gate, "revoked", at_micros(looked)).is_err());
    assert!(ask(&gate, "key", at_micros(looked - 1_500)).is_ok());
    assert!(ask(&gate, "key", at_micros(looked + WINDOW)).is_err(), "not more than 60 s after it counts");
    assert!(ask(&gate, "key", at_micros(looked + WINDOW + 1_000)).is_ok());
}
