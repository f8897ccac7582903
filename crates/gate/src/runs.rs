//! How many requests came in which tick of a clock, for the ticks that had any, oldest first. Packed, since there may be a
//! million clients with a window of them each: most take two bytes. Knows no window, and not how long a tick is.

use std::collections::VecDeque;
use std::iter;

/// Runs of requests, each within one tick. All lie within 2^32 ticks of each other.
#[derive(Default)]
pub(crate) struct Runs {
    /// All but the newest: for each the ticks since the one before it, and its requests, as LEB128.
    packed: VecDeque<u8>,
    /// The newest run's tick.
    newest: u64,
    /// Its requests; 0 where there are no runs.
    open: u32,
    /// The ticks between it and the run before it; 0 where there is none.
    gap: u32,
    /// The ticks between it and the one from which the oldest run is counted.
    back: u32,
    /// The sum of all requests. 70 million a second would be too many.
    total: u32,
}

impl Runs {
    /// The sum of all requests.
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    /// Adds requests of a tick, which is the newest run's or after it.
    pub(crate) fn add(&mut self, tick: u64, count: u32) {
        self.total = self.total.saturating_add(count);
        if self.open > 0 && tick == self.newest {
            self.open = self.open.saturating_add(count);
            return;
        }
        if self.open > 0 {
            push(&mut self.packed, self.gap);
            push(&mut self.packed, self.open);
            self.gap = ticks(tick - self.newest);
            self.back += self.gap;
        }
        (self.newest, self.open) = (tick, count);
    }

    /// Forgets the runs before this tick.
    pub(crate) fn forget_before(&mut self, tick: u64) {
        if self.newest < tick {
            self.packed.clear();
            (self.open, self.gap, self.back, self.total) = (0, 0, 0, 0);
            return;
        }
        while let Some((gap, count, length)) = self.oldest_packed()
            && self.newest - u64::from(self.back - gap) < tick
        {
            self.packed.drain(..length);
            self.back -= gap;
            self.total -= count;
        }
    }

    /// Each run's tick and requests, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        let mut bytes = self.packed.iter().copied();
        let mut tick = self.newest - u64::from(self.back);
        let packed = iter::from_fn(move || {
            tick += u64::from(take(&mut bytes)?.0);
            Some((tick, take(&mut bytes)?.0))
        });
        packed.chain((self.open > 0).then_some((self.newest, self.open)))
    }

    /// The oldest run but the newest: its gap, its requests and the bytes that they take.
    fn oldest_packed(&self) -> Option<(u32, u32, usize)> {
        let mut bytes = self.packed.iter().copied();
        let (gap, first) = take(&mut bytes)?;
        let (count, second) = take(&mut bytes)?;
        Some((gap, count, first + second))
    }
}

/// Seven bits to a byte, the lowest first; all bytes but the last have the eighth set.
fn push(packed: &mut VecDeque<u8>, mut number: u32) {
    while number >= 0x80 {
        packed.push_back(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    packed.push_back(number.to_le_bytes()[0]);
}

/// A number, and how many bytes it takes.
fn take(bytes: &mut impl Iterator<Item = u8>) -> Option<(u32, usize)> {
    let (mut number, mut length) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u32::from(byte & 0x7f) << (7 * length);
        length += 1;
        if byte < 0x80 {
            return Some((number, length));
        }
    }
}

fn ticks(gap: u64) -> u32 {
    u32::try_from(gap).expect("a window is far shorter than 2^32 ticks, and what is older was forgotten")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn they_are_small() {
        assert_eq!(size_of::<Runs>(), 56);
        let mut runs = Runs::default();
        (0..100).for_each(|number| runs.add(number * 127, 127));
        assert_eq!(runs.packed.len(), 2 * 99);
    }

    /// What is done to them; the ticks are steps forward.
    #[derive(Clone, Debug)]
    enum Event {
        Add(u64, u32),
        ForgetBefore(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let step = || prop_oneof![0..3_u64, 100..200_u64, 16_000..17_000_u64, 0..3_000_000_u64];
        let count = prop_oneof![1..3_u32, 126..130_u32, 16_000..17_000_u32, 1..3_000_000_u32];
        prop_oneof![3 => (step(), count).prop_map(|(step, count)| Event::Add(step, count)), 1 => step().prop_map(Event::ForgetBefore)]
    }

    proptest! {
        #[test]
        fn they_are_what_a_list_of_them_is(start in 0..u64::MAX / 2, events in proptest::collection::vec(event(), 0..60)) {
            let (mut runs, mut list, mut now) = (Runs::default(), Vec::<(u64, u32)>::new(), start);
            for event in events {
                match event {
                    Event::Add(step, count) => {
                        now += step;
                        runs.add(now, count);
                        match list.last_mut() {
                            Some((tick, sum)) if *tick == now => *sum += count,
                            _ => list.push((now, count)),
                        }
                    }
                    Event::ForgetBefore(age) => {
                        let tick = now.saturating_sub(age);
                        runs.forget_before(tick);
                        list.retain(|(of, _)| *of >= tick);
                    }
                }
                prop_assert_eq!(runs.iter().collect::<Vec<_>>(), list.clone());
                prop_assert_eq!(runs.total(), list.iter().map(|(_, count)| count).sum::<u32>());
            }
            runs.forget_before(now + 1);
            prop_assert_eq!((runs.iter().count(), runs.total()), (0, 0));
        }
    }
}
