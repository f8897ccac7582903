//! What every request shares: the door, the studio, the clock. How they are made, and what runs beside them, is below.

mod background;
mod build;
mod door;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gate::Gate;
use tokio::sync::Semaphore;

pub(crate) use background::{Background, Task};
pub(crate) use build::studio;
pub(crate) use door::{Door, Guard, SourceKind};

use crate::audio::Studio;
use crate::clock::Clock;
use crate::config::{Admin, Cors, Listen, Place};
use crate::dashboard::Looks;
use crate::fleet::{Counts, Fleet};
use crate::http::{Endpoints, Gateway, Live, Promises, Recorders, RequestId, Shield, Slots, Webhook};
use crate::metrics::Metrics;
use crate::providers::Fetcher;
use crate::routes::{InUse, LiveRoutes};
use crate::sync::Books;

/// Shared by all threads for as long as the server runs.
pub(crate) struct App {
    pub(crate) door: Door,
    /// Where limits are shared with other servers.
    pub(crate) fleet: Option<Arc<Fleet>>,
    /// What they have counted.
    pub(crate) counts: Option<Arc<Counts>>,
    /// Whose web pages may call.
    pub(crate) cors: Option<Cors>,
    pub(crate) shield: Option<Shield>,
    pub(crate) studio: Studio,
    /// Sound that is about to be made.
    pub(crate) promises: Promises,
    /// Whether OpenAI's routes are here; where nothing is said, wherever no upstream has them.
    pub(crate) openai_speech: Option<bool>,
    pub(crate) fetcher: Fetcher,
    pub(crate) books: Books,
    pub(crate) endpoints: Endpoints,
    /// Whose turn it is to have what it has used looked up.
    pub(crate) reports: Semaphore,
    pub(crate) data_dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listen: Listen,
    pub(crate) slots: Slots,
    routes: Option<Arc<LiveRoutes>>,
    pub(crate) place: Place,
    pub(crate) admin: Admin,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<Metrics>,
    /// What the operator's page has been told lately.
    pub(crate) looks: Looks,
    /// `INSTANCE`: this server's name.
    pub(crate) instance: String,
    pub(crate) recorders: Recorders,
    /// What is finished, for those who watch.
    pub(crate) live: Arc<Live>,
    process: u32,
    requests: AtomicU64,
}

impl App {
    /// Whether there may be an upstream for a path that is not ours.
    pub(crate) fn passes_on(&self) -> bool {
        self.gateway.group().is_some() || self.routes.is_some()
    }

    /// What decides, where the door is guarded.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        match &self.door {
            Door::Guarded(guard) => Some(&guard.gate),
            Door::Open(_) => None,
        }
    }

    /// The routes to go by, where there are any.
    pub(crate) fn routes(&self) -> Option<Arc<InUse>> {
        self.routes.as_ref().map(|routes| routes.current())
    }

    /// What keeps up with the other servers, beside requests that wait for some of it.
    pub(crate) fn fleet_tasks(&self) -> Vec<Task> {
        let board = match &self.door {
            Door::Guarded(guard) => guard.board.clone(),
            Door::Open(_) => None,
        };
        let told = self.fleet.clone().map(|fleet| -> Task { Box::pin(fleet.keep_told()) });
        told.into_iter().chain(board.map(|board| -> Task { Box::pin(board.keep()) })).collect()
    }

    pub(crate) fn next_request_id(&self) -> RequestId {
        RequestId { process: self.process, number: self.requests.fetch_add(1, Ordering::Relaxed) }
    }
}
