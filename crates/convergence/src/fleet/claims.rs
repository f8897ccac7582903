//! Which of several servers tells what all of them see: whoever has claimed it first. Knows not what it is.

use std::sync::Arc;
use std::time::Duration;

use gate::KeyHash;
use redis::{Value, cmd};

use super::trouble::Trouble;
use super::{Fleet, all};

/// As many claims as go out together: what takes longer keeps decisions waiting.
const PORTION: usize = 500;

/// The claims of servers that belong together.
pub(crate) struct Claims {
    fleet: Arc<Fleet>,
    key: String,
}

impl Claims {
    /// Those of servers of this scope, which is hashed.
    pub(crate) fn new(fleet: &Arc<Fleet>, scope: &str) -> Self {
        let scope = &KeyHash::of(scope.as_bytes()).to_hex()[..32];
        let key = format!("{}:told:{scope}", fleet.access.prefix());
        Self { fleet: Arc::clone(fleet), key }
    }

    /// Claims matters for the server of this name, each for so long, and says which are its own. A claim that it has made
    /// before is.
    ///
    /// # Errors
    /// Redis is away. Some may have been claimed.
    pub(crate) async fn claim(
        &self,
        server: &str,
        matters: &[(&str, Duration)],
    ) -> Result<Vec<bool>, Trouble> {
        let mut connection = self.fleet.access.connect().await?;
        let mut own = Vec::new();
        for portion in matters.chunks(PORTION) {
            let claim = |(matter, kept): &(&str, Duration)| {
                let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).max(1);
                cmd("SET").arg(self.key_of(matter)).arg(server).arg("NX").arg("PX").arg(kept).clone()
            };
            all(&mut connection, portion.iter().map(claim).collect()).await?;
            let look = |(matter, _): &(&str, Duration)| cmd("GET").arg(self.key_of(matter)).clone();
            let whose = all(&mut connection, portion.iter().map(look).collect()).await?;
            own.extend(
                whose
                    .iter()
                    .map(|whose| matches!(whose, Value::BulkString(name) if name == server.as_bytes())),
            );
        }
        Ok(own)
    }

    fn key_of(&self, matter: &str) -> String {
        format!("{}:{}", self.key, &KeyHash::of(matter.as_bytes()).to_hex()[..32])
    }
}
