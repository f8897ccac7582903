//! Whose recording is made next: clients take turns, however many recordings each of them has waiting.

use std::collections::VecDeque;

use uuid::Uuid;

use super::recording::AudioError;

/// What may wait, of all owners together. Each takes a few kilobytes.
const MOST_WAITING: usize = 10_000;

/// What waits and what is being made, by its owner. Knows nothing of what it is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Made at once.
    places: usize,
    /// Those who have something waiting or in the making, in the order in which they came.
    owners: Vec<Owner>,
    /// Turns that were given.
    turns: u64,
}

#[derive(Debug)]
struct Owner {
    name: String,
    /// In the order in which they came.
    waiting: VecDeque<Uuid>,
    making: usize,
    /// The number of the last turn; 0 for none.
    last_turn: u64,
}

impl Queue {
    /// Nothing waits. `places` is how many are made at once.
    pub(super) fn new(places: usize) -> Self {
        Self { places, ..Self::default() }
    }

    /// How many of an owner's wait.
    pub(super) fn waiting_of(&self, owner: &str) -> usize {
        self.owners.iter().find(|known| known.name == owner).map_or(0, |known| known.waiting.len())
    }

    /// Whether one more of an owner's may wait, of which `most` may: always where it would not wait at all.
    pub(super) fn has_room(&self, owner: &str, most: usize) -> bool {
        self.is_free() || self.waiting_of(owner) < most && self.waiting() < MOST_WAITING
    }

    /// What an owner is told that has no [room](Self::has_room): one of those in the making is likely to be done when the time of
    /// one, shared among them, has passed. `last_took` is how long the last one took, in milliseconds.
    pub(super) fn full(&self, owner: &str, last_took: u64) -> AudioError {
        let share = last_took.div_ceil(1_000 * self.places.max(1) as u64);
        AudioError::QueueFull { waiting: self.waiting_of(owner), retry_after_seconds: share.clamp(1, 120) }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.owners.iter().map(|owner| owner.waiting.len()).sum()
    }

    /// How many are being made.
    pub(super) fn making(&self) -> usize {
        self.owners.iter().map(|owner| owner.making).sum()
    }

    /// Whether one more would be made at once.
    pub(super) fn is_free(&self) -> bool {
        self.making() < self.places && self.waiting() == 0
    }

    /// Has one wait.
    pub(super) fn push(&mut self, owner: &str, job: Uuid) {
        match self.owners.iter_mut().find(|known| known.name == owner) {
            Some(known) => known.waiting.push_back(job),
            None => self.owners.push(Owner {
                name: owner.to_owned(),
                waiting: VecDeque::from([job]),
                making: 0,
                last_turn: 0,
            }),
        }
    }

    /// The next one to be made, if there is a place for it: of those who have the fewest in the making, whoever has had no
    /// turn for longest.
    pub(super) fn next(&mut self) -> Option<Uuid> {
        if self.making() >= self.places {
            return None;
        }
        let waits = self.owners.iter_mut().filter(|owner| !owner.waiting.is_empty());
        let owner = waits.min_by_key(|owner| (owner.making, owner.last_turn))?;
        self.turns += 1;
        owner.last_turn = self.turns;
        owner.making += 1;
        owner.waiting.pop_front()
    }

    /// One that was being made is not any more.
    pub(super) fn done(&mut self, owner: &str) {
        if let Some(known) = self.owners.iter_mut().find(|known| known.name == owner) {
            known.making = known.making.saturating_sub(1);
        }
        self.forget_idle();
    }

    /// Takes one out that waits; whether it did.
    pub(super) fn remove(&mut self, owner: &str, job: Uuid) -> bool {
        let Some(known) = self.owners.iter_mut().find(|known| known.name == owner) else { return false };
        let before = known.waiting.len();
        known.waiting.retain(|waiting| *waiting != job);
        let removed = known.waiting.len() < before;
        self.forget_idle();
        removed
    }

    fn forget_idle(&mut self) {
        self.owners.retain(|owner| owner.making > 0 || !owner.waiting.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn clients_take_turns() {
        let mut queue = Queue::new(1);
        (1..=3).for_each(|number| queue.push("many", id(number)));
        queue.push("one", id(10));
        queue.push("two", id(20));
        let mut made = Vec::new();
        while let Some(job) = queue.next() {
            made.push(job.as_u128());
            assert_eq!(queue.next(), None, "there is one place");
            queue.done(match job.as_u128() {
                10 => "one",
                20 => "two",
                _ => "many",
            });
        }
        assert_eq!(made, [1, 10, 20, 2, 3]);
    }

    #[test]
    fn who_has_just_had_a_turn_waits_for_those_who_came_later() {
        let mut queue = Queue::new(1);
        queue.push("many", id(1));
        assert_eq!(queue.next(), Some(id(1)));
        queue.push("many", id(2));
        queue.push("one", id(10));
        queue.done("many");
        assert_eq!(queue.next(), Some(id(10)));
    }

    #[test]
    fn who_has_nothing_in_the_making_comes_first() {
        let mut queue = Queue::new(2);
        (1..=3).for_each(|number| queue.push("many", id(number)));
        assert_eq!((queue.next(), queue.next()), (Some(id(1)), Some(id(2))));
        queue.push("one", id(10));
        queue.done("many");
        assert_eq!(queue.next(), Some(id(10)));
        queue.done("many");
        assert_eq!((queue.next(), queue.next()), (Some(id(3)), None));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push(u8),
        Next,
        Done(usize),
        Remove(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..4_u8).prop_map(Step::Push),
            Just(Step::Next),
            any::<usize>().prop_map(Step::Done),
            any::<usize>().prop_map(Step::Remove),
        ]
    }

    proptest! {
        /// Against a list of all: nothing is lost or made twice, an owner's come in their order, places hold, and no owner
        /// who has fewer in the making is passed over.
        #[test]
        fn nothing_is_lost_and_nobody_is_passed_over(places in 1..4_usize, steps in prop::collection::vec(step(), 0..80)) {
            let mut queue = Queue::new(places);
            let (mut waiting, mut making) = (Vec::<(String, Uuid)>::new(), Vec::<(String, Uuid)>::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(owner) => {
                        let job = (owner.to_string(), id(number as u128));
                        queue.push(&job.0, job.1);
                        waiting.push(job);
                    }
                    Step::Next => {
                        let next = queue.next();
                        prop_assert_eq!(next.is_some(), making.len() < places && !waiting.is_empty());
                        let Some(next) = next else { continue };
                        let at = waiting.iter().position(|(_, job)| *job == next).expect("it waited");
                        let chosen = waiting.remove(at);
                        prop_assert!(waiting[..at].iter().all(|(owner, _)| *owner != chosen.0));
                        let of = |owner: &str| making.iter().filter(|(other, _)| other == owner).count();
                        prop_assert!(waiting.iter().all(|(owner, _)| of(owner) >= of(&chosen.0)));
                        making.push(chosen);
                    }
                    Step::Done(which) if !making.is_empty() => {
                        let done = making.remove(which % making.len());
                        queue.done(&done.0);
                    }
                    Step::Remove(which) if !waiting.is_empty() => {
                        let (owner, job) = waiting.remove(which % waiting.len());
                        prop_assert!(queue.remove(&owner, job) && !queue.remove(&owner, job));
                    }
                    Step::Done(_) | Step::Remove(_) => {}
                }
                prop_assert_eq!((queue.waiting(), queue.making()), (waiting.len(), making.len()));
            }
        }
    }
}
