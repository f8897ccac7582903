//! What things cost, and where each figure is from. All of the model's figures are here.
//!
//! "Measured" means `cargo run --release -p convergence-scale -- measure` on 2026-11-27: Redis 7.0.15 of Debian 12, two cores of a
//! virtual machine (Intel Xeon, Linux 6.18) beside other work; medians of 9 rounds, in the processor time that Redis itself
//! counts. Another processor is faster or slower by a factor; what the model says of ratios stays.

use crate::agenda::{MICRO, MILLI, SECOND, Time};

/// The script for one request of a client, whether it is let in or refused. Measured: 7.6 to 11.6 us
/// (`usec_per_call` of `INFO commandstats`).
pub const SCRIPT: Time = 10 * MICRO;
/// Each further request of the same client in one call. Measured: 32 of them take 30 to 46 us.
pub const FURTHER: Time = 700;
/// What Redis does for a call outside of the script: it reads the words and finds the command. Measured: up to 1.2 us.
pub const COMMAND: Time = 1_200;
/// What Redis does for each connection that has sent something: one read, one write. Measured with 64 connections that
/// send one call each: 13.0 to 13.4 us for a call, of which 10 are the call.
pub const CONNECTION: Time = 2_900;
/// What it costs Redis more if it slept when something came, at the most: the kernel has to wake it, and the processor's caches
/// are cold. Measured with a pause of 0.5 ms before each call: 49 to 57 us for what takes 15 without.
pub const WAKE: Time = 40 * MICRO;
/// The part of its sleep that this is, for a shorter one: an eighth. Real servers (commit 0c7d2d7) made Redis work for 54 us in each
/// call at 1,500 calls/s, 36 us at 6,000, and 19 us at 15,000.
pub const WAKE_PART: Time = 8;
/// What Redis does once in each turn of its loop. Measured with GET, one at a time: 5.2 to 5.5 us, less 0.5 for the command and 2.9
/// for the connection.
pub const TURN: Time = 1_800;
/// A connection to Redis: opened, asked for its version, closed later. Measured: 38 to 126 us with one call and its batch.
pub const CONNECT: Time = 70 * MICRO;
/// A GET of a few bytes. Measured.
pub const GET: Time = 500;
/// What Redis needs to send a megabyte. Measured with values of 10 MB: 680 to 780 us, on the loopback, where it pays for the receiver too.
pub const MEGABYTE: Time = 700 * MICRO;
/// How many calls Redis takes from one connection in a turn of its loop: it reads 16 KiB at a time, and a call has 158
/// bytes (`PROTO_IOBUF_LEN` of its source; `EVALSHA`, 40 digits, a key of 55 bytes, two numbers).
pub const CALLS_PER_READ: usize = 103;

/// A request up to its decision: read, parsed, its key looked up. With `ANSWER` 5.5 us, which is what `decision` of
/// docs/PERFORMANCE.md shows with some 25 requests in a turn (2026-11-27, commit 1ad9d1b).
pub const ASK: Time = 3 * MICRO;
/// From the decision to the answer on the socket.
pub const ANSWER: Time = 2_300;
/// What a thread does once in each turn of its loop. Assumed; with 25 requests in a turn it hardly matters.
pub const LOOP: Time = 5 * MICRO;
/// What a thread does to send a batch, and to read what comes back. Chosen so that a request costs 21 us more with Redis than
/// without, where each is a batch: a real server took 24 us more at 6,000 requests/s (commit 0c7d2d7).
pub const SEND: Time = 12 * MICRO;
/// What a thread does for each call in a batch. A server that is full needs 11.3 us for a request with Redis and 6.6
/// without, and its batches are large (measured with the real program, commit 0c7d2d7).
pub const CALL: Time = 3_500;
/// What a thread does for each request that waits for Redis. Assumed.
pub const WAITING: Time = MICRO;

/// A key with what is known of it, as the snapshot on disk has it: a line of JSON (`sync::snapshot`), 200 bytes with a name of 15.
pub const KEY_BYTES: u64 = 200;
/// A window in Redis' memory: of 60 requests, and of 1,000. Measured: 952 and 13,536 bytes (`MEMORY USAGE`).
pub const WINDOW_BYTES: [u64; 2] = [952, 13_536];
/// A row of the ledger on disk, one for each minute in which a key uses an endpoint, and one for each such hour and day. By
/// docs/usage.md: 60,000 of the first take 2.1 MB.
pub const ROW_BYTES: u64 = 35;
/// To add to a row of the ledger. Measured with three tables of `SQLite` as the ledger has them, 15,000 rows in each
/// transaction, by Python's `sqlite3`: 2.4 us.
pub const ROW_TIME: Time = 2_400;

/// How often a server asks Google for the time zone of its spreadsheet (`keys::google`).
pub const LOOK_AGAIN: Time = 600 * SECOND;
/// What Google allows in a minute, of reads and of writes: one account, and all of a project (its "Usage limits" of the Sheets
/// API, as stored in 2026).
pub const ALLOWED: [usize; 2] = [60, 300];

/// The network between a server and Redis, there and back: in one rack, in one region, between regions. Given, not
/// measured.
pub const ROUND_TRIPS: [Time; 3] = [100 * MICRO, 500 * MICRO, 2 * MILLI];
/// What Redis' network carries: 10 Gbit/s, in nanoseconds for a megabyte. Given.
pub const WIRE_MEGABYTE: Time = 800 * MICRO;

/// How long a request waits for Redis (`REDIS_TIMEOUT_MS`). This and all below as in commit 500b7d7.
pub const DEADLINE: Time = 50 * MILLI;
/// Between two tries to come back, at first and at most (`fleet::link`).
pub const PAUSES: (Time, Time) = (100 * MILLI, 2 * SECOND);
/// A connection that held for so long begins with the shortest pause.
pub const HELD: Time = 10 * SECOND;
/// How long a connection may take to be there (`fleet::access`), and what is told to be answered (`fleet::presence`).
pub const PATIENCE: Time = SECOND;
/// Between two words of a link (`fleet::link`).
pub const WORDS: Time = 2 * SECOND;
/// As many clients as a server could tell about at a time, if it did not mind the others.
pub const PIECE: usize = 500;
/// How often a server looks for clients to tell about (`fleet::presence`).
pub const LOOK: Time = 200 * MILLI;
/// As many as are told about at a time (`fleet::presence`); then each server waits for so long times their number, more or less by a half.
pub const GENTLE_PIECE: usize = 10;
/// See [`GENTLE_PIECE`]: all servers together send 10 calls in 500 us, which is a fifth of Redis' time.
pub const GENTLE_PAUSE: Time = 500 * MICRO;
/// As many requests as go out together at the most (`fleet::link`).
pub const LARGEST: usize = 1_024;

/// Threads of a server: one for each of its cores.
pub const THREADS: usize = 4;
