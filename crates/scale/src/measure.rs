//! Measures what the constants of `costs` say, on a real Redis: processor time as Redis itself counts it, which other work on
//! the machine disturbs little. The only part of this crate that knows a clock or a network.

mod wire;

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use self::wire::{Connection, Redis, packed};

/// Each figure is the median of so many.
const ROUNDS: usize = 9;
/// Commands of one round.
const COMMANDS: u32 = 20_000;
/// As many as are sent before the first answer is read.
const PIPELINE: u32 = 100;

/// A Redis that knows the script, and a connection to it.
struct Bench {
    redis: Redis,
    connection: Connection,
    /// The script's name.
    sha: String,
}

/// Prints a figure for each constant.
///
/// # Errors
/// There is no Redis on this machine, or no script in that file.
pub fn costs(window: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(window)
        .map_err(|error| io::Error::other(format!("{}: {error}", window.display())))?;
    // As `fleet::script` completes it.
    let text = format!(
        "{text}\nlocal time = redis.call('TIME')\n\
         return decide(time[1] * 1000 + math.floor(time[2] / 1000), KEYS[1], ARGV)\n"
    );
    let redis = Redis::start()?;
    let mut connection = redis.connect()?;
    let sha = connection.ask(&["SCRIPT", "LOAD", &text])?;
    let about = connection.ask(&["INFO", "server"])?;
    println!("{}", about.lines().find(|line| line.starts_with("redis_version")).unwrap_or_default());
    let mut bench = Bench { redis, connection, sha };
    bench.scripts()?;
    bench.calls()?;
    bench.connections()?;
    bench.memory()
}

/// The key of a client's window.
fn key(client: u32) -> String {
    format!("convergence:window:{{{client:032x}}}")
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

impl Bench {
    fn figure(&mut self, name: &str, each: impl Fn(&mut Self) -> io::Result<f64>) -> io::Result<()> {
        let figures: io::Result<Vec<f64>> = (0..ROUNDS).map(|_| each(self)).collect();
        println!("{name:70} {:9.2}", median(figures?));
        Ok(())
    }

    /// What is asked about one client.
    fn call(&self, client: u32, limits: &[u32]) -> Vec<u8> {
        let mut words = ["EVALSHA", &self.sha, "1", &key(client), "0"].map(str::to_owned).to_vec();
        words.extend(limits.iter().map(u32::to_string));
        packed(&words)
    }

    /// Sends commands by so many at a time, and reads as many answers.
    fn run(&mut self, pipeline: u32, command: impl Fn(&Self, u32) -> Vec<u8>) -> io::Result<()> {
        for first in (0..COMMANDS).step_by(usize::try_from(pipeline).unwrap_or(1)) {
            let bytes: Vec<u8> = (first..first + pipeline).flat_map(|number| command(self, number)).collect();
            self.connection.stream.write_all(&bytes)?;
            for _ in 0..pipeline {
                self.connection.answer()?;
            }
        }
        Ok(())
    }

    /// Microseconds in the script, each time.
    fn script(&mut self, command: impl Fn(&Self, u32) -> Vec<u8>) -> io::Result<f64> {
        self.connection.scripts()?;
        self.run(PIPELINE, command)?;
        self.connection.scripts()
    }

    /// Microseconds of processor time for each of so many.
    fn cpu(&mut self, number: u32, work: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<f64> {
        let before = self.connection.cpu()?;
        work(self)?;
        Ok((self.connection.cpu()? - before) / f64::from(number))
    }

    /// A window of so many runs, so many milliseconds from each other, the last of them now.
    fn fill(&mut self, client: u32, runs: u32, apart: u32) -> io::Result<()> {
        let time = self.connection.ask(&["TIME"])?;
        let seconds: i64 = time.lines().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
        self.connection.ask(&["DEL", &key(client)])?;
        let mut words = ["RPUSH", &key(client), "0", "0"].map(str::to_owned).to_vec();
        for run in 1..=runs {
            let ago = i64::from(runs - run) * i64::from(apart);
            words.extend([(seconds * 1_000 - ago).to_string(), run.to_string()]);
        }
        self.connection.ask(&words).map(|_| ())
    }

    fn scripts(&mut self) -> io::Result<()> {
        let of = |limits: &'static [u32]| {
            move |bench: &mut Self| bench.script(|bench, number| bench.call(number % 1_000, limits))
        };
        self.figure("script, one limit beyond 1,000, us", of(&[100_000]))?;
        self.figure("script, one limit up to 1,000, us", of(&[1_000]))?;
        self.figure("script, 32 limits, us", of(&[100_000_000; 32]))?;
        for (runs, apart) in [(60, 900), (600, 100), (1_000, 55)] {
            self.figure(&format!("script, refused, a window of {runs} runs, us"), |bench| {
                bench.fill(7, runs, apart)?;
                bench.script(|bench, _| bench.call(7, &[runs]))
            })?;
        }
        Ok(())
    }

    fn calls(&mut self) -> io::Result<()> {
        let call = |bench: &Self, number: u32| bench.call(number % 1_000, &[100_000]);
        let get = |_: &Self, _| packed(&["GET", "convergence:version"]);
        for pipeline in [PIPELINE, 1] {
            self.figure(&format!("CPU of a call, so many at a time: {pipeline}, us"), |bench| {
                bench.cpu(COMMANDS, |bench| bench.run(pipeline, call))
            })?;
            self.figure(&format!("CPU of a GET, so many at a time: {pipeline}, us"), |bench| {
                bench.cpu(COMMANDS, |bench| bench.run(pipeline, get))
            })?;
        }
        self.figure("CPU of a call after a pause of 0.5 ms, us", |bench| {
            bench.cpu(1_000, |bench| {
                for number in 0..1_000 {
                    std::thread::sleep(Duration::from_micros(500));
                    bench.connection.stream.write_all(&call(bench, number))?;
                    bench.connection.answer()?;
                }
                Ok(())
            })
        })?;
        self.figure("round trip of a call on the loopback, median, us", |bench| {
            let mut trips = Vec::new();
            for number in 0..2_000 {
                let command = call(bench, number);
                let begun = Instant::now();
                bench.connection.stream.write_all(&command)?;
                bench.connection.answer()?;
                trips.push(begun.elapsed().as_secs_f64() * 1e6);
            }
            Ok(median(trips))
        })
    }

    fn connections(&mut self) -> io::Result<()> {
        const MANY: u32 = 64;
        self.figure("CPU of a call, one from each of 64 connections, us", |bench| {
            let mut others: Vec<Connection> =
                (0..MANY).map(|_| bench.redis.connect()).collect::<io::Result<_>>()?;
            bench.cpu(300 * MANY, |bench| {
                for _ in 0..300 {
                    for (other, client) in others.iter_mut().zip(0..) {
                        other.stream.write_all(&bench.call(client, &[100_000]))?;
                    }
                    for other in &mut others {
                        other.answer()?;
                    }
                }
                Ok(())
            })
        })?;
        self.figure("CPU of a connection: open, INFO, a call, close, us", |bench| {
            bench.cpu(500, |bench| {
                for _ in 0..500 {
                    let mut one = bench.redis.connect()?;
                    one.ask(&["INFO", "server"])?;
                    one.stream.write_all(&bench.call(1, &[100_000]))?;
                    one.answer()?;
                }
                Ok(())
            })
        })?;
        self.figure("CPU of a megabyte, in a GET of 10, us", |bench| {
            bench.connection.ask(&[b"SET".to_vec(), b"large".to_vec(), vec![b'x'; 10_000_000]])?;
            bench.cpu(100, |bench| {
                for _ in 0..10 {
                    bench.connection.ask(&["GET", "large"])?;
                }
                Ok(())
            })
        })
    }

    fn memory(&mut self) -> io::Result<()> {
        for (runs, apart) in [(1, 1), (60, 900), (1_000, 55)] {
            self.figure(&format!("memory of a window of {runs} runs, bytes"), |bench| {
                bench.fill(8, runs, apart)?;
                let bytes = bench.connection.ask(&["MEMORY", "USAGE", &key(8), "SAMPLES", "0"])?;
                Ok(bytes.parse().unwrap_or(0.0))
            })?;
        }
        Ok(())
    }
}
