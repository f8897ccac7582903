//! What servers tell each other of a client's day and month: what each knows to be used, and what it has let through alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::{Known, Used};
use redis::Cmd;

use super::script::ClientKey;

/// What Redis is told of one client's quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What this server has heard of, in the day and the month of a moment.
    known: Known,
    /// Admitted here in that day and that month, and not told yet.
    alone: Used,
}

impl Told {
    /// By a server that has admitted so many requests alone.
    pub(super) fn new(known: Known, alone: Used) -> Self {
        Self { known, alone }
    }

    /// Both, at the later of their moments: what was in a day or a month that is over by then is left out.
    pub(super) fn with(self, other: Self) -> Self {
        let (earlier, mut later) =
            if self.known.unix <= other.known.unix { (self, other) } else { (other, self) };
        let Known { unix, used, .. } = &mut later.known;
        if *unix < earlier.known.periods.day.until() {
            used.day = used.day.max(earlier.known.used.day);
            later.alone.day = later.alone.day.saturating_add(earlier.alone.day);
        }
        if *unix < earlier.known.periods.month.until() {
            used.month = used.month.max(earlier.known.used.month);
            later.alone.month = later.alone.month.saturating_add(earlier.alone.month);
        }
        later
    }

    /// The same once it has been heard.
    pub(super) fn heard(self) -> Self {
        Self { alone: Used::default(), ..self }
    }

    /// Whether something was admitted that is to be told.
    pub(super) fn is_news(&self) -> bool {
        self.alone != Used::default()
    }

    /// As the script takes it.
    pub(super) fn add_to(&self, command: &mut Cmd) {
        let Self { known: Known { unix, periods, used, .. }, alone } = self;
        command.arg(unix);
        for (span, used, alone) in
            [(periods.day, used.day, alone.day), (periods.month, used.month, alone.month)]
        {
            command.arg(span.from).arg(span.until()).arg(used).arg(alone);
        }
    }
}

/// One request.
pub(super) const ONE: Used = Used { day: 1, month: 1 };

/// What was admitted here of clients with quotas, and Redis does not know yet. It is kept until it is told, or its month is
/// over.
#[derive(Default)]
pub(super) struct Untold {
    clients: Mutex<HashMap<ClientKey, Told>>,
    /// Whether there may be any: most of the time there is none, which is found out without the lock.
    any: AtomicBool,
}

impl Untold {
    /// Keeps what is to be told of a client.
    pub(super) fn add(&self, client: ClientKey, told: Told) {
        let mut clients = self.lock();
        clients.entry(client).and_modify(|before| *before = before.with(told)).or_insert(told);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Takes out what is to be told of one client.
    pub(super) fn take(&self, client: ClientKey) -> Option<Told> {
        if self.any.load(Ordering::Relaxed) { self.lock().remove(&client) } else { None }
    }

    /// Takes out what is to be told of so many clients.
    pub(super) fn take_some(&self, most: usize) -> Vec<(ClientKey, Told)> {
        if !self.any.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut clients = self.lock();
        let some: Vec<ClientKey> = clients.keys().take(most).copied().collect();
        some.into_iter().filter_map(|client| clients.remove_entry(&client)).collect()
    }

    /// Forgets what is of a month that is over.
    pub(super) fn sweep(&self, unix: i64) {
        let mut clients = self.lock();
        clients.retain(|_, told| unix < told.known.periods.month.until());
        self.any.store(!clients.is_empty(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientKey, Told>> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use gate::{Periods, Span};

    use super::*;

    /// In days of 100 s and months of 300 s.
    fn told(unix: i64, used: u64, alone: u64) -> Told {
        let span = |seconds: u32| Span { from: unix - unix % i64::from(seconds), seconds, offset: 0 };
        let both = |count| Used { day: count, month: count };
        let periods = Periods { day: span(100), month: span(300) };
        Told::new(Known { unix, periods, used: both(used), before: Used::default() }, both(alone))
    }

    #[test]
    fn of_two_moments_the_later_one_counts_and_what_is_over_is_left_out() {
        let (used, alone) = (|told: Told| told.known.used, |told: Told| told.alone);
        for together in [told(20, 7, 1).with(told(99, 5, 2)), told(99, 5, 2).with(told(20, 7, 1))] {
            assert_eq!(
                (together.known.unix, used(together), alone(together)),
                (99, used(told(0, 7, 0)), alone(told(0, 0, 3)))
            );
        }
        let next_day = told(100, 5, 2).with(told(99, 7, 1));
        assert_eq!((used(next_day), alone(next_day)), (Used { day: 5, month: 7 }, Used { day: 2, month: 3 }));
        let next_month = told(299, 7, 1).with(told(300, 5, 2));
        assert_eq!(next_month, told(300, 5, 2));
    }

    #[test]
    fn what_is_to_be_told_is_kept_until_it_is_taken_or_its_month_is_over() {
        let (untold, acme, other) = (Untold::default(), ClientKey::of("acme"), ClientKey::of("other"));
        assert_eq!((untold.take(acme), untold.take_some(9)), (None, vec![]));
        (0..3).for_each(|second| untold.add(acme, told(second, 0, 1)));
        untold.add(other, told(5, 0, 1));
        untold.sweep(299);
        assert_eq!(untold.take(acme), Some(told(2, 0, 3)));
        assert_eq!((untold.take(acme), untold.take_some(9)), (None, vec![(other, told(5, 0, 1))]));
        untold.add(other, told(5, 0, 1));
        untold.sweep(300);
        assert_eq!(untold.take(other), None);
    }
}
