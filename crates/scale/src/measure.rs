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
const COMMANDS: usize = 20_000;
const PIPELINE: usize = 100;

/// What is asked about one client.
fn call(sha: &str, client: usize, limits: &[u32]) -> Vec<u8> {
    let mut words = vec!["EVALSHA".to_owned(), sha.to_owned(), "1".to_owned()];
    words.push(format!("convergence:window:{{{client:032x}}}"));
    words.push("0".to_owned());
    words.extend(limits.iter().map(u32::to_string));
    packed(&words)
}

/// Sends commands by so many at a time, and reads as many answers.
fn run(connection: &mut Connection, pipeline: usize, command: impl Fn(usize) -> Vec<u8>) -> io::Result<()> {
    for first in (0..COMMANDS).step_by(pipeline) {
        let bytes: Vec<u8> = (first..first + pipeline).flat_map(&command).collect();
        connection.stream.write_all(&bytes)?;
        for _ in 0..pipeline {
            connection.answer()?;
        }
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The script as the server sends it.
fn script(window: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(window)?;
    let ends = "local time = redis.call('TIME')\nreturn decide(time[1] * 1000 + math.floor(time[2] / 1000), KEYS[1], ARGV)\n";
    Ok(format!("{text}\n{ends}"))
}

/// A client with a window of so many runs, `apart` milliseconds from each other, the last of them now.
fn fill(redis: &mut Connection, client: usize, runs: i64, apart: i64) -> io::Result<()> {
    let time = redis.ask(&["TIME"])?;
    let now: i64 = time.lines().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0) * 1_000;
    let key = format!("convergence:window:{{{client:032x}}}");
    redis.ask(&["DEL", &key])?;
    let mut words = vec!["RPUSH".to_owned(), key, "0".to_owned(), "0".to_owned()];
    for run in 1..=runs {
        words.extend([(now - (runs - run) * apart).to_string(), run.to_string()]);
    }
    redis.ask(&words).map(|_| ())
}

/// Prints one figure for each constant.
///
/// # Errors
/// There is no Redis on this machine, or no script in that file.
pub fn costs(window: &Path) -> io::Result<()> {
    let text = script(window)?;
    let redis = Redis::start()?;
    let mut connection = redis.connect()?;
    let sha = connection.ask(&["SCRIPT", "LOAD", &text])?;
    let version = connection.ask(&["INFO", "server"])?;
    println!("{}", version.lines().find(|line| line.starts_with("redis_version")).unwrap_or_default());

    let mut figure = |name: &str, each: &mut dyn FnMut(&mut Connection) -> io::Result<f64>| -> io::Result<f64> {
        let figures: io::Result<Vec<f64>> = (0..ROUNDS).map(|_| each(&mut connection)).collect();
        let value = median(figures?);
        println!("{name:60} {value:8.2}");
        Ok(value)
    };
    let script_of = |connection: &mut Connection, pipeline: usize, clients: usize, limits: &[u32]| {
        connection.scripts()?;
        run(connection, pipeline, |number| call(&sha, number % clients, limits))?;
        connection.scripts()
    };
    let cpu_of = |connection: &mut Connection, pipeline: usize, command: &dyn Fn(usize) -> Vec<u8>| {
        let before = connection.cpu()?;
        run(connection, pipeline, command)?;
        #[expect(clippy::cast_precision_loss, reason = "20,000")]
        Ok::<f64, io::Error>((connection.cpu()? - before) / COMMANDS as f64)
    };

    let one = figure("script, 1 limit, room, us", &mut |c| script_of(c, PIPELINE, 1_000, &[100_000]))?;
    figure("script, 1 limit of 1,000, room or full, us", &mut |c| script_of(c, PIPELINE, 1_000, &[1_000]))?;
    let many = figure("script, 32 limits, room, us", &mut |c| script_of(c, PIPELINE, 1_000, &[100_000_000; 32]))?;
    println!("{:60} {:8.2}", "  each further limit", (many - one) / 31.0);
    for (name, runs, apart) in
        [("60", 60, 900), ("600, 100 ms", 600, 100), ("1,000, 1 ms at 55 ms", 1_000, 55)]
    {
        let limit = u32::try_from(runs).unwrap_or(u32::MAX);
        figure(&format!("script, refused, runs: {name}, us"), &mut |c| {
            fill(c, 7, runs, apart)?;
            c.scripts()?;
            for _ in 0..20 {
                let bytes: Vec<u8> = (0..PIPELINE).flat_map(|_| call(&sha, 7, &[limit])).collect();
                c.stream.write_all(&bytes)?;
                for _ in 0..PIPELINE {
                    c.answer()?;
                }
            }
            c.scripts()
        })?;
    }
    let evalsha = |number: usize| call(&sha, number % 1_000, &[100_000]);
    let piped = figure("CPU of a call, 100 at a time, us", &mut |c| cpu_of(c, PIPELINE, &evalsha))?;
    let alone = figure("CPU of a call, one at a time, us", &mut |c| cpu_of(c, 1, &evalsha))?;
    println!("{:60} {:8.2}", "  outside of the script", piped - one);
    println!("{:60} {:8.2}", "  a turn with one batch", alone - piped);
    let ping = |_| packed(&["GET", "convergence:version"]);
    figure("CPU of a GET, 100 at a time, us", &mut |c| cpu_of(c, PIPELINE, &ping))?;
    figure("CPU of a GET, one at a time, us", &mut |c| cpu_of(c, 1, &ping))?;

    let mut others: Vec<Connection> = (0..64).map(|_| redis.connect()).collect::<io::Result<_>>()?;
    figure("CPU of a call, one from each of 64 connections, us", &mut |c| {
        let before = c.cpu()?;
        let mut done = 0_u32;
        while done < 20_000 {
            for (number, other) in others.iter_mut().enumerate() {
                other.stream.write_all(&call(&sha, number, &[100_000]))?;
                done += 1;
            }
            for other in &mut others {
                other.answer()?;
            }
        }
        Ok((c.cpu()? - before) / f64::from(done))
    })?;
    figure("CPU of a connection: open, INFO, a call, close, us", &mut |c| {
        let before = c.cpu()?;
        for _ in 0..500 {
            let mut one = redis.connect()?;
            one.ask(&["INFO", "server"])?;
            one.stream.write_all(&call(&sha, 1, &[100_000]))?;
            one.answer()?;
        }
        Ok((c.cpu()? - before) / 500.0)
    })?;
    figure("CPU of GET of 10 MB, us per MB", &mut |c| {
        c.ask(&[b"SET".to_vec(), b"large".to_vec(), vec![b'x'; 10_000_000]])?;
        let before = c.cpu()?;
        for _ in 0..10 {
            c.ask(&["GET", "large"])?;
        }
        Ok((c.cpu()? - before) / 100.0)
    })?;
    figure("CPU of a call after a pause of 0.5 ms, us", &mut |c| {
        let before = c.cpu()?;
        for number in 0..1_000 {
            std::thread::sleep(Duration::from_micros(500));
            c.stream.write_all(&evalsha(number))?;
            c.answer()?;
        }
        Ok((c.cpu()? - before) / 1_000.0)
    })?;
    figure("round trip of one call on the loopback, us, median", &mut |c| {
        let mut trips = Vec::new();
        for number in 0..2_000 {
            let begun = Instant::now();
            c.stream.write_all(&evalsha(number))?;
            c.answer()?;
            trips.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        Ok(median(trips))
    })?;
    for (name, runs, apart) in [("1", 1, 1), ("60", 60, 900), ("1,000", 1_000, 55)] {
        figure(&format!("memory of a window of runs: {name}, bytes"), &mut |c| {
            fill(c, 8, runs, apart)?;
            let bytes = c.ask(&["MEMORY", "USAGE", &format!("convergence:window:{{{:032x}}}", 8), "SAMPLES", "0"])?;
            Ok(bytes.parse().unwrap_or(0.0))
        })?;
    }
    Ok(())
}
