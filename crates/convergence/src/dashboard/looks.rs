//! Everything about the clients at one moment, kept for the next who ask: however many pages are open, and however large
//! the counts are, gathering it takes a tenth of one core at the most.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gate::{Gate, Now};

use super::clients::{Client, clients};
use crate::clock::Clock;
use crate::sync::Freshness;
use crate::usage::{KeepError, Stretches, Used, course, last_used};

/// How long a look is kept at least, and by how much longer than it took.
const KEPT: Duration = Duration::from_secs(2);
const KEPT_TIMES: u32 = 10;

/// So many looks are kept at a time, each of another range.
const MOST: usize = 8;

/// How far back the last use of a client is looked for, in seconds, and how long what was found is kept: the range that
/// is looked at knows the newer ones.
const LAST_USED_IN: i64 = 90 * 86_400;
const LAST_USED_KEPT: Duration = Duration::from_mins(5);

/// The clients at one moment.
pub(crate) struct Look {
    pub(crate) at: Now,
    pub(crate) stretches: Stretches,
    pub(crate) clients: Vec<Client>,
}

/// What was counted, by client.
pub(super) struct Counts {
    pub(super) used: HashMap<String, Used>,
    pub(super) last_used: Arc<HashMap<String, i64>>,
}

/// Where looks are taken, and kept.
pub(crate) struct Looks {
    /// The folder of the counts.
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    /// Locked for a look or a change.
    kept: Mutex<Kept>,
    /// Held while a look is taken: one at a time, and all who come meanwhile share it.
    taking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    /// Each with the uptime until which it will do.
    looks: Vec<(Arc<Look>, Duration)>,
    /// With the uptime at which they were looked up.
    last_used: Option<(Arc<HashMap<String, i64>>, Duration)>,
}

impl Looks {
    pub(crate) fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock, kept: Mutex::default(), taking: tokio::sync::Mutex::default() }
    }

    /// A look at a range that is a moment old at the most, or a little more where it took long.
    ///
    /// # Errors
    /// The counts cannot be read, in the operator's words.
    pub(crate) async fn look(
        &self,
        stretches: Stretches,
        gate: &Arc<Gate>,
        freshness: &Freshness,
    ) -> Result<Arc<Look>, String> {
        if let Some(look) = self.find(stretches) {
            return Ok(look);
        }
        let _one_at_a_time = self.taking.lock().await;
        if let Some(look) = self.find(stretches) {
            return Ok(look);
        }
        let at = self.clock.now();
        let known = self.lock().last_used.clone();
        let known = known.filter(|(_, since)| at.uptime < *since + LAST_USED_KEPT);
        let (folder, gate, roll) = (self.folder.clone(), Arc::clone(gate), freshness.view().roll);
        let taken = tokio::task::spawn_blocking(move || {
            let used = course(&folder, &stretches, at.unix)?;
            let (last_used, since) = match known {
                Some(known) => known,
                None => (Arc::new(last_used(&folder, at.unix - LAST_USED_IN)?), at.uptime),
            };
            let records = roll.as_ref().map_or(&[][..], |roll| roll.records());
            let counts = Counts { used, last_used: Arc::clone(&last_used) };
            let look = Look { at, stretches, clients: clients(records, counts, &gate, at) };
            Ok::<_, KeepError>((Arc::new(look), (last_used, since)))
        });
        let taken = taken.await.map_err(|error| error.to_string())?;
        let (look, last_used) = taken.map_err(|error| error.to_string())?;
        let uptime = self.clock.now().uptime;
        let until = uptime + KEPT.max(uptime.saturating_sub(at.uptime) * KEPT_TIMES);
        let mut kept = self.lock();
        if kept.looks.len() == MOST {
            kept.looks.remove(0);
        }
        kept.looks.push((Arc::clone(&look), until));
        kept.last_used = Some(last_used);
        Ok(look)
    }

    fn find(&self, stretches: Stretches) -> Option<Arc<Look>> {
        let uptime = self.clock.now().uptime;
        let mut kept = self.lock();
        kept.looks.retain(|(_, until)| uptime < *until);
        let found = kept.looks.iter().find(|(look, _)| look.stretches == stretches);
        found.map(|(look, _)| Arc::clone(look))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
