//! What each server has counted, left in Redis for all: a hash for each day, in which every server writes its own lines and no
//! other's. Lines are totals and never increments, so that it makes no difference how often one is written, nor by whom it is
//! read. Knows not what a line says.

use std::sync::Arc;
use std::time::Duration;

use gate::KeyHash;
use redis::{FromRedisValue, RedisError, Value, cmd};

use super::access::Connection;
use super::trouble::Trouble;
use super::{Fleet, ask, in_time};

/// For how long Redis keeps a day after it was last written: longer than the 40 days that are looked at.
const KEPT: Duration = Duration::from_hours(24 * 42);

/// As many lines as go into one command: what takes longer keeps decisions waiting.
const PORTION: usize = 500;

/// The field of a day's hash that says how often it was written. No line has an empty name.
const VERSION: &str = "";

/// What a line is about, and what it says.
pub(crate) type Line = (String, String);

/// The counts of servers that belong together.
pub(crate) struct Counts {
    fleet: Arc<Fleet>,
    key: String,
}

/// A connection for some exchanges: a minute lies between one time and the next.
pub(crate) struct Session<'a> {
    connection: Connection,
    key: &'a str,
}

impl Counts {
    /// Those of servers of this scope, which is hashed.
    pub(crate) fn new(fleet: &Arc<Fleet>, scope: &str) -> Self {
        let scope = &KeyHash::of(scope.as_bytes()).to_hex()[..32];
        // In a cluster each day may be on another node, so no command is for two of them.
        let key = format!("{}:usage:{scope}", fleet.access.prefix());
        Self { fleet: Arc::clone(fleet), key }
    }

    /// Connects.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn open(&self) -> Result<Session<'_>, Trouble> {
        Ok(Session { connection: self.fleet.access.connect().await?, key: &self.key })
    }
}

impl Session<'_> {
    /// What a server has left under its name, to know again that Redis has lost nothing.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn mark(&mut self, server: &str) -> Result<Option<String>, Trouble> {
        let key = self.mark_key(server);
        self.ask(cmd("GET").arg(key)).await
    }

    /// Leaves that.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn set_mark(&mut self, server: &str, mark: &str) -> Result<(), Trouble> {
        let key = self.mark_key(server);
        self.ask(cmd("SET").arg(key).arg(mark).arg("PX").arg(kept())).await
    }

    /// How long ago each of these servers has left its mark; nothing for one that has none.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn silent_for(&mut self, servers: &[&str]) -> Result<Vec<Option<Duration>>, Trouble> {
        let commands = servers.iter().map(|server| cmd("PTTL").arg(self.mark_key(server)).clone()).collect();
        let answers = in_time(self.connection.send(commands)).await?;
        let since = |left: i64| {
            u64::try_from(left).ok().map(|left| Duration::from_millis(kept().saturating_sub(left)))
        };
        let since = |answer: Result<Value, RedisError>| Ok(since(redis::from_redis_value(answer?)?));
        answers.into_iter().map(since).collect::<Result<_, RedisError>>().map_err(Trouble::from)
    }

    /// Writes lines of a day.
    ///
    /// # Errors
    /// Redis is away. Some may have been written.
    pub(crate) async fn write(&mut self, day: &str, lines: &[Line]) -> Result<(), Trouble> {
        let key = self.day_key(day);
        for portion in lines.chunks(PORTION) {
            let mut command = cmd("HSET");
            command.arg(&key);
            for (about, says) in portion {
                command.arg(about).arg(says);
            }
            self.ask::<i64>(&mut command).await?;
        }
        // Only now, so that whoever sees the number sees the lines.
        self.ask::<i64>(cmd("HINCRBY").arg(&key).arg(VERSION).arg(1)).await?;
        self.ask::<i64>(cmd("PEXPIRE").arg(&key).arg(kept())).await?;
        Ok(())
    }

    /// How often a day was written.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn version(&mut self, day: &str) -> Result<i64, Trouble> {
        let key = self.day_key(day);
        let version: Option<i64> = self.ask(cmd("HGET").arg(key).arg(VERSION)).await?;
        Ok(version.unwrap_or(0))
    }

    /// All lines of a day.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn day(&mut self, day: &str) -> Result<Vec<Line>, Trouble> {
        let key = self.day_key(day);
        let (mut cursor, mut lines) = (0_u64, Vec::new());
        loop {
            // Piece by piece: a large day at once would keep decisions waiting.
            let scan: (u64, Vec<Line>) =
                self.ask(cmd("HSCAN").arg(&key).arg(cursor).arg("COUNT").arg(PORTION)).await?;
            cursor = scan.0;
            lines.extend(scan.1.into_iter().filter(|(about, _)| about != VERSION));
            if cursor == 0 {
                return Ok(lines);
            }
        }
    }

    fn day_key(&self, day: &str) -> String {
        format!("{}:{day}", self.key)
    }

    fn mark_key(&self, server: &str) -> String {
        format!("{}:of:{}", self.key, &KeyHash::of(server.as_bytes()).to_hex()[..32])
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &mut redis::Cmd) -> Result<T, Trouble> {
        in_time(ask(&mut self.connection, command.clone())).await
    }
}

fn kept() -> u64 {
    u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX)
}
