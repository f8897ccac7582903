//! The accident guard: what people do to spreadsheets, and what follows.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::accident::{
    KEYS, LOOK, all_keys, file, google_server, guarded, is_held, is_well, json_of, line, sheet,
};
use crate::support::{CACHE, TestServer};

#[tokio::test]
async fn an_accident_locks_nobody_out_and_is_said() {
    let bad_paste = file((0..KEYS).map(|number| format!("key-{number},Client {number},,pasted,TRUE,60")));
    let emptied = file([]);
    let other_keys = file((100..100 + KEYS).map(line));
    // Each column sorted by itself, with rows that lacked a name: names end up with strangers.
    let torn = file((0..KEYS).map(|number| match number {
        0..15 => format!("key-{number},,,,TRUE,60"),
        _ => line(KEYS - number),
    }));
    // The cells of a column deleted and those beyond moved to the left.
    let shifted = file((0..KEYS).map(|number| format!("key-{number},,,TRUE,60,")));
    for (what, accident) in [
        ("a bad paste", bad_paste),
        ("an emptied table", emptied),
        ("other keys", other_keys),
        ("a sort that tears rows apart", torn),
        ("shifted cells", shifted),
    ] {
        let server = guarded().await;
        let status = server.hold(&accident).await;
        assert_eq!(
            (&status["mode"], &status["cache"]["stale"], &status["auth_enabled"]),
            (&json!("enabled"), &json!(true), &json!(true)),
            "{what}"
        );
        assert_eq!(status["reason"], status["cache"]["last_error"]);
        server.assert_all(0..KEYS, 200).await;
        assert_eq!(server.verify("key-100").await.status, 401, "{what}: nothing new is let in");
        let held = server.audit().pop().expect("a line");
        assert_eq!((&held["event"], &held["working"]), (&json!("held"), &json!(KEYS)), "{what}");
        assert!(held["lost"].as_u64().is_some_and(|lost| lost > 10), "{what}: {held}");

        server.save_keys(&all_keys());
        server.until_by("it is repaired", LOOK, is_well).await;
        server.until_history("and noted", 3).await;
        assert_eq!(server.events(), ["applied", "held", "applied"], "{what}");
        server.until("it is forgotten", |_| json_of(&server, "standing.json").is_none()).await;
        server.assert_all(0..KEYS, 200).await;
    }
}

#[tokio::test]
async fn a_lost_required_column_is_a_failed_refresh_and_not_a_held_one() {
    let server = guarded().await;
    server.save_keys("api_key,client_name\nkey-1,Client 1\n");
    let status = server.until_by("it fails", LOOK, |status| status["cache"]["stale"] == true).await;
    assert!(!is_held(&status), "{status:#}");
    server.assert_all(0..KEYS, 200).await;
}

#[tokio::test]
async fn p10_what_a_person_says_passes_at_once_for_however_many_rows() {
    for row in ["FALSE,60,", "TRUE,60,2025-01-01", "TRUE,0,"] {
        let table = |row: &str| {
            let rows: Vec<String> = (0..KEYS).map(|n| format!("key-{n},Client {n},{row}\n")).collect();
            format!("api_key,client_name,is_active,rate_limit,revoked_at\n{}", rows.concat())
        };
        let server = TestServer::with_keys(&table("TRUE,60,")).await;
        server.save_keys(&table(row));
        let refused = if row.contains(",0,") { 429 } else { 401 };
        server.until_verified("key-0", refused, LOOK).await;
        server.assert_all(0..KEYS, refused).await;
        assert!(is_well(&server.status().await), "{row}");
    }
}

#[tokio::test]
async fn what_a_person_says_passes_while_a_refresh_is_held_and_nothing_else_does() {
    let server = guarded().await;
    let accident = |rest: &[&str]| {
        let broken = (8..KEYS).map(|number| format!("key-{number},,,,TRUE,60"));
        file(broken.chain(rest.iter().map(|line| (*line).to_owned())))
    };
    server.hold(&accident(&[])).await;
    server.save_keys(&accident(&[
        "key-0,Client 0,,,FALSE,60",
        "key-1,Client 1,,2025-01-01,TRUE,60",
        "key-2,Stranger,,,TRUE,1",
        "key-3,Client 3,,,TRUE,9000",
        "new,New,,,TRUE,60",
    ]));
    server.until_verified("key-0", 401, LOOK).await;
    assert_eq!(server.verify("key-0").await.code(), "inactive_api_key");
    assert_eq!(server.verify("key-1").await.code(), "expired_api_key");
    let lowered = server.verify("key-2").await;
    assert_eq!(lowered.header("ratelimit-policy"), Some("\"default\";q=1;w=60"));
    assert_eq!(lowered.header("x-client-name"), Some("Client 2"), "names may be a stranger's");
    let raised = server.verify("key-3").await;
    assert_eq!(raised.header("ratelimit-policy"), Some("\"default\";q=60;w=60"));
    assert_eq!(server.verify("new").await.status, 401);
    server.assert_all(4..KEYS, 200).await;
    assert!(is_held(&server.status().await));
    server.until_history("the new state is noted", 3).await;
    let said = server.audit().pop().expect("a line");
    assert_eq!((&said["event"], &said["changed"]), (&json!("held"), &json!(3)), "{said:#}");

    server.save_keys(&file((0..KEYS).map(line).chain(["new,New,,,TRUE,60".to_owned()])));
    server.until_verified("new", 200, LOOK).await;
    server.assert_all(0..1, 200).await;
}

#[tokio::test]
async fn few_keys_or_less_than_half_are_no_accident() {
    let server = guarded().await;
    server.save_keys(&file((10..KEYS).map(line)));
    server.until_verified("key-0", 401, LOOK).await;
    server.save_keys(&file((19..KEYS).map(line)));
    server.until_verified("key-10", 401, LOOK).await;
    server.assert_all(19..KEYS, 200).await;

    let settings = [("GUARD_LOST_PERCENT", "0"), ("GUARD_LOST_KEYS", "1")];
    let strict = TestServer::with_keys_and(&all_keys(), &settings).await;
    strict.hold(&file((1..KEYS).map(line))).await;
    strict.assert_all(0..KEYS, 200).await;
}

#[tokio::test]
async fn p20_held_keys_do_not_grow_stale_while_the_source_can_be_read() {
    let settings = [("API_KEY_MAX_STALE", "1000"), ("API_KEY_CACHE_DURATION", "300")];
    let server = TestServer::with_keys_and(&all_keys(), &settings).await;
    server.hold(&file([])).await;
    for _ in 0..10 {
        server.clock.advance(CACHE);
        server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
        server.assert_all(0..KEYS, 200).await;
    }
    assert!(is_held(&server.status().await));
    server.until("all is on disk", |_| server.events() == ["applied", "held"]).await;
    // When it cannot be read either, the keys age as ever.
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.until_by("it is missed", LOOK, |status| status["mode"] == "enabled" && !is_held(status)).await;
    server.clock.advance(Duration::from_secs(1_001));
    assert_eq!(server.verify("key-0").await.status, 503);
}

#[tokio::test]
async fn a_restart_is_no_way_around_the_guard() {
    let mut server = guarded().await;
    // Held before the restart, with something that a person has said meanwhile.
    let accident = file(["key-0,Client 0,,,FALSE,60".to_owned()]);
    server.hold(&accident).await;
    server.restart_with(&[]);
    let held_again = |status: &Value| is_held(status) && status["cache"]["age_seconds"] == 0;
    server.until("it is still held", held_again).await;
    server.assert_all(0..1, 401).await;
    server.assert_all(1..KEYS, 200).await;
    assert_eq!(server.events(), ["applied", "held"], "the same state is no news");

    // The accident happens while the server is down.
    let mut server = guarded().await;
    server.until("the snapshot is saved", |_| server.path("data/keys-snapshot.jsonl").exists()).await;
    server.save_keys(&file([]));
    server.restart_with(&[]);
    server.until("it is held", is_held).await;
    server.assert_all(0..KEYS, 200).await;
}

#[tokio::test]
async fn without_an_earlier_directory_nothing_is_held() {
    let server = TestServer::with_keys(&file([])).await;
    assert!(is_well(&server.status().await));
    server.until_history("it is noted", 1).await;
    assert_eq!(server.events(), ["applied"]);
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_stops_no_refresh() {
    // A file stands where the folder should be.
    let settings = [("DATA_DIR", "{folder}/keys.csv/data")];
    let server = TestServer::with_keys_and(&all_keys(), &settings).await;
    server.save_keys(&file((5..KEYS).map(line)));
    server.until_verified("key-0", 401, LOOK).await;
    server.assert_all(5..KEYS, 200).await;
}

#[tokio::test]
async fn p20_an_emptied_tab_is_held_over_a_weekend_and_through_googles_absence() {
    let google = Google::start().await;
    let server = google_server(&google, 0..KEYS).await;
    google.set_tab("API_Keys", sheet(0..0));
    server.clock.advance(CACHE);
    let status = server.until("it is held", is_held).await;
    assert_eq!(status["google_sheets_connected"], true);
    assert_eq!(server.metric("convergence_refresh_held").await, Some(1.0));
    let asked = server.refresh().await;
    assert_eq!((asked.status, &asked.json()["changed"]), (200, &json!(false)));
    assert_eq!(asked.json()["warning"], status["reason"]);
    for _ in 0..12 {
        server.clock.advance(Duration::from_hours(6));
        server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
    }
    server.assert_all(0..KEYS, 200).await;
    google.inject(Fault::InternalError, Times::Always);
    server.clock.advance(CACHE);
    server.until("Google is away", |status| status["google_sheets_connected"] == false).await;
    server.assert_all(0..KEYS, 200).await;
    google.heal();
    server.until_by("it is held again", Duration::from_secs(1), is_held).await;

    // A tab with one key unticked and all others gone: what the row says counts, what is gone does not.
    let unticked = vec!["key-0".into(), "Client 0".into(), false.into(), 60.into()];
    google.set_tab("API_Keys", [sheet(0..0), vec![unticked]].concat());
    server.clock.advance(CACHE);
    server.until_verified("key-0", 401, Duration::ZERO).await;
    server.assert_all(1..KEYS, 200).await;
    google.set_tab("API_Keys", sheet(0..KEYS));
    server.clock.advance(CACHE);
    server.until("it is repaired", is_well).await;
    server.assert_all(0..KEYS, 200).await;
    assert_eq!(server.metric("convergence_refresh_held").await, Some(0.0));
}
