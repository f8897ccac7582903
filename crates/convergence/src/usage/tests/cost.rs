//! What counting a request costs, what keeping the counts costs, and how large they become.
//!
//! `cargo test --release -p convergence --lib -- --ignored --nocapture what_counting_costs`. One thread counts as a request does, under 1, 1,000 and 100,000 keys, with the
//! keeper's turn twice a second beside it; then two threads at once. "on" is the whole; "off" is the same loop without the
//! count, so that the difference is the cost. Figures of one run are to be compared with each other only.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{BEGIN, Bookkeeper, Counted, Endpoint, Kind, Tally, Whose};
use crate::usage::store;

const COUNTS: u64 = 4_000_000;

#[test]
#[ignore = "a cost to be read off by hand"]
fn what_counting_costs() {
    for keys in [1, 1_000, 100_000] {
        let clients: Vec<String> = (0..keys).map(|number| format!("Client {number}")).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let tally = Arc::new(Tally::new(folder.path().to_owned(), "me", 1, Box::new(|| {})));
        let mut books =
            Bookkeeper::new(Arc::clone(&tally), folder.path().to_owned(), Arc::new(Counted::new(9)));
        books.gather().expect("a disk");
        let endpoint = Endpoint::new("GET /auth/verify");
        let off = per_count(COUNTS, |number| black_box(whose(&clients, &endpoint, number)).key);
        let stop = AtomicBool::new(false);
        let (one, two) = std::thread::scope(|scope| {
            scope.spawn(|| keep(&mut books, &stop));
            let on = || per_count(COUNTS, |number| count(&tally, &clients, &endpoint, number));
            let one = on();
            let pair = [scope.spawn(on), scope.spawn(on)].map(|thread| thread.join().expect("a thread"));
            stop.store(true, Ordering::Relaxed);
            (one, pair[0].max(pair[1]))
        });
        println!("{keys:>7} keys: off {off:5.1} ns, on {one:6.1} ns, two threads at once {two:6.1} ns each");
    }
    size();
}

/// As the keeper does, with the database at every twentieth turn.
fn keep(books: &mut Bookkeeper, stop: &AtomicBool) {
    for turn in 1.. {
        std::thread::sleep(Duration::from_millis(500));
        books.gather().expect("a disk");
        if turn % 20 == 0 {
            books.post(BEGIN).expect("a disk");
        }
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn whose<'a>(clients: &'a [String], endpoint: &'a Endpoint, number: u64) -> Whose<'a> {
    // In an order that no cache knows.
    let place =
        usize::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap_or_default() % clients.len();
    Whose { client: &clients[place], key: place as u64, endpoint }
}

fn count(tally: &Tally, clients: &[String], endpoint: &Endpoint, number: u64) -> u64 {
    tally.count(whose(clients, endpoint, number), Kind::Admitted, 1, BEGIN);
    number
}

/// Nanoseconds for each.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_count(times: u64, work: impl Fn(u64) -> u64) -> f64 {
    let start = Instant::now();
    for number in 0..times {
        black_box(work(black_box(number)));
    }
    start.elapsed().as_nanos() as f64 / times as f64
}

/// A million requests in an hour, of 100 clients with two keys each on 5 endpoints.
fn size() {
    let folder = tempfile::tempdir().expect("a folder");
    let tally = Arc::new(Tally::new(folder.path().to_owned(), "me", 1, Box::new(|| {})));
    let mut books = Bookkeeper::new(Arc::clone(&tally), folder.path().to_owned(), Arc::new(Counted::new(9)));
    books.gather().expect("a disk");
    let clients: Vec<String> = (0..100).map(|number| format!("Client {number}")).collect();
    let endpoints: Vec<Endpoint> =
        (0..5).map(|number| Endpoint::new(&format!("GET /v1/endpoint-{number}"))).collect();
    let mut took = Duration::ZERO;
    for minute in 0..60_u64 {
        for number in 0..1_000_000 / 60 {
            let key = number % 200;
            let [client, endpoint] =
                [key / 2, number / 200 % 5].map(|place| usize::try_from(place).unwrap_or_default());
            let (client, endpoint) = (&clients[client], &endpoints[endpoint]);
            let unix = BEGIN + i64::try_from(minute * 60).unwrap_or_default();
            tally.count(Whose { client, key, endpoint }, Kind::Admitted, 1, unix);
        }
        let start = Instant::now();
        books.gather().expect("a disk");
        books.post(BEGIN + 3_600).expect("a disk");
        took += start.elapsed();
    }
    let with_minutes = used(folder.path());
    // An empty turn two days later drops the minutes.
    tally.count(
        Whose { client: "Client 0", key: 0, endpoint: &endpoints[0] },
        Kind::Admitted,
        1,
        BEGIN + 4 * 86_400,
    );
    books.gather().expect("a disk");
    books.post(BEGIN + 4 * 86_400).expect("a disk");
    let without = used(folder.path());
    println!(
        "a million requests, 1,000 combinations in each of 60 minutes: {with_minutes} bytes, {without} after two days"
    );
    println!("putting them on the disk and into the database took {} ms", took.as_millis());
}

/// The bytes of the pages that are in use.
fn used(folder: &std::path::Path) -> i64 {
    let connection = rusqlite::Connection::open(store::path(folder)).expect("a database");
    let number =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("a number");
    (number("page_count") - number("freelist_count")) * number("page_size")
}
