//! What several servers share through Redis or Valkey: the windows and quotas of their clients, the keys that one of them has read, and what
//! each has counted. Knows no HTTP.
//!
//! | step | module |
//! |---|---|
//! | a client's window and its quotas, as a script that Redis runs | `window.lua`, `quota.lua`, `script` |
//! | the connection, and what is wrong with it | `access`, `probe`, `trouble` |
//! | one for each thread: the questions of one turn of its loop go out together, and none waits longer than it should | `link`, `batch` |
//! | a client that has no room for a while, and is refused without asking | `full` |
//! | who reads the keys for all, and what it has read | `board` |
//! | what each server has counted, for all | `counts` |
//! | who tells what all of them see; when a key was used for the last time | `claims`, `uses` |
//! | without an answer: how many servers there are, and what was admitted meanwhile | `alone` |
//! | the same of days and months | `quotas` |
//! | says that this server is there, and what it has admitted alone | `presence` |
//! | how all of it is doing | `health` |

mod access;
mod alone;
mod batch;
mod board;
mod claims;
mod counts;
mod full;
mod health;
mod link;
mod presence;
mod probe;
mod quotas;
mod script;
mod trouble;
mod uses;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub(crate) use self::board::{Board, Contact, LEASE, Note, Piece, View};
pub(crate) use self::claims::Claims;
pub(crate) use self::counts::{Counts, Line};
pub(crate) use self::health::Report;
pub(crate) use self::link::{Link, Reply};
pub(crate) use self::script::{ClientKey, Limits};
pub(crate) use self::trouble::Trouble;
pub(crate) use self::uses::Uses;

use redis::{Cmd, FromRedisValue, RedisError, Value};
use uuid::Uuid;

use self::access::{Access, Connection};
use self::alone::{Servers, Untold};
use self::full::Full;
use self::health::Health;
use self::script::Call;
use crate::clock::Clock;
use crate::config::{Fault, Redis, RedisFallback};
use crate::metrics::Metrics;

/// How long a start waits to find out what is wrong with Redis.
const CHECK: Duration = Duration::from_secs(3);

/// This server, as one of several.
pub(crate) struct Fleet {
    access: Access,
    /// How long a request waits for a decision, from the moment at which it asks.
    deadline: Duration,
    /// What a server does that cannot ask.
    fallback: RedisFallback,
    /// What it is called among the others, unlike any of them.
    name: String,
    servers: Servers,
    /// Whether the number of servers is still to be written down.
    unkept: AtomicBool,
    untold: Untold,
    untold_quotas: quotas::Untold,
    full: Full,
    health: Health,
    clock: Arc<dyn Clock>,
}

impl Fleet {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// A certificate or a key cannot be used.
    pub(crate) fn new(
        redis: Redis,
        data_dir: &Path,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, Fault> {
        let (fallback, deadline) = (redis.fallback, redis.timeout);
        let health = Health::new(metrics.redis(fallback.word()));
        let servers = Servers::remembered(data_dir);
        Ok(Self {
            access: Access::new(redis)?,
            deadline,
            fallback,
            name: Uuid::new_v4().simple().to_string(),
            servers,
            unkept: AtomicBool::new(false),
            untold: Untold::default(),
            untold_quotas: quotas::Untold::default(),
            full: Full::default(),
            health,
            clock,
        })
    }

    /// Connects once, from any thread, to find out what only a person can put right. A Redis that is away is none of that:
    /// a server can be started without it.
    ///
    /// # Errors
    /// What is wrong with the settings, or with what answers.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let tried = std::thread::scope(|scope| scope.spawn(|| self.try_once()).join());
        match tried {
            Ok(Err(Trouble::Settings { variable, wrong })) => {
                Err(Fault { variable: variable.to_owned(), wrong })
            }
            Ok(Err(Trouble::Away(why))) => {
                tracing::warn!("Redis cannot be asked: {why}; REDIS_FALLBACK decides until it can");
                Ok(())
            }
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    fn try_once(&self) -> Result<(), Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Trouble::Away(error.to_string()))?;
        let connected = async {
            let connected = tokio::time::timeout(CHECK, presence::connect(self, self.deadline)).await;
            connected.unwrap_or_else(|_| Err(Trouble::Away("it cannot be reached in time".to_owned())))
        };
        runtime.block_on(connected).map(|_| ())
    }

    /// Connects once, as what is no server, and changes nothing. Says what is there.
    ///
    /// # Errors
    /// Why it would not decide.
    pub(crate) async fn look(&self) -> Result<&'static str, Trouble> {
        let mut connection = self.access.connect().await?;
        // Nobody's window, with nothing to be recorded.
        let call = Call::about(ClientKey::of(""));
        let asked = connection.send(vec![call.command(self.access.prefix(), true)]);
        let answers = tokio::time::timeout(self.deadline, asked).await.map_err(|_| Trouble::slow())??;
        answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(connection.kind())
    }

    /// How all of it is doing.
    pub(crate) fn report(&self, board: Option<&Board>) -> Report {
        self.health.report(self.servers.number().get(), self.fallback, board.map(Board::is_reader))
    }
}

/// For each exchange that no request waits for.
const PATIENCE: Duration = Duration::from_secs(1);

/// One command, and its answer.
async fn ask<T: FromRedisValue>(connection: &mut Connection, command: Cmd) -> Result<T, RedisError> {
    let answer = connection.send(vec![command]).await?.pop();
    Ok(redis::from_redis_value(answer.unwrap_or(Ok(Value::Nil))?)?)
}

/// Several, and their answers.
async fn all(connection: &mut Connection, commands: Vec<Cmd>) -> Result<Vec<Value>, Trouble> {
    let answers = in_time(connection.send(commands)).await?;
    answers.into_iter().collect::<Result<_, _>>().map_err(Trouble::from)
}

async fn in_time<T>(exchange: impl Future<Output = Result<T, RedisError>>) -> Result<T, Trouble> {
    Ok(tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| Trouble::slow())??)
}

/// From 0 to 1.
pub(crate) fn random() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness all come at once, which is as good.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
}
