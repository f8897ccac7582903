//! SIGKILL under load, again and again in one folder: not one answered request is missing from the counts, and none
//! that was not sent is in them (P23).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Serving, folder_with_keys};

const ROUNDS: usize = 50;

const CONNECTIONS: usize = 8;

/// How many requests a connection sends before it reads their answers.
const IN_FLIGHT: usize = 16;

const KEYS: &str = "api_key,client_name,is_active,rate_limit\n\
                    sk-convergence-free,Free,TRUE,\nsk-convergence-limited,Limited,TRUE,10\n";

const SETTINGS: &[(&str, &str)] = &[
    ("AUTH_ENABLED", "true"),
    ("KEYS_FILE", "keys.csv"),
    ("API_PORT", "0"),
    // The database is written by the way as well, not at the end only.
    ("USAGE_FLUSH_INTERVAL", "1"),
    ("INSTANCE", "one"),
];

/// Answers that have come back, and requests that were sent.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    refused: AtomicU64,
    sent: AtomicU64,
}

/// Sends requests until the server is gone; every other with a key that is soon over its limit.
fn load(address: &str, seen: &Seen) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let request =
        |key| format!("GET /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\r\n");
    let pair = [request("sk-convergence-free"), request("sk-convergence-limited")].concat();
    let batch = pair.repeat(IN_FLIGHT / 2);
    let mut received = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        seen.sent.fetch_add(IN_FLIGHT as u64, Ordering::Relaxed);
        if stream.write_all(batch.as_bytes()).is_err() {
            return;
        }
        let mut open = IN_FLIGHT;
        while open > 0 {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => received.extend_from_slice(&buffer[..length]),
            }
            while let Some(status) = take_answer(&mut received) {
                let refused = u64::from(status == 429);
                seen.answered.fetch_add(1, Ordering::Relaxed);
                seen.refused.fetch_add(refused, Ordering::Relaxed);
                open -= 1;
            }
        }
    }
}

/// The status of the first answer, which is taken out if it is there whole.
fn take_answer(received: &mut Vec<u8>) -> Option<u16> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..end]).expect("a head in ASCII").to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ").expect("a length");
    let length: usize = length.split("\r\n").next().expect("a line").parse().expect("a number");
    let status = head["http/1.1 ".len()..][..3].parse().expect("a status");
    (received.len() >= end + length).then(|| received.drain(..end + length))?;
    Some(status)
}

/// Admitted and refused requests, as a command tells them.
fn counted(folder: &Path) -> (u64, u64) {
    let lines = testkit::usage(env!("CARGO_BIN_EXE_convergence"), &folder.join("data"), "client");
    let sum = |name: &str| lines.iter().filter_map(|line| line[name].as_u64()).sum();
    (sum("requests"), sum("rate_limited"))
}

#[test]
fn p23_no_answered_request_is_lost_by_fifty_kills_under_load() {
    let folder = folder_with_keys();
    std::fs::write(folder.path().join("keys.csv"), KEYS).expect("a keys file");
    let (mut requests, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut serving = Serving::start(folder.path(), &["serve"], SETTINGS);
        serving.line_with("keys are up to date");
        let address = serving.url.trim_start_matches("http://").to_owned();
        let seen = Seen::default();
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| load(&address, &seen));
            }
            // At another instant each time, and in each of the keeper's: it is no matter how long this takes.
            std::thread::sleep(Duration::from_millis(40 + 37 * (round as u64 % 25)));
            serving.child.kill().expect("a process to kill");
            serving.child.wait().expect("an exit status");
        });
        let now = counted(folder.path());
        let [answered, refusals, sent] =
            [&seen.answered, &seen.refused, &seen.sent].map(|number| number.load(Ordering::Relaxed));
        let (more, more_refused) = (now.0 - requests, now.1 - refused);
        assert!(answered > 0, "round {round} has shown nothing");
        assert!(
            (answered..=sent).contains(&more),
            "{answered} answered, {sent} sent, {more} counted in round {round}"
        );
        assert!(more_refused >= refusals, "{refusals} refused, {more_refused} counted in round {round}");
        (requests, refused) = now;
    }
    // Nothing changes once the next process has taken over what the last has left.
    let mut serving = Serving::start(folder.path(), &["serve"], SETTINGS);
    serving.line_with("keys are up to date");
    assert_eq!(serving.terminate().0, Some(0));
    assert_eq!(counted(folder.path()), (requests, refused));
}
