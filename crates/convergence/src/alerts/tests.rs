//! Each alert once: a table of cases, and histories beside a naive model.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gate::{FurtherLimits, Gate, Now, Periods, Record, Span, Used};
use proptest::prelude::*;

use super::event::Event;
use super::facts::{Errors, Facts, Share, Source, Stale, Watched};
use super::memory::{MOST_WAITING, Memory};
use crate::config::{AlertFormat, Thresholds};
use crate::sync::samples::{further, record};
use crate::sync::{Freshness, Roll};

const DAY: i64 = 86_400;

/// 2025-12-01 00:00:00 UTC.
const NOW: i64 = 1_764_547_200;

/// Those of nobody who has set any.
fn thresholds() -> Thresholds {
    let some = NonZeroU64::new;
    Thresholds {
        expiry_days: vec![14, 3, 1],
        quota_percent: some(80),
        errors: some(20),
        unused_days: some(90),
    }
}

fn of(records: Vec<Record>) -> Facts {
    Facts { roll: Some(Arc::new(Roll::of(records))), source: Some(Source::default()), ..Facts::default() }
}

fn expiring(key: &str, expires_at: i64) -> Record {
    Record { expires_at: Some(expires_at), ..record(key) }
}

/// What is told at a look, in words.
fn told(memory: &mut Memory, facts: &Facts, now: i64) -> Vec<String> {
    memory.look(facts, &thresholds(), now);
    let words = memory.news().map(|(alerts, _)| alerts.iter().map(|alert| alert.event.to_string()).collect());
    memory.sent();
    // As after a restart.
    *memory = serde_json::from_slice(&serde_json::to_vec(memory).unwrap()).unwrap();
    words.unwrap_or_default()
}

fn periods(now: i64) -> Periods {
    let span = |seconds: u32| Span { from: now - now.rem_euclid(seconds.into()), seconds, offset: 0 };
    Periods { day: span(86_400), month: span(30 * 86_400) }
}

#[test]
fn a_key_is_told_of_at_each_threshold_and_one_that_is_made_late_at_the_nearest() {
    let mut memory = Memory::default();
    let facts = of(vec![expiring("early", NOW + 20 * DAY), expiring("late", NOW + 36 * 3_600)]);
    for (hours, expected) in [
        (0, vec!["late in 2"]),
        (5, vec![]),
        (12, vec!["late in 1"]),
        (36, vec![]),
        (6 * 24 - 1, vec![]),
        (6 * 24, vec!["early in 14"]),
        (10 * 24, vec![]),
        (17 * 24, vec!["early in 3"]),
        (19 * 24, vec!["early in 1"]),
        (20 * 24, vec![]),
        (21 * 24, vec![]),
    ] {
        memory.look(&facts, &thresholds(), NOW + hours * 3_600);
        let seen: Vec<String> = memory
            .news()
            .map_or(&[][..], |(alerts, _)| alerts)
            .iter()
            .map(|alert| match &alert.event {
                Event::KeyExpires { client_name, days_left, .. } => {
                    format!("{} in {days_left}", client_name.trim_start_matches("Client "))
                }
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(seen, expected, "after {hours} hours");
        memory.sent();
    }
    // A date that was moved is another matter; keys that do not work anyway are none.
    let dead = [
        Record { active: false, ..expiring("inactive", NOW + DAY) },
        Record { revoked_at: Some(NOW), ..expiring("revoked", NOW + DAY) },
        Record { readable: false, ..expiring("unreadable", NOW + DAY) },
        record("eternal"),
    ];
    let moved = of([vec![expiring("early", NOW + 30 * DAY)], dead.to_vec()].concat());
    assert_eq!(told(&mut memory, &moved, NOW + 21 * DAY).len(), 1);
}

#[test]
fn a_quota_is_told_of_once_in_its_day_and_month_by_the_lowest_of_the_clients_keys() {
    let mut memory = Memory::default();
    let client = |key: &str, limits| Record { client: "Acme".into(), further_limits: limits, ..record(key) };
    let sound =
        FurtherLimits { audio_day: Some(Duration::from_mins(10)), ..FurtherLimits::default() }.boxed();
    let mut facts = of(vec![
        client("a", further(Some(1_000), None, None)),
        client("b", further(Some(100), Some(200), None)),
        client("c", sound),
        client("none", further(None, Some(0), None)),
    ]);
    let mut at = |used: Used, sound: u64, now: i64| {
        facts.used = [("Acme".to_owned(), used)].into();
        facts.sound = [("Acme".to_owned(), sound)].into();
        facts.periods = Some(periods(now));
        told(&mut memory, &facts, now).len()
    };
    // The key with none at all makes the month's quota 0, which is nothing to use up.
    for (day, month, sound, now, expected) in [
        (79, 79, 479, NOW, 0),
        (80, 80, 480, NOW + 60, 2),
        (100, 200, 600, NOW + 120, 0),
        (0, 200, 0, NOW + DAY, 0),
        (80, 280, 480, NOW + DAY + 60, 2),
    ] {
        assert_eq!(at(Used { day, month }, sound, now), expected, "{day} {month} {sound}");
    }
}

#[test]
fn the_source_is_told_of_when_it_fails_and_when_it_is_well() {
    let mut memory = Memory::default();
    let stale =
        || Some(Stale { last_read: Some(NOW), shut: false, error: Some("google is away".to_owned()) });
    let mut at = |source| told(&mut memory, &Facts { source, ..Facts::default() }, NOW + 3_600);
    assert_eq!(at(None), [""; 0], "not known yet");
    assert_eq!(at(Some(Source::default())), [""; 0]);
    let words =
        "The keys have not been read since 2025-12-01T00:00:00Z; those of then stay in use: google is away";
    assert_eq!(at(Some(Source { stale: stale(), held: false })), [words]);
    assert_eq!(at(Some(Source { stale: stale(), held: false })), [""; 0]);
    assert_eq!(at(None), [""; 0], "after a restart");
    let shut = || Some(Source { stale: stale().map(|stale| Stale { shut: true, ..stale }), held: false });
    assert_eq!(at(shut()), [words.replace("those of then stay in use", "nobody is let through")]);
    assert_eq!(at(shut()), [""; 0]);
    assert_eq!(at(Some(Source { stale: None, held: true })).len(), 1, "well, and held");
    assert_eq!(at(Some(Source { stale: None, held: true })), [""; 0]);
    assert_eq!(at(Some(Source::default())), ["The keys are read and in use again"]);
    assert_eq!(at(Some(Source::default())), [""; 0]);
    assert_eq!(at(Some(Source { stale: stale(), held: true })).len(), 2);
}

#[test]
fn a_server_that_has_just_started_has_a_while_to_read() {
    let (gate, freshness): (Arc<Gate>, Arc<Freshness>) = (Arc::new(Gate::shut()), Arc::default());
    let (cache_duration, usage) = (Duration::from_mins(10), PathBuf::from("nowhere"));
    let watched =
        Watched { gate: Arc::clone(&gate), freshness: Arc::clone(&freshness), cache_duration, usage };
    let started = Duration::from_hours(1);
    let source = |minutes: i64| {
        let after = Duration::from_mins(minutes.unsigned_abs());
        let now = Now { unix: NOW + 60 * minutes, uptime: started + after };
        let source = watched.facts(&thresholds(), false, now, started).source;
        source.map(|source| source.stale.map(|stale| (stale.last_read, stale.shut)))
    };
    assert_eq!((source(20), source(21)), (None, Some(Some((None, true)))), "nothing was ever read");
    // Of a day ago, as a snapshot has them.
    freshness.update(|report| report.last_read = Some(NOW - DAY));
    gate.replace([record("a")], NOW + 3_600);
    assert_eq!((source(20), source(21)), (None, Some(Some((Some(NOW - DAY), false)))));
    freshness.update(|report| (report.last_read, report.connected) = (Some(NOW), true));
    assert_eq!((source(1), source(20), source(21)), (Some(None), Some(None), Some(Some((Some(NOW), false)))));
    assert_eq!(source(61), Some(Some((Some(NOW), true))));
}

#[test]
fn errors_are_told_where_they_have_jumped_and_again_after_an_hour_without() {
    let mut memory = Memory::default();
    let mut at = |recent: (u64, u64), before: (u64, u64), now: i64| {
        let share = |(errors, requests)| Share { errors, requests };
        let errors = Errors { recent: share(recent), before: share(before) };
        let facts = Facts { errors: [("Acme".to_owned(), errors)].into(), ..Facts::default() };
        told(&mut memory, &facts, now).len()
    };
    assert_eq!(at((19, 19), (0, 0), NOW), 0, "too few");
    assert_eq!(at((40, 400), (24, 1_200), NOW), 1, "2 % have become 10 %");
    assert_eq!(at((400, 400), (0, 0), NOW + 3_599), 0, "it goes on");
    assert_eq!(at((39, 400), (24, 1_200), NOW + 3_600), 0);
    assert_eq!(at((100, 100), (0, 0), NOW + 7_198), 0, "no hour without");
    assert_eq!(at((0, 0), (0, 0), NOW + 7_198 + 3_600), 0);
    assert_eq!(at((20, 20), (0, 0), NOW + 7_198 + 3_600), 1);
    assert_eq!(at((500, 5_000), (100, 1_000), NOW + 50_000), 0, "more requests with as many errors as ever");
}

#[test]
fn a_key_that_nobody_uses_is_told_of_once_and_again_after_a_use() {
    let mut memory = Memory::default();
    let mut at = |day: i64, used: &[(&str, i64)]| {
        let mut facts = of(vec![record("old"), record("new"), Record { active: false, ..record("dead") }]);
        let number = |key: &str| record(key).key.fingerprint().number();
        facts.last_uses = Some(used.iter().map(|(key, day)| (number(key), NOW + day * DAY)).collect());
        let told = told(&mut memory, &facts, NOW + day * DAY);
        told.iter().map(|words| words.split(' ').nth(4).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(at(0, &[("old", -89)]), [""; 0]);
    assert_eq!(at(1, &[("old", -89)]), ["old"]);
    assert_eq!(at(30, &[("old", -89)]), [""; 0]);
    assert_eq!(at(60, &[("old", 59)]), [""; 0]);
    assert_eq!(at(90, &[("old", 59)]), ["new"], "90 days after it was seen first");
    assert_eq!(at(120, &[("old", 59), ("new", 110)]), [""; 0]);
    assert_eq!(at(149, &[("old", 59), ("new", 110)]), ["old"]);
    assert_eq!(at(180, &[("old", 59), ("new", 110)]), [""; 0]);
    assert_eq!(at(200, &[("old", 59), ("new", 110)]), ["new"]);
}

#[test]
fn uses_are_asked_for_once_a_day_and_not_where_nobody_wants_to_know() {
    let mut memory = Memory::default();
    assert!(memory.asks_for_uses(&thresholds(), NOW));
    memory.look(&Facts { last_uses: Some([].into()), ..Facts::default() }, &thresholds(), NOW);
    assert!(memory.asks_for_uses(&thresholds(), NOW), "there were no keys yet");
    memory.look(&Facts { last_uses: Some([].into()), ..of(vec![]) }, &thresholds(), NOW);
    assert!(!memory.asks_for_uses(&thresholds(), NOW + DAY - 1));
    assert!(memory.asks_for_uses(&thresholds(), NOW + DAY));
    let off = Thresholds { unused_days: None, ..thresholds() };
    assert!(!Memory::default().asks_for_uses(&off, NOW));
}

#[test]
fn what_waits_is_bounded_and_written_for_people() {
    let mut memory = Memory::default();
    let hostile = Record { client: "<!channel> & \u{202e}me\n".into(), ..expiring("x", NOW + DAY) };
    let many = (0..MOST_WAITING + 200).map(|number| expiring(&number.to_string(), NOW + DAY));
    memory.look(&of(std::iter::once(hostile).chain(many).collect()), &thresholds(), NOW);
    let (alerts, left_out) = memory.news().expect("something waits");
    assert_eq!((alerts.len(), left_out), (MOST_WAITING, 201));
    let message = super::message::Message { instance: "a<b", sent_at: String::new(), alerts, left_out };
    let slack = message.body(AlertFormat::Slack)["text"].as_str().expect("a text").to_owned();
    let lines: Vec<&str> = slack.lines().collect();
    assert_eq!((lines.len(), lines[0]), (23, "Convergence on a&lt;b"));
    assert!(lines[1].starts_with("\u{2022} A key of &lt;!channel&gt; &amp; me  ("), "{}", lines[1]);
    assert_eq!(lines[21], "\u{2022} and 980 more keys that expire soon");
    assert_eq!(lines[22], "\u{2022} and 201 more, which are too many to say");
    let json = message.body(AlertFormat::Json);
    assert_eq!((json["alerts"].as_array().map(Vec::len), &json["left_out"]), (Some(1_000), &201.into()));
    assert_eq!(json["alerts"][0]["client_name"], "<!channel> & \u{202e}me\n");
}

/// One look: how long after the last one in hours, how far each of four keys is from its end in hours, what the clients use,
/// how the source is, and what errors there are.
type Moment = (i64, [Option<i64>; 4], [u64; 4], (bool, bool), [u64; 4]);

fn moment() -> impl Strategy<Value = Moment> {
    let expiry = || prop::option::of((0..40_i64).prop_map(|half_days| half_days * 12));
    (
        prop::sample::select(vec![0, 1, 2, 12, 24, 60]),
        [expiry(), expiry(), expiry(), expiry()],
        [0..120_u64, 0..120, 0..120, 0..120],
        any::<(bool, bool)>(),
        [0..60_u64, 0..60, 0..60, 0..60],
    )
}

/// Never forgets anything, and looks at one thing after the other.
#[derive(Default)]
struct Model {
    told: BTreeSet<String>,
    last_jump: BTreeMap<usize, i64>,
    trouble: (bool, bool),
}

impl Model {
    fn look(
        &mut self,
        now: i64,
        ends: &[Option<i64>],
        used: &[u64],
        trouble: (bool, bool),
        errors: &[u64],
    ) -> usize {
        let mut number = 0;
        for (key, end) in ends.iter().enumerate() {
            let Some(end) = end.filter(|end| *end >= now) else { continue };
            let reached = [1, 3, 14].into_iter().find(|days| end - now <= days * DAY);
            number +=
                usize::from(reached.is_some_and(|days| self.told.insert(format!("{key} {end} {days}"))));
        }
        for (client, used) in used.iter().enumerate() {
            // A key that has expired holds nobody to its quota.
            let holds = ends[client].is_none_or(|end| end >= now);
            let day = now / DAY;
            number += usize::from(holds && *used >= 80 && self.told.insert(format!("quota {client} {day}")));
        }
        for (client, errors) in errors.iter().enumerate() {
            if *errors >= 20 {
                let last = self.last_jump.insert(client, now);
                number += usize::from(last.is_none_or(|last| now - last >= 3_600));
            }
        }
        let before = std::mem::replace(&mut self.trouble, trouble);
        number += usize::from(trouble.0 && !before.0) + usize::from(trouble.1 && !before.1);
        number + usize::from(trouble == (false, false) && before != trouble)
    }
}

proptest! {
    #[test]
    fn each_alert_is_told_once_as_in_a_naive_model(history in prop::collection::vec(moment(), 1..40)) {
        let (mut memory, mut model, mut now) = (Memory::default(), Model::default(), NOW);
        let mut ends: [Option<i64>; 4] = [None; 4];
        for (hours, changed, used, (stale, held), errors) in history {
            now += hours * 3_600;
            for (end, changed) in ends.iter_mut().zip(changed) {
                *end = changed.map(|hours| now - DAY + hours * 3_600).or(*end);
            }
            let key = |number: usize| Record {
                expires_at: ends[number],
                further_limits: further(Some(100), None, None),
                ..record(&number.to_string())
            };
            let name = |number: usize| format!("Client {number}");
            let facts = Facts {
                periods: Some(periods(now)),
                used: used.iter().enumerate().map(|(n, day)| (name(n), Used { day: *day, month: 0 })).collect(),
                errors: errors.iter().enumerate().map(|(n, errors)| {
                    let recent = Share { errors: *errors, requests: 60 };
                    (name(n), Errors { recent, before: Share::default() })
                }).collect(),
                source: Some(Source { stale: stale.then(Stale::default), held }),
                ..of((0..4).map(key).collect())
            };
            let expected = model.look(now, &ends, &used, (stale, held), &errors);
            prop_assert_eq!(told(&mut memory, &facts, now).len(), expected);
        }
    }
}
