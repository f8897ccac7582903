//! What a person asks of the refresher from the command line: handed over in `DATA_DIR/keys/order.json`, so that it works
//! whether the server runs or not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::disk;
use crate::clock::Clock;

/// How often the file is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Let the held refresh pass whose digest this is.
    Accept(String),
    /// Bring back the directory of this entry of the audit file.
    RollBack(u64),
}

/// Hands an order over to the server of this `DATA_DIR`, in place of one that it has not seen yet.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn give(data_dir: &Path, order: &Order) -> io::Result<()> {
    // Readable for all: it holds no secret, and the server may be another user than the operator.
    disk::replace(&path(data_dir), 0o644, |out| Ok(serde_json::to_writer(out, order)?))
}

/// Where the refresher looks.
pub(crate) struct Orders {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// What was found last, for a file that cannot be removed.
    seen: Option<Vec<u8>>,
}

impl Orders {
    pub(crate) fn new(data_dir: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { path: path(data_dir), clock, seen: None }
    }

    /// Ends once there is an order that has not been seen.
    pub(super) async fn given(&mut self) -> Order {
        loop {
            if let Some(order) = self.look().await {
                return order;
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// The order that is there, if it has not been seen.
    pub(super) async fn look(&mut self) -> Option<Order> {
        let found = match tokio::fs::read(&self.path).await {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Whatever it is, it is said once.
            Err(error) => Some(error.to_string().into_bytes()),
        };
        if found == self.seen {
            return None;
        }
        self.seen = found;
        let order = self.seen.as_deref().map(serde_json::from_slice)?;
        order.map_err(|_| warn!("{} is no order that can be read; delete it", self.path.display())).ok()
    }

    /// The order has been carried out, or never can be. One that was given meanwhile stays.
    pub(super) fn done(&mut self) {
        if std::fs::read(&self.path).ok() != self.seen {
            return;
        }
        match disk::remove(&self.path) {
            Ok(()) => self.seen = None,
            Err(error) => warn!("{} cannot be removed: {error}", self.path.display()),
        }
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/order.json")
}
