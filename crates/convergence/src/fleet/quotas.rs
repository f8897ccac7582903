//! What servers tell each other of a client's day and month: what each knows to be used, and what it has let through alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::{Known, Used};

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
    pub(super) fn numbers(&self) -> [String; 9] {
        let Self { known: Known { unix, periods: gate::Periods { day, month }, used, .. }, alone } = self;
        let of = |span: &gate::Span, used: u64, alone: u64| {
            [span.from.to_string(), span.until().to_string(), used.to_string(), alone.to_string()]
        };
        let ([a, b, c, d], [e, f, g, h]) = (of(day, used.day, alone.day), of(month, used.month, alone.month));
        [unix.to_string(), a, b, c, d, e, f, g, h]
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
