//! What a server says of itself: that it is there, and what it has admitted alone.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use super::Fleet;
use super::access::Connection;
use super::link::{Link, varied};
use super::script;
use super::trouble::Trouble;

/// For how long a server counts that is silent. As long as a window: so long what it has admitted counts.
const SILENT: Duration = Duration::from_mins(1);

/// Nobody waits for what is told, and whoever tells it makes way for requests.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked for something to tell.
const LOOK: Duration = Duration::from_millis(200);

/// As many clients as are told about in one go; then there is a pause of about so long for each server there is. All servers
/// come back at once, and together they are to take a fifth of Redis' time (docs/SCALE.md).
const PIECE: usize = 10;
const REST: Duration = Duration::from_micros(500);
const SHORTEST_REST: Duration = Duration::from_millis(5);

impl Fleet {
    /// Tells Redis what was admitted without it. Runs beside the requests until the server ends, over a link of its own.
    pub(crate) async fn keep_told(self: Arc<Self>) {
        let (link, keeper) = self.patient_link(PATIENCE);
        tokio::join!(keeper, async {
            loop {
                tokio::time::sleep(LOOK).await;
                self.remember();
                self.full.sweep(Instant::now());
                while link.is_open() && self.tell_some(&link) {
                    let rest = (REST * self.servers.number().get()).max(SHORTEST_REST);
                    tokio::time::sleep(varied(rest)).await;
                }
                self.untold.sweep(self.clock.now().uptime);
                self.untold_quotas.sweep(self.clock.now().unix);
            }
        });
    }

    /// Whether there may be more to tell.
    fn tell_some(&self, link: &Link) -> bool {
        let some = self.untold.take(self.clock.now().uptime, PIECE);
        let of_quotas = self.untold_quotas.take_some(PIECE);
        let more = some.len() == PIECE || of_quotas.len() == PIECE;
        for admitted in some {
            link.tell(admitted);
        }
        for (client, told) in of_quotas {
            link.tell_quotas(client, told);
        }
        more
    }

    /// Has the number of servers survive a restart of this one.
    fn remember(&self) {
        if self.unkept.swap(false, Ordering::Relaxed)
            && let Err(error) = self.servers.keep()
        {
            tracing::warn!("the number of servers cannot be kept in DATA_DIR: {error}");
        }
    }
}

/// Connects, and is sure that Redis takes writes and is quick enough to be asked.
///
/// # Errors
/// It is away, or cannot be used.
pub(super) async fn connect(fleet: &Fleet, patience: Duration) -> Result<Connection, Trouble> {
    let mut connection = fleet.access.connect().await?;
    beat(fleet, &mut connection, patience).await?;
    Ok(connection)
}

/// Says that this server is there, and learns how many are.
///
/// # Errors
/// It takes no writes, or not in time.
pub(super) async fn beat(
    fleet: &Fleet,
    connection: &mut Connection,
    patience: Duration,
) -> Result<(), Trouble> {
    let said = async {
        match say(fleet, connection, false).await {
            Err(error) if error.code() == Some("NOSCRIPT") => say(fleet, connection, true).await,
            said => said,
        }
    };
    let said = tokio::time::timeout(patience, said).await.map_err(|_| Trouble::slow())??;
    let Value::Int(number) = said else { return Err(Trouble::away("it gives an answer that is none")) };
    if let Some(number) = u32::try_from(number).ok().and_then(NonZeroU32::new)
        && fleet.servers.set(number)
    {
        fleet.unkept.store(true, Ordering::Relaxed);
        tracing::info!(servers = number.get(), "limits are shared through Redis");
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
