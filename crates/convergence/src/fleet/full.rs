//! Clients whose shared window has no room for a while, by Redis' own word: until then whoever asks again is refused without
//! asking it. Nothing makes room before its time, so that no request is refused that Redis would let in; and a client that
//! does not stop asking costs Redis nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::{OverLimit, Quota};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::script::ClientKey;

/// As many clients as are remembered. Those beyond are asked for, as before.
const MOST: usize = 50_000;

#[derive(Default)]
pub(super) struct Full {
    clients: Mutex<HashMap<ClientKey, SmallVec<[Until; 1]>>>,
    /// Whether there may be any: most of the time there is none, which is found out without the lock.
    any: AtomicBool,
}

/// No key whose limit is no larger has room before then.
#[derive(Clone, Copy)]
struct Until {
    limit: u32,
    until: Instant,
}

impl Full {
    /// Redis has refused a request with this limit, asked at the earliest at `until` less what there was to wait.
    pub(super) fn note(&self, client: ClientKey, limit: u32, until: Instant, now: Instant) {
        let mut clients = self.lock();
        if clients.len() >= MOST {
            clients.retain(|_, all| all.iter().any(|one| one.until > now));
            if clients.len() >= MOST {
                return;
            }
        }
        let all = clients.entry(client).or_default();
        // What the new one says better, or is over.
        all.retain(|old| old.until > now && (old.limit > limit || old.until > until));
        all.push(Until { limit, until });
        self.any.store(true, Ordering::Relaxed);
    }

    /// The refusal of a request with this limit, if it is known.
    pub(super) fn refuses(&self, client: ClientKey, limit: u32, now: Instant) -> Option<OverLimit> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let clients = self.lock();
        let known = clients.get(&client)?.iter().filter(|one| one.limit >= limit && one.until > now);
        let wait = known.map(|one| one.until).max()? - now;
        let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        let quota = Quota { limit, remaining: 0, reset_seconds: seconds };
        Some(OverLimit { quota, retry_after: seconds.max(1) })
    }

    /// Forgets what is over.
    pub(super) fn sweep(&self, now: Instant) {
        let mut clients = self.lock();
        clients.retain(|_, all| all.iter().any(|one| one.until > now));
        self.any.store(!clients.is_empty(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientKey, SmallVec<[Until; 1]>>> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refusal_holds_for_limits_that_are_no_larger_until_there_is_room() {
        let (full, client, start) = (Full::default(), ClientKey::of("acme"), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(full.refuses(client, 1, start), None);
        full.note(client, 100, at(1_500), start);
        full.note(client, 7, at(60_000), start);
        let seconds = |limit, now| full.refuses(client, limit, at(now)).map(|over| over.retry_after);
        assert_eq!((seconds(100, 0), seconds(99, 501), seconds(101, 0)), (Some(2), Some(1), None));
        assert_eq!((seconds(7, 0), seconds(8, 0)), (Some(60), Some(2)));
        assert_eq!((seconds(100, 1_500), seconds(7, 1_500)), (None, Some(59)));
        assert_eq!(full.refuses(ClientKey::of("other"), 1, start), None);
        full.sweep(at(60_000));
        assert!(full.lock().is_empty() && !full.any.load(Ordering::Relaxed));
    }

    #[test]
    fn it_has_a_bound_and_makes_room() {
        let (full, start) = (Full::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let client = |number: usize| ClientKey::of(&number.to_string());
        (0..MOST + 10).for_each(|number| full.note(client(number), 1, after(1), start));
        assert_eq!(full.lock().len(), MOST);
        assert_eq!(full.refuses(client(MOST), 1, start), None);
        full.note(client(MOST), 1, after(2), after(1));
        assert_eq!(full.lock().len(), 1);
    }
}
