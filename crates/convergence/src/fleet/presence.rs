//! Says every few seconds that this server is there, learns how many are, and tells what was admitted alone.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::Value;

use super::access::Connection;
use super::batch::Batch;
use super::script;
use super::trouble::Trouble;
use super::{DEADLINE, Fleet};

/// Between two words of a server.
const BEAT: Duration = Duration::from_secs(2);

/// For how long a server counts that is silent. As long as a window: so long what it has admitted counts.
const SILENT: Duration = Duration::from_mins(1);

/// Between two tries while Redis is away.
const PAUSE: Duration = Duration::from_millis(500);

/// As many clients as are told about at a time.
const PIECE: usize = 1_000;

impl Fleet {
    /// Runs beside the requests until the server ends.
    pub(crate) async fn keep_present(self: Arc<Self>) {
        loop {
            // The links say what is wrong; one voice more would say it twice.
            if let Ok(mut connection) = connect(&self).await {
                while self.tell(&connection).await.is_ok() {
                    self.remember();
                    tokio::time::sleep(BEAT).await;
                    if beat(&self, &mut connection).await.is_err() {
                        break;
                    }
                }
            }
            self.untold.sweep(self.clock.now().uptime);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has the number of servers survive a restart of this one.
    fn remember(&self) {
        if self.unkept.swap(false, Ordering::Relaxed)
            && let Err(error) = self.servers.keep()
        {
            tracing::warn!("the number of servers cannot be kept in DATA_DIR: {error}");
        }
    }

    /// Tells what was admitted alone. What cannot be told now is kept.
    async fn tell(self: &Arc<Self>, connection: &Connection) -> Result<(), Trouble> {
        let admitted = self.untold.take(self.clock.now().uptime);
        // All of them are made before the first is sent: one that is dropped puts back what it has.
        let batches: Vec<Batch> = admitted.chunks(PIECE).map(|piece| Batch::to_record(self, piece)).collect();
        for batch in batches {
            batch.send(connection.clone()).await?;
        }
        Ok(())
    }
}

/// Connects, and is sure that Redis takes writes and is quick enough to be asked.
///
/// # Errors
/// It is away, or cannot be used.
pub(super) async fn connect(fleet: &Fleet) -> Result<Connection, Trouble> {
    let mut connection = fleet.access.connect().await?;
    beat(fleet, &mut connection).await?;
    Ok(connection)
}

async fn beat(fleet: &Fleet, connection: &mut Connection) -> Result<(), Trouble> {
    let said = async {
        match say(fleet, connection, false).await {
            Err(error) if error.code() == Some("NOSCRIPT") => say(fleet, connection, true).await,
            said => said,
        }
    };
    let said = tokio::time::timeout(DEADLINE, said).await.map_err(|_| Trouble::slow())??;
    let Value::Int(number) = said else { return Err(Trouble::away("it gives an answer that is none")) };
    if let Some(number) = u32::try_from(number).ok().and_then(NonZeroU32::new) {
        if fleet.servers.set(number) {
            fleet.unkept.store(true, Ordering::Relaxed);
            tracing::info!(servers = number.get(), "limits are shared through Redis");
        }
    }
    Ok(())
}

async fn say(
    fleet: &Fleet,
    connection: &mut Connection,
    spelt_out: bool,
) -> Result<Value, redis::RedisError> {
    let silent = u64::try_from(SILENT.as_millis()).unwrap_or(u64::MAX);
    let command = script::presence(fleet.access.prefix(), &fleet.name, silent, spelt_out);
    let answer = connection.send(vec![command]).await?.pop();
    answer.unwrap_or(Ok(Value::Nil))
}
