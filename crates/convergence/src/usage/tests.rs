//! Counting, keeping and reporting against a naive model: a map, and a process that ends at any moment.

mod cost;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::usage::tally::files;

/// 2025-12-01 00:00:00 UTC.
const BEGIN: i64 = 1_764_547_200;

/// A process that counts.
struct Process {
    tally: Arc<Tally>,
    books: Bookkeeper,
}

impl Process {
    fn start(folder: &Path, run: u64) -> Self {
        let tally = Arc::new(Tally::new(folder.to_owned(), "me", run, Box::new(|| {})));
        let mut books = Bookkeeper::new(Arc::clone(&tally), folder.to_owned());
        books.gather().expect("a disk");
        Self { tally, books }
    }

    fn count(&self, client: &str, key: u64, endpoint: &str, kind: Kind, now: i64) {
        let endpoint = &Endpoint::new(endpoint);
        self.tally.count(Whose { client, key, endpoint }, kind, 1, now);
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// So many requests of one kind, by client, key and endpoint.
    Count(usize, u64, usize, usize, usize),
    Wait(i64),
    Gather,
    Post,
    /// SIGKILL, and another process; whether it recovers at once.
    Kill(bool),
    /// A stop in good order, and another process.
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_usize, 1..3_u64, 0..2_usize, 0..7_usize, 1..9_usize)
            .prop_map(|(client, key, endpoint, kind, times)| Step::Count(client, key, endpoint, kind, times)),
        3 => (0..10_000_i64).prop_map(Step::Wait),
        2 => Just(Step::Gather),
        2 => Just(Step::Post),
        1 => any::<bool>().prop_map(Step::Kill),
        1 => Just(Step::Stop),
    ]
}

const CLIENTS: [&str; 3] = ["Acme", "=SUM(1)", "Zoë's long name, which takes several words"];
const ENDPOINTS: [&str; 2] = ["GET /v1/*", ""];
const KINDS: [Kind; 7] = [
    Kind::Admitted,
    Kind::RateLimited,
    Kind::QuotaExceeded,
    Kind::Denied,
    Kind::Failed,
    Kind::ShadowLimited,
    Kind::AudioMs,
];

/// What was counted, by minute and whose.
type Model = BTreeMap<(i64, &'static str, u64, &'static str), Totals>;

fn count(model: &mut Model, about: (i64, &'static str, u64, &'static str), kind: Kind, now: i64) {
    let mut numbers = [0; totals::KINDS];
    numbers[kind as usize] = 1;
    let used = matches!(kind, Kind::Admitted | Kind::RateLimited);
    model.entry(about).or_default().add(&Totals::of(numbers, if used { now } else { 0 }));
}

/// Each line of a report as the model has it: the client, what it is grouped by, the numbers.
fn expected(model: &Model, by: &str) -> BTreeMap<(String, String), Totals> {
    let mut lines: BTreeMap<(String, String), Totals> = BTreeMap::new();
    for ((minute, client, key, endpoint), totals) in model {
        let group = match by {
            "key" => gate::Fingerprint::of_number(*key).to_string(),
            "endpoint" => (*endpoint).to_owned(),
            "day" => day_of(*minute).to_string(),
            "hour" => jiff::Timestamp::from_second(minute - minute % 3_600).unwrap().to_string(),
            _ => String::new(),
        };
        lines.entry(((*client).to_owned(), group)).or_default().add(totals);
    }
    lines
}

fn reported(folder: &Path, by: &str, now: i64) -> BTreeMap<(String, String), Totals> {
    let asked = Asked { since: Some("2025-12-01"), by: Some(by), ..Asked::default() };
    let question = asked.question(now).expect("a question");
    let line = |entry: Entry| {
        let group = entry.key.or(entry.endpoint).or(entry.day).or(entry.hour).unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few seconds of speech"
        )]
        let audio_ms = (entry.audio_seconds * 1_000.0).round() as u64;
        let last = entry.last_used_at.map_or(0, |at| at.parse::<jiff::Timestamp>().unwrap().as_second());
        let Entry { admitted, rate_limited, quota_exceeded, denied, failed, shadow_limited, .. } = entry;
        let numbers = [admitted, rate_limited, quota_exceeded, denied, failed, shadow_limited, audio_ms];
        ((entry.client_name, group), Totals::of(numbers, last))
    };
    report(folder, &question, now).expect("a report").into_iter().map(line).collect()
}

/// From the beginning of the model on, to a moment.
fn stretches(length: i64, now: i64) -> Stretches {
    let number = usize::try_from((now - BEGIN) / length + 1).expect("a number");
    Stretches { since: BEGIN, length, number }
}

/// What the model says of them, by client.
fn expected_course(model: &Model, stretches: &Stretches) -> BTreeMap<String, Used> {
    let mut course: BTreeMap<String, Used> = BTreeMap::new();
    for ((minute, client, ..), totals) in model {
        let used = course.entry((*client).to_owned()).or_default();
        used.requests.resize(stretches.number, 0);
        used.totals.add(totals);
        let place = usize::try_from((minute - BEGIN) / stretches.length).expect("after the beginning");
        used.requests[place] += u32::try_from(totals.requests()).expect("a few");
    }
    course
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn p23_counts_are_exact_whenever_the_process_is_killed(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("usage");
        let (mut now, mut run) = (BEGIN, 1);
        let mut model = Model::new();
        let mut process = Process::start(&folder, run);
        for step in steps {
            match step {
                Step::Count(client, key, endpoint, kind, times) => {
                    let (client, endpoint, kind) = (CLIENTS[client], ENDPOINTS[endpoint], KINDS[kind]);
                    for _ in 0..times {
                        process.count(client, key, endpoint, kind, now);
                        count(&mut model, (now - now % 60, client, key, endpoint), kind, now);
                    }
                }
                Step::Wait(seconds) => now += seconds,
                Step::Gather => process.books.gather().expect("a disk"),
                Step::Post => process.books.post(now).expect("a disk"),
                Step::Kill(recovers) => {
                    run += 1;
                    drop(process);
                    process = Process::start(&folder, run);
                    if recovers {
                        process.books.recover(now).expect("a disk");
                    }
                }
                Step::Stop => {
                    run += 1;
                    process.books.close(now).expect("a disk");
                    process = Process::start(&folder, run);
                }
            }
            prop_assert_eq!(reported(&folder, "client", now), expected(&model, "client"));
        }
        let hours = stretches(3_600, now);
        let found = course(&folder, &hours, now).expect("counts").into_iter().collect();
        prop_assert_eq!(expected_course(&model, &hours), found);
        process.books.recover(now).expect("a disk");
        process.books.close(now).expect("a disk");
        prop_assert_eq!(files::peek(&folder).unwrap().len(), 0, "no segment is left");
        for by in ["client", "key", "endpoint", "day", "hour"] {
            prop_assert_eq!(reported(&folder, by, now), expected(&model, by), "{}", by);
        }
        // Minutes are not kept for ever.
        let shortest = if now - BEGIN < KEPT_MINUTES { 60 } else { 3_600 };
        for stretches in [shortest, 6 * 3_600, 86_400].map(|length| stretches(length, now)) {
            let found = course(&folder, &stretches, now).expect("counts").into_iter().collect();
            prop_assert_eq!(expected_course(&model, &stretches), found);
        }
        let last: BTreeMap<String, i64> = last_used(&folder, BEGIN).expect("counts").into_iter().collect();
        let wanted = expected(&model, "client").into_iter();
        prop_assert_eq!(wanted.map(|((client, _), totals)| (client, totals.last_used_at)).collect::<BTreeMap<_, _>>(), last);
    }
}

#[test]
fn p23_a_segment_that_is_back_after_it_was_taken_in_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), 1);
    process.count("Acme", 1, "GET /", Kind::Admitted, BEGIN);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let copies: Vec<_> = names.iter().map(|path| (path, std::fs::read(path).unwrap())).collect();
    process.books.gather().unwrap();
    process.books.post(BEGIN).unwrap();
    drop(process);
    for (path, bytes) in copies {
        std::fs::write(path, bytes).unwrap();
    }
    let admitted =
        || reported(folder.path(), "client", BEGIN).values().map(|totals| totals.admitted).sum::<u64>();
    assert_eq!(admitted(), 1, "a command sees that it is in the database");
    let mut process = Process::start(folder.path(), 2);
    process.books.recover(BEGIN).unwrap();
    process.books.close(BEGIN).unwrap();
    assert_eq!(admitted(), 1);
}

#[test]
fn p23_a_segment_that_is_full_gives_way_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), 1);
    let clients: Vec<String> = (0..60_000).map(|number| format!("client {number}")).collect();
    for client in &clients {
        process.count(client, 1, "GET /", Kind::Admitted, BEGIN);
    }
    process.books.gather().unwrap();
    process.books.close(BEGIN).unwrap();
    assert_eq!(reported(folder.path(), "client", BEGIN).len(), clients.len());
}

#[test]
fn p23_without_a_disk_counts_stay_in_memory_and_come_to_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let usage = folder.path().join("usage");
    std::fs::write(&usage, "a file where the folder should be").unwrap();
    let tally = Arc::new(Tally::new(usage.clone(), "me", 1, Box::new(|| {})));
    let mut books = Bookkeeper::new(Arc::clone(&tally), usage.clone());
    for second in 0..3 {
        let endpoint = &Endpoint::new("GET /");
        tally.count(Whose { client: "Acme", key: 1, endpoint }, Kind::Admitted, 1, BEGIN + second);
        assert!(books.gather().is_err() && books.post(BEGIN).is_err());
    }
    std::fs::remove_file(&usage).unwrap();
    books.gather().unwrap();
    books.post(BEGIN).unwrap();
    assert_eq!(reported(&usage, "client", BEGIN).values().next().unwrap().admitted, 3);
}

#[test]
fn p23_a_damaged_database_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("ledger.db"),
        "no database at all, but long enough to look like one".repeat(99),
    )
    .unwrap();
    let mut process = Process::start(folder.path(), 1);
    process.count("Acme", 1, "GET /", Kind::Admitted, BEGIN);
    process.books.close(BEGIN).unwrap();
    assert!(folder.path().join("ledger.db.bad").exists());
    assert_eq!(reported(folder.path(), "client", BEGIN).len(), 1);
}

#[test]
fn p23_what_an_earlier_version_has_kept_is_taken_over_once() {
    let data = tempfile::tempdir().unwrap();
    let line = r#"{"date":"2025-12-01","instance":"me","client_name":"Acme","admitted":7,"rate_limited":2,"failed":1,
                   "audio_ms":1500,"last_used_at":1764547300}"#;
    let json = format!(r#"{{"version":1,"settled":["me"],"rows":[{line}]}}"#);
    let usage = data.path().join("usage");
    for _ in 0..2 {
        std::fs::write(data.path().join("usage.json"), &json).unwrap();
        let mut process = Process::start(&usage, 1);
        process.books.recover(BEGIN).unwrap();
        assert_eq!(process.books.store().unwrap().settled().unwrap(), ["me"]);
        process.books.close(BEGIN).unwrap();
    }
    let totals = reported(&usage, "client", BEGIN)[&("Acme".to_owned(), String::new())];
    assert_eq!(
        (totals.requests(), totals.failed, totals.audio_ms, totals.last_used_at),
        (9, 1, 1_500, 1_764_547_300)
    );
    assert!(data.path().join("usage.json.imported").exists());
}

#[test]
fn a_segment_of_garbage_is_put_aside_and_an_empty_one_removed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.tally"), "garbage").unwrap();
    std::fs::write(folder.path().join("b.tally"), [0; 64]).unwrap();
    assert_eq!(files::leftovers(folder.path()).unwrap().len(), 0);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.bad"]);
}
