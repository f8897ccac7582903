//! The scripts that Redis runs, as commands; and what they answer.

use std::fmt;
use std::iter;
use std::sync::LazyLock;
use std::time::Duration;

use gate::{FurtherLimits, OverLimit, Quota, Used, Verdict};
use redis::{Cmd, Value};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::quotas::Told;

#[cfg(test)]
mod quota_tests;
#[cfg(test)]
mod tests;

/// A script and its name.
pub(super) struct Script {
    text: String,
    sha1: String,
}

/// Decides by the window of one client, and by its quotas where it has some, at the time of Redis' own clock.
static LIMITS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("window.lua"),
        include_str!("quota.lua"),
        "local time = redis.call('TIME')\n",
        "return decide_all(time[1] * 1000 + math.floor(time[2] / 1000), KEYS, ARGV)\n",
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

    /// By its name, which Redis forgets when it starts anew, or with its whole text, after which it knows it again. A cluster
    /// has all of the keys in one place.
    pub(super) fn command(&self, keys: &[&str], spelt_out: bool) -> Cmd {
        let (command, script) = if spelt_out { ("EVAL", &self.text) } else { ("EVALSHA", &self.sha1) };
        redis::cmd(command).arg(script).arg(keys.len()).arg(keys).to_owned()
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

/// What one request is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Requests per 60 seconds.
    pub(crate) minute: Option<u32>,
    /// Of the day and the month; a shadow limit is left aside.
    pub(crate) further: FurtherLimits,
}

/// What is asked about one client at a time: how many requests of its were admitted already, and the limits of those that
/// are to be decided.
pub(super) struct Call {
    pub(super) client: ClientKey,
    pub(super) already: u32,
    /// Nothing, where the client has no quotas.
    pub(super) quotas: Option<Told>,
    pub(super) limits: Vec<Limits>,
}

impl Call {
    pub(super) fn about(client: ClientKey) -> Self {
        Self { client, already: 0, quotas: None, limits: Vec::new() }
    }

    /// The command for it; with the script's whole text where Redis is known not to have it.
    pub(super) fn command(&self, prefix: &str, spelt_out: bool) -> Cmd {
        // What a client has in braces is what a cluster places it by: all that is the client's is in one place.
        let window = format!("{prefix}:window:{{{}}}", self.client);
        let quota = self.quotas.map(|_| format!("{prefix}:quota:{{{}}}", self.client));
        let keys: SmallVec<[&str; 2]> = iter::once(&*window).chain(quota.as_deref()).collect();
        let mut command = LIMITS.command(&keys, spelt_out);
        self.add_arguments(&mut command);
        command
    }

    fn add_arguments(&self, command: &mut Cmd) {
        command.arg(self.already);
        let Some(told) = &self.quotas else {
            return self.limits.iter().for_each(|limits| add(command, limits.minute.map(u64::from)));
        };
        told.add_to(command);
        for Limits { minute, further } in &self.limits {
            add(command, minute.map(u64::from));
            add(command, further.day);
            add(command, further.month);
        }
    }

    /// What was answered, for each request in turn; nothing if that is no answer to this call.
    pub(super) fn answers(&self, answer: &Value) -> Option<Vec<Answer>> {
        let Value::Array(values) = answer else { return None };
        let number = |value: &Value| if let Value::Int(number) = value { Some(*number) } else { None };
        let numbers: Vec<i64> = values.iter().map(number).collect::<Option<_>>()?;
        let (of_requests, used) = match (&self.quotas, &numbers[..]) {
            (None, all) => (all, None),
            (Some(_), [of_requests @ .., day, month]) => (of_requests, Some(used(*day, *month)?)),
            (Some(_), _) => return None,
        };
        let each = if used.is_some() { 3 } else { 2 };
        if of_requests.len() != each * self.limits.len() {
            return None;
        }
        let all = of_requests.chunks_exact(each).zip(&self.limits);
        Some(all.map(|(numbers, limits)| Answer::of(limits, numbers, used)).collect())
    }
}

/// -1 where there is none.
fn add(command: &mut Cmd, limit: Option<u64>) {
    match limit {
        Some(limit) => command.arg(limit),
        None => command.arg(-1),
    };
}

fn used(day: i64, month: i64) -> Option<Used> {
    Some(Used { day: u64::try_from(day).ok()?, month: u64::try_from(month).ok()? })
}

/// What was answered about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// From the moment of the decision, until the minute has room for one request more.
    pub(super) wait: Duration,
}

impl Answer {
    /// Two or three numbers: how many more the minute lets in, -1 if not even this one; the milliseconds until there is more
    /// room; and where quotas were asked for, 1 if it is admitted.
    fn of(limits: &Limits, numbers: &[i64], used: Option<Used>) -> Self {
        let (left, wait) = (numbers[0], u64::try_from(numbers[1]).unwrap_or(0));
        let reset_seconds = u32::try_from(wait.div_ceil(1_000)).unwrap_or(u32::MAX);
        let minute = limits.minute.map(|limit| {
            let quota = |remaining| Quota { limit, remaining, reset_seconds };
            match u32::try_from(left) {
                Ok(remaining) => Ok(quota(remaining)),
                Err(_) => Err(OverLimit { quota: quota(0), retry_after: reset_seconds.max(1) }),
            }
        });
        let is_admitted = numbers.get(2).map_or(left >= 0, |admitted| *admitted == 1);
        Self { verdict: Verdict { is_admitted, minute, used }, wait: Duration::from_millis(wait) }
    }
}

/// Says that a server is there. Answered with how many are.
pub(super) fn presence(prefix: &str, server: &str, silent_millis: u64, spelt_out: bool) -> Cmd {
    let key = format!("{prefix}:servers");
    let mut command = PRESENCE.command(&[&key], spelt_out);
    command.arg(server).arg(silent_millis);
    command
}
