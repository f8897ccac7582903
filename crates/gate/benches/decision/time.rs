//! Nanoseconds per decision.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gate::{Asked, Gate, Now, Scopes};
use jiff::tz::TimeZone;

use crate::keys::{Headers, records};

const ASKED: Asked<'static> = Asked {
    address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    method: "GET",
    scopes: Scopes::Needed(&[]),
    environment: "",
};

const BATCHES: usize = 1_000;
const BATCH: u32 = 1_000;

/// How a decision gets its moment.
#[derive(Clone, Copy)]
enum Clock {
    /// One moment after another, at no cost: so far apart that in all a round of the keys takes 10 s, and a window
    /// holds six requests or seven.
    Given { step: Duration },
    /// Both clocks are read, as a server does.
    Read,
}

/// All lines for this number of keys, each its own client's.
pub(crate) fn table(keys: usize) {
    let gate = Gate::shut();
    // As a server does, so that no request has to look into the calendar.
    gate.set_time_zone(&TimeZone::UTC, Now { unix: unix(), uptime: Duration::ZERO });
    // So large a limit that all are admitted, which is the longest way.
    gate.replace(records(keys, keys, u32::MAX), i64::MAX);
    let mut bench = Bench { gate, keys, unix: unix(), uptime: Duration::from_secs(1_000) };
    let given = Clock::Given { step: Duration::from_secs(10) / u32::try_from(keys).unwrap_or(u32::MAX) };
    for threads in [1, 2] {
        bench.line(threads, "all clients", given, |seed| Headers::of_all(keys, seed));
        bench.line(threads, "one client", given, |_| Headers::of_one(keys / 2));
    }
    bench.line(1, "all clients, clocks read", Clock::Read, |seed| Headers::of_all(keys, seed));
    bench.while_refreshed(given);
}

struct Bench {
    gate: Gate,
    keys: usize,
    /// The wall clock of the moments that are given.
    unix: i64,
    /// Where the next line's time begins, after all that has been.
    uptime: Duration,
}

impl Bench {
    fn line(&mut self, threads: u64, who: &str, clock: Clock, headers: impl Fn(u64) -> Headers) {
        let headers: Vec<_> = (0..threads).map(headers).collect();
        self.warm_up(&headers[0], clock);
        let start = Barrier::new(headers.len());
        let this = &*self;
        let measure = |headers| {
            start.wait();
            this.batches(headers, BATCHES, clock)
        };
        let times = thread::scope(|scope| {
            let threads: Vec<_> =
                headers.iter().map(|headers| scope.spawn(move || measure(headers))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("nothing panics")).collect()
        });
        self.uptime += Duration::from_secs(1_000_000);
        print(&format!("{:>9} keys, {threads} thread(s), {who}", self.keys), times);
    }

    /// The same while another thread replaces the directory without a pause.
    fn while_refreshed(&mut self, clock: Clock) {
        let headers = Headers::of_all(self.keys, 7);
        self.warm_up(&headers, clock);
        let times = thread::scope(|scope| {
            let requests = scope.spawn(|| self.batches(&headers, BATCHES, clock));
            while !requests.is_finished() {
                self.gate.replace(records(self.keys, self.keys, u32::MAX), i64::MAX);
            }
            requests.join().expect("nothing panics")
        });
        print(&format!("{:>9} keys, 1 thread(s), while refreshed", self.keys), times);
    }

    /// Eight rounds of 10 s, so that the windows are as large as they get: to make room is not what is to be measured.
    fn warm_up(&mut self, headers: &Headers, clock: Clock) {
        let rounds = (8 * headers.len()).div_ceil(BATCH as usize);
        self.batches(headers, rounds, clock);
        self.uptime += Duration::from_secs(80);
    }

    /// The nanoseconds per decision of each batch.
    fn batches(&self, headers: &Headers, batches: usize, clock: Clock) -> Vec<f64> {
        let mut headers = headers.cycle();
        let (started, mut given) = (Instant::now(), self.uptime);
        let mut batch = |_| {
            let batch_started = Instant::now();
            for header in headers.by_ref().take(BATCH as usize) {
                let now = match clock {
                    Clock::Given { step } => {
                        given += step;
                        Now { unix: self.unix, uptime: given }
                    }
                    Clock::Read => Now { unix: unix(), uptime: given + started.elapsed() },
                };
                assert!(black_box(self.gate.admit([header], &ASKED, now)).is_ok());
            }
            batch_started.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
        };
        (0..batches).map(&mut batch).collect()
    }
}

fn unix() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn print(label: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{label:<44} {median:>7.0}  {:>7.0}  {p99:>7.0}", times[0]);
}
