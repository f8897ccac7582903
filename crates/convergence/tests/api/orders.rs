//! What `keys accept` and `keys rollback` hand over to a server, and the audit file that they are made from.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::accident::{
    KEYS, LOOK, file, google_server, guarded, is_held, is_well, json_of, line, sheet,
};
use crate::support::{CACHE, TestServer, csv};

#[tokio::test]
async fn accepting_lets_pass_what_was_seen_and_nothing_newer() {
    let server = guarded().await;
    server.hold(&file((15..KEYS).map(line))).await;
    let first = server.held_digest().expect("it is held");
    server.save_keys(&file([]));
    server.until_by("it has changed", LOOK, |_| server.held_digest().is_some_and(|now| now != first)).await;
    server.order(&json!({"accept": first}));
    let order = server.path("data/keys/order.json");
    server.until_by("the order is taken", LOOK, |_| !order.exists()).await;
    assert!(is_held(&server.status().await), "what was accepted is outdated");
    server.assert_all(0..KEYS, 200).await;

    server.order(&json!({"accept": server.held_digest()}));
    server.until_verified("key-0", 401, LOOK).await;
    server.assert_all(0..KEYS, 401).await;
    server.until_by("all is well", LOOK, is_well).await;
    server.until_history("it is noted", 4).await;
    assert_eq!(server.events(), ["applied", "held", "held", "accepted"]);
    let accepted = server.audit().pop().expect("a line");
    assert_eq!((&accepted["removed"], &accepted["lost"]), (&json!(KEYS), &json!(KEYS)));
}

#[tokio::test]
async fn an_order_is_kept_while_the_server_is_down_and_while_the_source_is_away() {
    let mut server = guarded().await;
    server.hold(&file([])).await;
    server.order(&json!({"accept": server.held_digest()}));
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.restart_with(&[]);
    server.until("it is missed", |status| status["cache"]["last_error"].is_string()).await;
    server.assert_all(0..KEYS, 200).await;
    server.save_keys(&file([]));
    server.until_verified("key-0", 401, LOOK).await;
    server.until_by("all is well", LOOK, is_well).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_does_nothing() {
    let server = guarded().await;
    server.hold(&file([])).await;
    for order in [json!({"accept": "0000"}), json!({"accept": null}), json!("now"), json!({"roll_back": 99})]
    {
        server.order(&order);
        server.clock.advance(CACHE);
        server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
        server.assert_all(0..1, 200).await;
    }
    assert!(is_held(&server.status().await));
}

#[tokio::test]
async fn a_rollback_lasts_until_the_next_edit_and_over_a_restart() {
    let mut server = guarded().await;
    // All are unticked, by mistake: it passes at once.
    let unticked: Vec<String> = (0..KEYS).map(|n| format!("key-{n},Client {n},,,FALSE,60")).collect();
    server.save_keys(&file(unticked.clone()));
    server.until_verified("key-0", 401, LOOK).await;
    server.until_history("it is noted", 2).await;

    server.order(&json!({"roll_back": 1}));
    server.until_verified("key-0", 200, LOOK).await;
    server.assert_all(0..KEYS, 200).await;
    let status = server.status().await;
    assert!(status["reason"].as_str().is_some_and(|reason| reason.contains("rollback")), "{status:#}");
    assert_eq!((&status["mode"], &status["cache"]["last_error"]), (&json!("enabled"), &Value::Null));
    server.until_history("the rollback is noted", 3).await;
    assert_eq!(server.audit()[2]["to"], 1);
    server.until("it is on disk", |_| json_of(&server, "standing.json").is_some()).await;

    // Rows that say the same in another order are no edit of what they say.
    server.save_keys(&file(unticked.iter().rev().cloned()));
    for _ in 0..3 {
        server.clock.advance(CACHE);
        server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
    }
    server.restart_with(&[]);
    server.until("it has its keys", |status| status["mode"] == "enabled").await;
    server.clock.advance(CACHE);
    server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
    server.assert_all(0..KEYS, 200).await;
    assert_eq!(server.events(), ["applied", "applied", "rolled_back"]);

    let one_ticked = std::iter::once(line(0)).chain(unticked[1..].iter().cloned());
    server.save_keys(&file(one_ticked));
    server.until_verified("key-1", 401, LOOK).await;
    server.assert_all(0..1, 200).await;
    server.assert_all(1..KEYS, 401).await;
    assert!(is_well(&server.status().await));
}

#[tokio::test]
async fn p19_a_rollback_does_not_wait_for_google() {
    let google = Google::start().await;
    let server = google_server(&google, 0..1).await;
    server.until_history("it is noted", 1).await;
    google.set_tab("API_Keys", sheet(1..2));
    assert_eq!(server.refresh().await.status, 200);
    assert_eq!(server.verify("key-1").await.status, 200);
    google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);
    let reads = google.reads();
    server.clock.advance(CACHE);
    google.wait_for_reads(reads + 1).await;
    server.order(&json!({"roll_back": 1}));
    server.until_verified("key-0", 200, LOOK).await;
    google.heal();
}

#[tokio::test]
async fn p09_a_rolled_back_directory_is_judged_by_the_clock() {
    let server = TestServer::with_keys(&csv(&["k,C,,2025-12-01 00:10:00,TRUE,60"])).await;
    server.until_history("it is noted", 1).await;
    server.save_keys(&csv(&["other,C,,,TRUE,60"]));
    server.until_verified("other", 200, LOOK).await;
    server.order(&json!({"roll_back": 1}));
    server.until_verified("k", 200, LOOK).await;
    server.clock.advance(Duration::from_mins(11));
    assert_eq!(server.verify("k").await.code(), "expired_api_key");
}

#[tokio::test]
async fn the_last_refresh_before_a_stop_has_its_line() {
    let mut server = TestServer::with_keys(&csv(&["a,A,,,TRUE,60"])).await;
    server.save_keys(&csv(&["b,B,,,TRUE,60"]));
    server.until_verified("b", 200, LOOK).await;
    server.restart_with(&[]);
    assert_eq!(server.events(), ["applied", "applied"]);
}

#[tokio::test]
async fn edits_while_a_refresh_is_held_push_out_no_directory() {
    let server = guarded().await;
    for kept in 0..3 {
        server.save_keys(&file((KEYS - kept..KEYS).map(line)));
        server.until_by("each state is noted", LOOK, |_| server.audit().len() == 2 + kept).await;
    }
    let folder = std::fs::read_dir(server.path("data/keys/directories")).expect("a folder");
    let names: Vec<_> = folder.flatten().map(|file| file.file_name()).collect();
    assert_eq!(names, ["1.jsonl"]);
}

#[tokio::test]
async fn the_audit_file_tells_each_difference_and_no_key() {
    let server = guarded().await;
    server.save_keys(&file((1..KEYS).map(line).chain(["key-new,New,,2026-01-01,TRUE,".to_owned()])));
    server.until_verified("key-new", 200, LOOK).await;
    server.save_keys(&file((1..KEYS).map(line).chain(["key-new,New,,,TRUE,5".to_owned()])));
    server.until_by("it is noted", LOOK, |_| server.audit().len() == 3).await;
    let audit = server.audit();
    assert_eq!(
        (&audit[0]["id"], &audit[0]["source"], &audit[0]["keys"]),
        (&json!(1), &json!("file"), &json!(KEYS))
    );
    assert_eq!(
        (&audit[1]["added"], &audit[1]["removed"], &audit[1]["changed"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let fields = json!({
        "expires_at": {"old": "2026-01-01T00:00:00Z", "new": null},
        "rate_limit": {"old": null, "new": 5},
    });
    let fingerprint = gate::KeyHash::of(b"key-new").fingerprint().to_string();
    let change =
        json!({"fingerprint": fingerprint, "client_name": "New", "change": "changed", "fields": fields});
    assert_eq!(audit[2]["changes"], json!([change]));
    let at = audit[2]["at"].as_str().expect("a time");
    assert!(at.starts_with("2025-12-01T00:00:") && at.ends_with('Z'), "{at}");
    let folder = std::fs::read_dir(server.path("data/keys")).expect("a folder");
    for file in folder.flatten().filter(|file| file.path().is_file()) {
        let text = std::fs::read_to_string(file.path()).expect("text");
        assert!(!text.contains("key-"), "{}: {text}", file.path().display());
    }
    // Read again, it says the same: no line.
    server.clock.advance(CACHE);
    server.until("it is read again", |status| status["cache"]["age_seconds"] == 0).await;
    assert_eq!(server.audit().len(), 3);
}
