//! What a server has to know to decide without Redis, and what is to be told to Redis afterwards.

use std::collections::HashMap;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::script::ClientKey;

/// How many servers there are, by what Redis said last. Kept on disk: a server that starts while Redis is away is still
/// one of several.
pub(super) struct Servers {
    number: AtomicU32,
    file: PathBuf,
}

impl Servers {
    /// As the last run knew it; alone, where there was none.
    pub(super) fn remembered(data_dir: &Path) -> Self {
        let file = data_dir.join("servers");
        let number = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        Self { number: AtomicU32::new(number.unwrap_or(1)), file }
    }

    /// At least this one.
    pub(super) fn number(&self) -> NonZeroU32 {
        NonZeroU32::new(self.number.load(Ordering::Relaxed)).unwrap_or(NonZeroU32::MIN)
    }

    /// Takes note. Whether that is new.
    pub(super) fn set(&self, number: NonZeroU32) -> bool {
        self.number.swap(number.get(), Ordering::Relaxed) != number.get()
    }

    /// Writes it down.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn keep(&self) -> io::Result<()> {
        let beside = self.file.with_extension("new");
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&beside, format!("{}\n", self.number()))?;
        std::fs::rename(&beside, &self.file)
    }
}

/// How many seconds are told apart.
const SLOT: u64 = 10;
/// As many as cover a window, whenever in a slot it begins.
const SLOTS: usize = 7;

/// What was admitted here and Redis does not know yet. What is older than a window, nobody needs to know any more.
#[derive(Default)]
pub(super) struct Untold(Mutex<HashMap<ClientKey, Recent>>);

/// So many in the slot that ends with this number, and in each of those before it.
#[derive(Clone, Copy)]
struct Recent {
    last: u64,
    counts: [u32; SLOTS],
}

/// What was admitted of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) client: ClientKey,
    pub(super) count: u32,
    /// The uptime of the last of it, to 10 s.
    pub(super) last: Duration,
}

impl Untold {
    /// So many requests of a client were admitted at `uptime`.
    pub(super) fn add(&self, client: ClientKey, count: u32, uptime: Duration) {
        let slot = uptime.as_secs() / SLOT;
        let mut clients = self.lock();
        let recent = clients.entry(client).or_insert(Recent { last: slot, counts: [0; SLOTS] });
        recent.advance(slot);
        // Not the last, where something is put back.
        let place = usize::try_from(recent.last - slot).ok().and_then(|place| recent.counts.get_mut(place));
        if let Some(sum) = place {
            *sum = sum.saturating_add(count);
        }
    }

    /// Takes out what is known of so many clients, as far as it still counts.
    pub(super) fn take(&self, uptime: Duration, most: usize) -> Vec<Admitted> {
        let slot = uptime.as_secs() / SLOT;
        let mut clients = self.lock();
        let some: Vec<ClientKey> = clients.keys().take(most).copied().collect();
        let taken = some.into_iter().filter_map(|client| clients.remove_entry(&client));
        let admitted = taken.filter_map(|(client, mut recent)| {
            recent.advance(slot);
            let last = recent.counts.iter().position(|count| *count > 0)?;
            let count = recent.counts.iter().fold(0_u32, |sum, count| sum.saturating_add(*count));
            Some(Admitted { client, count, last: Duration::from_secs((recent.last - last as u64) * SLOT) })
        });
        admitted.collect()
    }

    /// Forgets what is too old to be told.
    pub(super) fn sweep(&self, uptime: Duration) {
        let slot = uptime.as_secs() / SLOT;
        self.lock().retain(|_, recent| recent.last + SLOTS as u64 > slot);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientKey, Recent>> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// Makes `slot` the last one, unless it is already or a later one is.
    fn advance(&mut self, slot: u64) {
        let by = usize::try_from(slot.saturating_sub(self.last)).unwrap_or(SLOTS).min(SLOTS);
        self.counts.rotate_right(by);
        self.counts[..by].fill(0);
        self.last = self.last.max(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_counts_in_a_window_is_told_once() {
        let (untold, client) = (Untold::default(), ClientKey::of("acme"));
        for second in 0..600 {
            untold.add(client, 2, at(second));
        }
        let told = untold.take(at(600), 9);
        let [Admitted { client: of, count, last }] = told[..] else { panic!("{told:?}") };
        assert!(of == client && (2 * 60..=2 * 70).contains(&count) && last == at(590), "{told:?}");
        assert_eq!(untold.take(at(600), 9), []);
    }

    #[test]
    fn what_is_put_back_gets_no_younger() {
        let (untold, client) = (Untold::default(), ClientKey::of("acme"));
        untold.add(client, 3, at(7));
        for second in [8, 30, 59] {
            let told = untold.take(at(second), 9);
            assert_eq!(told, [Admitted { client, count: 3, last: at(0) }]);
            untold.add(client, 1, at(second));
            untold.add(client, told[0].count, told[0].last);
            untold.take(at(second), 9).iter().for_each(|told| assert_eq!(told.count, 4));
            untold.add(client, 3, at(7));
        }
        assert_eq!(untold.take(at(70), 9), []);
    }

    #[test]
    fn what_is_older_than_a_window_is_forgotten() {
        let (untold, client) = (Untold::default(), ClientKey::of("acme"));
        untold.add(client, 1, at(0));
        untold.sweep(at(60));
        assert_eq!(untold.take(at(60), 9).len(), 1);
        untold.add(client, 1, at(0));
        untold.sweep(at(70));
        assert!(untold.lock().is_empty());
    }

    #[test]
    fn the_number_of_servers_outlives_a_restart() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let servers = Servers::remembered(folder.path());
        assert_eq!(servers.number().get(), 1);
        let three = NonZeroU32::new(3).expect("not 0");
        assert!(servers.set(three) && !servers.set(three));
        servers.keep().expect("a disk");
        assert_eq!(Servers::remembered(folder.path()).number().get(), 3);
        for nonsense in ["", "many", "-3", "0"] {
            std::fs::write(folder.path().join("servers"), nonsense).expect("a file");
            assert_eq!(Servers::remembered(folder.path()).number().get(), 1, "{nonsense}");
        }
    }
}
