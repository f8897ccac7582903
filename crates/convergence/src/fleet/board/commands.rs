//! The board's words to Redis.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use gate::KeyHash;
use redis::{FromRedisValue, RedisError, cmd};

use super::Piece;
use crate::fleet::access::Connection;
use crate::fleet::ask;
use crate::fleet::script::Script;

/// For how long Redis keeps a board that nobody has.
const KEPT: Duration = Duration::from_hours(1);

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The directory in use; its stamp is the moment at which its reading began.
    Directory,
    /// A reading that has failed.
    Failure,
    /// Somebody wants the source to be read: the webhook has said that it has changed,
    Webhook,
    /// or a person asks for it,
    Refresh,
    /// or an unknown key was presented.
    UnknownKey,
}

impl Note {
    pub(crate) const ALL: [Self; 5] =
        [Self::Directory, Self::Failure, Self::Webhook, Self::Refresh, Self::UnknownKey];

    fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Failure => "failure",
            Self::Webhook => "webhook",
            Self::Refresh => "refresh",
            Self::UnknownKey => "unknown_key",
        }
    }

    fn stamp(self) -> String {
        format!("{}:stamp", self.name())
    }
}

/// Where in Redis the board is.
pub(super) struct Keys {
    notes: String,
    pieces: String,
}

impl Keys {
    pub(super) fn of(prefix: &str, source: &str) -> Self {
        // What is in braces is what a cluster places it by: all of it is in one place.
        let source = &KeyHash::of(source.as_bytes()).to_hex()[..32];
        let notes = format!("{prefix}:keys:{{{source}}}");
        Self { pieces: format!("{notes}:pieces"), notes }
    }

    pub(super) fn both(&self) -> [&str; 2] {
        [&self.notes, &self.pieces]
    }
}

/// What there is at a look.
pub(super) struct Seen {
    /// Redis' clock, in Unix milliseconds.
    pub(super) now: i64,
    pub(super) is_reader: bool,
    pub(super) stamps: [Option<i64>; Note::ALL.len()],
}

const NOW: &str = "local time = redis.call('TIME')\n\
                   local now = time[1] * 1000 + math.floor(time[2] / 1000)\n";

/// ARGV is who looks, for how many milliseconds it would have the lease (0: not at all), for how many a board is kept that
/// nobody reads for, and the fields of the stamps that are to be told.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    let look = "local lease = redis.call('HMGET', KEYS[1], 'reader', 'until')\n\
                local ends = tonumber(lease[2]) or 0\n\
                local mine, longest = lease[1] == ARGV[1], tonumber(ARGV[4])\n\
                -- One that ends later than any can was given before the clock was set back.\n\
                local held = lease[1] and ends > now and ends <= now + longest\n\
                if ARGV[2] ~= '0' and (mine or not held) then\n\
                    redis.call('HSET', KEYS[1], 'reader', ARGV[1], 'until', now + ARGV[2])\n\
                    redis.call('PEXPIRE', KEYS[1], ARGV[3])\n\
                    redis.call('PEXPIRE', KEYS[2], ARGV[3])\n\
                    mine, held = true, true\n\
                end\n\
                return {now, (mine and held) and 1 or 0, redis.call('HMGET', KEYS[1], unpack(ARGV, 5))}\n";
    Script::new(&format!("{NOW}{look}"))
});

/// ARGV is the field of the stamp, the field of the text, the stamp (or nothing, for now), the text, and for how long a board
/// is kept. Answers the stamp that it got; 0 where a later one is there.
static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    let leave = "local stamp = math.min(tonumber(ARGV[3]) or now, now)\n\
                 local there = tonumber(redis.call('HGET', KEYS[1], ARGV[1])) or 0\n\
                 if there > stamp and there <= now then return 0 end\n\
                 redis.call('HSET', KEYS[1], ARGV[1], stamp, ARGV[2], ARGV[4])\n\
                 if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end\n\
                 return stamp\n";
    Script::new(&format!("{NOW}{leave}"))
});

/// ARGV is the field of the directory's stamp, the stamp, and the names of its pieces. Answers 0 if one of them is missing.
static TIDY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 1 end\n\
         local kept = {}\n\
         for place = 3, #ARGV do kept[ARGV[place]] = true end\n\
         for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do\n\
             if kept[name] then kept[name] = nil else redis.call('HDEL', KEYS[2], name) end\n\
         end\n\
         return next(kept) and 0 or 1\n",
    )
});

pub(super) async fn look(
    connection: &mut Connection,
    keys: &Keys,
    server: &str,
    lease: Option<Duration>,
) -> Result<Seen, RedisError> {
    let mut arguments = vec![
        server.to_owned(),
        lease.map_or(0, |lease| lease.as_millis()).to_string(),
        KEPT.as_millis().to_string(),
        super::LEASE.as_millis().to_string(),
    ];
    arguments.extend(Note::ALL.map(Note::stamp));
    let (now, is_reader, stamps): (i64, bool, Vec<Option<i64>>) =
        run(connection, &LOOK, &keys.both(), &arguments).await?;
    let mut all = [None; Note::ALL.len()];
    all.iter_mut().zip(stamps).for_each(|(place, stamp)| *place = stamp);
    Ok(Seen { now, is_reader, stamps: all })
}

pub(super) async fn leave(
    connection: &mut Connection,
    keys: &Keys,
    note: Note,
    stamp: Option<i64>,
    text: &str,
) -> Result<Option<i64>, RedisError> {
    let stamp = stamp.map(|stamp| stamp.to_string()).unwrap_or_default();
    let arguments =
        [note.stamp(), note.name().to_owned(), stamp, text.to_owned(), KEPT.as_millis().to_string()];
    let stamp: i64 = run(connection, &LEAVE, &[&keys.notes], &arguments).await?;
    Ok((stamp != 0).then_some(stamp))
}

pub(super) async fn read(
    connection: &mut Connection,
    keys: &Keys,
    note: Note,
) -> Result<Option<(i64, String)>, RedisError> {
    let command = cmd("HMGET").arg(&keys.notes).arg(note.stamp()).arg(note.name()).to_owned();
    let (stamp, text): (Option<i64>, Option<String>) = ask(connection, command).await?;
    Ok(stamp.zip(text))
}

pub(super) async fn names(connection: &mut Connection, keys: &Keys) -> Result<HashSet<String>, RedisError> {
    ask(connection, cmd("HKEYS").arg(&keys.pieces).to_owned()).await
}

pub(super) async fn fetch(
    connection: &mut Connection,
    keys: &Keys,
    name: &str,
) -> Result<Option<Vec<u8>>, RedisError> {
    ask(connection, cmd("HGET").arg(&keys.pieces).arg(name).to_owned()).await
}

pub(super) async fn put(
    connection: &mut Connection,
    keys: &Keys,
    pieces: &[&Piece],
) -> Result<(), RedisError> {
    let mut command = cmd("HSET");
    command.arg(&keys.pieces);
    for (name, bytes) in pieces {
        command.arg(name).arg(bytes);
    }
    ask::<i64>(connection, command).await?;
    let kept = KEPT.as_millis().to_string();
    ask(connection, cmd("PEXPIRE").arg(&keys.pieces).arg(kept).to_owned()).await
}

pub(super) async fn tidy(
    connection: &mut Connection,
    keys: &Keys,
    stamp: i64,
    kept: &[&str],
) -> Result<bool, RedisError> {
    let mut arguments = vec![Note::Directory.stamp(), stamp.to_string()];
    arguments.extend(kept.iter().map(|name| (*name).to_owned()));
    run(connection, &TIDY, &keys.both(), &arguments).await
}

/// By the script's name, and with its text where Redis does not know it.
async fn run<T: FromRedisValue>(
    connection: &mut Connection,
    script: &Script,
    keys: &[&str],
    arguments: &[String],
) -> Result<T, RedisError> {
    let command = |spelt_out| script.command(keys, spelt_out).arg(arguments).to_owned();
    match ask(connection, command(false)).await {
        Err(error) if error.code() == Some("NOSCRIPT") => ask(connection, command(true)).await,
        answer => answer,
    }
}
