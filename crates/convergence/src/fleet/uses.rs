//! When each key was used for the last time, by whichever server: each leaves that for all. Keys are told by their fingerprints.

use std::sync::Arc;
use std::time::Duration;

use gate::KeyHash;
use redis::{FromRedisValue, cmd};

use super::trouble::Trouble;
use super::{Fleet, all};

/// As many keys as go out together: what takes longer keeps decisions waiting.
const PORTION: usize = 500;

/// The uses that servers of one scope have left.
pub(crate) struct Uses {
    fleet: Arc<Fleet>,
    key: String,
}

impl Uses {
    /// Those of servers of this scope, which is hashed.
    pub(crate) fn new(fleet: &Arc<Fleet>, scope: &str) -> Self {
        let scope = &KeyHash::of(scope.as_bytes()).to_hex()[..32];
        Self { fleet: Arc::clone(fleet), key: format!("{}:used:{scope}", fleet.access.prefix()) }
    }

    /// Leaves at which Unix second each of these keys was used, for so long.
    ///
    /// # Errors
    /// Redis is away. Some may have been left.
    pub(crate) async fn leave(&self, uses: &[(u64, i64)], kept: Duration) -> Result<(), Trouble> {
        let mut connection = self.fleet.access.connect().await?;
        let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
        for portion in uses.chunks(PORTION) {
            let leave = |(key, at): &(u64, i64)| {
                cmd("SET").arg(self.key_of(*key)).arg(*at).arg("PX").arg(kept).clone()
            };
            all(&mut connection, portion.iter().map(leave).collect()).await?;
        }
        Ok(())
    }

    /// When each of these keys was used, as far as anybody has left that.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn of(&self, keys: &[u64]) -> Result<Vec<Option<i64>>, Trouble> {
        let mut connection = self.fleet.access.connect().await?;
        let mut uses = Vec::new();
        for portion in keys.chunks(PORTION) {
            let look = portion.iter().map(|key| cmd("GET").arg(self.key_of(*key)).clone()).collect();
            for at in all(&mut connection, look).await? {
                uses.push(Option::<i64>::from_redis_value(at).unwrap_or_default());
            }
        }
        Ok(uses)
    }

    fn key_of(&self, key: u64) -> String {
        format!("{}:{key:012x}", self.key)
    }
}
