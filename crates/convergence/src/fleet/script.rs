//! The scripts that Redis runs, as commands; and what they answer.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use gate::{OverLimit, Quota};
use redis::{Cmd, Value};
use sha2::{Digest, Sha256};

use super::link::Verdict;

#[cfg(test)]
mod tests;

/// A script and its name.
pub(super) struct Script {
    text: String,
    sha1: String,
}

/// Decides by the window of one client, at the time of Redis' own clock.
static WINDOW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("window.lua"),
        "local time = redis.call('TIME')\n",
        "return decide(time[1] * 1000 + math.floor(time[2] / 1000), KEYS[1], ARGV)\n",
    ))
});

/// KEYS[1] has the servers by the millisecond at which each was last heard of; ARGV is who speaks, and for how many
/// milliseconds a server counts that is silent. Answers how many there are.
static PRESENCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        "local time = redis.call('TIME')\n",
        "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n",
        "redis.call('ZADD', KEYS[1], now, ARGV[1])\n",
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])\n",
        // Set back, the clock would keep servers for ever that have gone.
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], now + ARGV[2], '+inf')\n",
        "redis.call('PEXPIRE', KEYS[1], ARGV[2])\n",
        "return redis.call('ZCARD', KEYS[1])\n",
    ))
});

impl Script {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), sha1: redis::Script::new(text).get_hash().to_owned() }
    }

    /// By its name, which Redis forgets when it starts anew.
    pub(super) fn call(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.sha1).arg(1).arg(key);
        command
    }

    /// By its name or with its whole text, for keys that a cluster has in one place.
    pub(super) fn command(&self, keys: &[&str], spelt_out: bool) -> Cmd {
        let (command, script) = if spelt_out { ("EVAL", &self.text) } else { ("EVALSHA", &self.sha1) };
        redis::cmd(command).arg(script).arg(keys.len()).arg(keys).to_owned()
    }

    /// With its whole text, after which Redis knows it by its name.
    pub(super) fn spell_out(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(&self.text).arg(1).arg(key);
        command
    }
}

/// Whose window: half of the SHA-256 of the client's name. Names of any length and script make keys of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey([u8; 16]);

impl ClientKey {
    pub(crate) fn of(client: &str) -> Self {
        let whole = Sha256::digest(client.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(half)
    }
}

/// In hexadecimal digits, as `sha256sum` prints it.
impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What is asked about one client at a time: how many requests of its were admitted already, and the limits of those that
/// are to be decided.
pub(super) struct Call {
    pub(super) client: ClientKey,
    pub(super) already: u32,
    pub(super) limits: Vec<u32>,
}

impl Call {
    pub(super) fn about(client: ClientKey) -> Self {
        Self { client, already: 0, limits: Vec::new() }
    }

    /// The command for it; with the script's whole text where Redis is known not to have it.
    pub(super) fn command(&self, prefix: &str, spelt_out: bool) -> Cmd {
        // What a client has in braces is what a cluster places it by: all that is the client's is in one place.
        let key = format!("{prefix}:window:{{{}}}", self.client);
        let mut command = if spelt_out { WINDOW.spell_out(&key) } else { WINDOW.call(&key) };
        command.arg(self.already).arg(&self.limits);
        command
    }

    /// What was answered, for each limit in turn; nothing if that is no answer to this call.
    pub(super) fn verdicts(&self, answer: &Value) -> Option<Vec<Answer>> {
        let Value::Array(numbers) = answer else { return None };
        if numbers.len() != 2 * self.limits.len() {
            return None;
        }
        let pairs = numbers.chunks_exact(2).zip(&self.limits);
        pairs
            .map(|(pair, &limit)| match *pair {
                [Value::Int(left), Value::Int(wait)] => Some(Answer::of(limit, left, wait)),
                _ => None,
            })
            .collect()
    }
}

/// What was answered about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// From the moment of the decision, until there is room for one request more.
    pub(super) wait: Duration,
}

impl Answer {
    /// `left` is -1 for a refusal; `wait` is in milliseconds.
    fn of(limit: u32, left: i64, wait: i64) -> Self {
        let wait = u64::try_from(wait).unwrap_or(0);
        let reset_seconds = u32::try_from(wait.div_ceil(1_000)).unwrap_or(u32::MAX);
        let quota = |remaining| Quota { limit, remaining, reset_seconds };
        let verdict = match u32::try_from(left) {
            Ok(remaining) => Ok(quota(remaining)),
            Err(_) => Err(OverLimit { quota: quota(0), retry_after: reset_seconds.max(1) }),
        };
        Self { verdict, wait: Duration::from_millis(wait) }
    }
}

/// Says that a server is there. Answered with how many are.
pub(super) fn presence(prefix: &str, server: &str, silent_millis: u64, spelt_out: bool) -> Cmd {
    let key = format!("{prefix}:servers");
    let mut command = if spelt_out { PRESENCE.spell_out(&key) } else { PRESENCE.call(&key) };
    command.arg(server).arg(silent_millis);
    command
}
