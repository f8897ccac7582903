//! The board's words, on a real Redis.

use std::time::{Duration, Instant};

use testkit::Redis;

use super::commands::{Keys, Note, fetch, leave, look, names, put, read, tidy};
use super::{LEASE, View};
use crate::config::{Config, Settings};
use crate::fleet::access::{Access, Connection};

async fn connect(redis: &Redis) -> Connection {
    let settings: Settings = [("REDIS_URL".to_owned(), redis.url())].into_iter().collect();
    let config = Config::read(&settings).unwrap_or_else(|faults| panic!("{faults:?}"));
    let access = Access::new(config.redis.expect("it is set")).expect("no certificates");
    access.connect().await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

fn keys() -> Keys {
    Keys::of("test", "a sheet")
}

async fn is_reader(connection: &mut Connection, server: &str, lease: Option<Duration>) -> bool {
    look(connection, &keys(), server, lease).await.expect("an answer").is_reader
}

#[tokio::test]
async fn one_has_the_lease_until_it_runs_out() {
    let redis = Redis::start();
    let mut connection = connect(&redis).await;
    assert!(is_reader(&mut connection, "a", Some(LEASE)).await);
    assert!(!is_reader(&mut connection, "b", Some(LEASE)).await);
    assert!(is_reader(&mut connection, "a", None).await, "it is not taken away");
    assert!(is_reader(&mut connection, "a", Some(Duration::from_millis(1))).await);
    let begun = Instant::now();
    while !is_reader(&mut connection, "b", Some(LEASE)).await {
        assert!(begun.elapsed() < LEASE, "it has run out");
    }
    assert!(!is_reader(&mut connection, "a", Some(LEASE)).await);
    // Given before the clock was set back: it would last for a year.
    let (board, far) = (keys().both()[0].to_owned(), (i64::MAX / 4).to_string());
    redis.command(&["HSET", &board, "until", &far]);
    assert!(is_reader(&mut connection, "a", Some(LEASE)).await);
}

#[tokio::test]
async fn the_later_note_stays_whoever_comes_last() {
    let redis = Redis::start();
    let mut connection = connect(&redis).await;
    let now = look(&mut connection, &keys(), "a", None).await.expect("an answer").now;
    let mut leave = async |stamp, text| {
        leave(&mut connection, &keys(), Note::Directory, stamp, text).await.expect("an answer")
    };
    assert_eq!(leave(Some(now - 5), "first").await, Some(now - 5));
    assert_eq!(leave(Some(now - 6), "older").await, None);
    assert_eq!(leave(Some(now - 4), "newer").await, Some(now - 4));
    let stamp = leave(Some(i64::MAX / 4), "of the future").await.expect("it is taken for one of now");
    assert!((now..now + 60_000).contains(&stamp));
    // One of the future, left before the clock was set back, is in nobody's way.
    redis.command(&["HSET", keys().both()[0], "directory:stamp", &(i64::MAX / 4).to_string()]);
    let seen = look(&mut connection, &keys(), "a", None).await.expect("an answer");
    let view = View { stamps: seen.stamps, time: Some((seen.now, Duration::ZERO)), ..View::default() };
    assert_eq!(view.stamp(Note::Directory), None);
    let left = super::commands::leave(&mut connection, &keys(), Note::Directory, Some(stamp), "after").await;
    assert_eq!(left.expect("an answer"), Some(stamp));
    let note = read(&mut connection, &keys(), Note::Directory).await.expect("an answer");
    assert_eq!(note, Some((stamp, "after".to_owned())));
    assert_eq!(read(&mut connection, &keys(), Note::Refresh).await.expect("an answer"), None);
}

#[tokio::test]
async fn pieces_are_tidied_up_by_whoever_has_left_the_directory_that_is_there() {
    let redis = Redis::start();
    let mut connection = connect(&redis).await;
    let pieces = ["a", "b", "c"].map(|name| (name.to_owned(), name.repeat(9).into_bytes()));
    put(&mut connection, &keys(), &pieces.iter().collect::<Vec<_>>()).await.expect("room");
    let stamp = leave(&mut connection, &keys(), Note::Directory, None, "").await.expect("an answer");
    let stamp = stamp.expect("there is no later one");
    assert!(tidy(&mut connection, &keys(), stamp - 1, &["a"]).await.expect("an answer"), "not by another");
    assert_eq!(names(&mut connection, &keys()).await.expect("an answer").len(), 3);
    assert!(tidy(&mut connection, &keys(), stamp, &["a", "c"]).await.expect("an answer"));
    assert!(!tidy(&mut connection, &keys(), stamp, &["a", "b"]).await.expect("an answer"), "one is missing");
    let piece = fetch(&mut connection, &keys(), "a").await.expect("an answer");
    assert_eq!(piece.as_deref(), Some(&b"aaaaaaaaa"[..]));
    assert_eq!(fetch(&mut connection, &keys(), "b").await.expect("an answer"), None);
}

#[test]
fn uptimes_are_told_by_redis_clock_on_both_sides_of_a_look() {
    let view = View { time: Some((1_000_000, Duration::from_secs(100))), ..View::default() };
    assert_eq!(view.stamp_of(Duration::from_secs(103)), Some(1_003_000));
    assert_eq!(view.stamp_of(Duration::from_secs(40)), Some(940_000));
    assert_eq!(View::default().stamp_of(Duration::ZERO), None);
}
