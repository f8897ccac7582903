//! `audio_minutes_day`: how much sound may be made for a client in a day, spoken by the real voice program (P23).

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

const HOUR: u64 = 3_600;

/// Two keys of one client with a limit each, one of it without, and another client.
const KEYS: &str = "api_key,client_name,is_active,audio_minutes_day\n\
                    half,Acme,yes,0.5\nwhole,Acme,yes,1 minute/day\nfree,Acme,yes,\nother,Other,yes,0.5\n";

async fn server(keys: &str) -> TestServer {
    // The clock goes on by days, and no test waits for the reads in between. It starts an hour into the day there.
    let settings = [("KEYS_TIME_ZONE", "Europe/Paris"), ("API_KEY_MAX_STALE", "604800")];
    TestServer::with_keys_and(keys, &settings).await
}

fn post(server: &TestServer, key: &str, body: &Value) -> RequestBuilder {
    let request = server.request(Method::POST, "/convergence/generate-audio").bearer_auth(key);
    request.header("content-type", "application/json").body(body.to_string())
}

/// Lines of a hundred characters, which take a voice about six seconds each.
fn lines(number: usize) -> Value {
    let message = "Whoever has the key may come in, and whoever has none waits at the door until it is opened by one.  x";
    let line = json!({"name": "Ada", "gender": "female", "message": message});
    json!({"engine": "flite", "transcript": vec![line; number]})
}

async fn speak(server: &TestServer, key: &str, body: &Value) -> Answer {
    server.send(post(server, key, body)).await
}

async fn later(server: &TestServer, key: &str, body: &Value) -> Answer {
    server.send(post(server, key, body).header("prefer", "respond-async")).await
}

async fn me(server: &TestServer, key: &str) -> Value {
    server.send(server.request(Method::GET, "/auth/me").bearer_auth(key)).await.json()
}

#[tokio::test]
async fn p23_minutes_of_sound_are_limited_by_day_in_the_spreadsheets_zone_and_kept_over_a_restart() {
    let mut server = server(KEYS).await;
    assert_snapshot!(speak(&server, "half", &json!({"prompt": "Keys", "duration": 1, "engine": "flite"})).await, @r#"
        429
        content-length: 264
        content-type: application/problem+json
        retry-after: 82800
        x-client-name: Acme

        {
          "code": "audio_quota_exceeded",
          "detail": "of its 0.5 minutes of sound a day this client has 0.5 left, and this would be about 1; ask for less, or from 2025-12-02T00:00:00+01:00 on",
          "resets_at": "2025-12-02T00:00:00+01:00",
          "status": 429,
          "title": "Audio quota exceeded"
        }
    "#);
    assert_eq!(me(&server, "half").await["usage"]["today"]["audio_seconds"], 0.0, "nothing was made");

    // About 19 s, and there are 30.
    let spoken = speak(&server, "half", &lines(3)).await;
    assert_eq!(spoken.status, 200, "{spoken}");
    let refused = speak(&server, "half", &lines(3)).await;
    assert_eq!((refused.status, refused.code()), (429, "audio_quota_exceeded".to_owned()), "{refused}");
    // All keys of the client share what was used, and each is held to its own limit.
    assert_eq!(speak(&server, "whole", &lines(3)).await.status, 200);
    assert_eq!(speak(&server, "free", &lines(3)).await.status, 200);
    assert_eq!(speak(&server, "whole", &lines(3)).await.code(), "audio_quota_exceeded");
    assert_eq!(speak(&server, "other", &lines(3)).await.status, 200);

    // The keys are now those that it has kept, with their limits.
    server.until_file_holds("data/keys-snapshot.jsonl", &["\"audio_day_ms\":60000"]).await;
    server.stop();
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.restart_with(&[]);
    server.until("the keys are known", |status| status["mode"] == "enabled").await;
    assert_eq!(speak(&server, "whole", &lines(3)).await.code(), "audio_quota_exceeded");
    let told = me(&server, "whole").await;
    let (day, used) = (&told["audio_day"], &told["usage"]["today"]["audio_seconds"]);
    assert_eq!((&day["limit_seconds"], &day["used_seconds"]), (&json!(60.0), used), "{told}");
    let left = 60.0 - used.as_f64().expect("seconds");
    assert!(
        day["remaining_seconds"].as_f64().is_some_and(|told| (told - left.max(0.0)).abs() < 0.01),
        "{told}"
    );
    assert_eq!((&day["underway_seconds"], &day["reset_seconds"]), (&json!(0.0), &json!(23 * HOUR)), "{told}");
    assert_eq!(me(&server, "free").await["audio_day"], Value::Null);

    server.clock.advance(Duration::from_secs(23 * HOUR - 1));
    assert_eq!(speak(&server, "half", &lines(3)).await.header("retry-after"), Some("1"));
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(speak(&server, "half", &lines(3)).await.status, 200, "it is midnight there");
    assert_eq!(speak(&server, "half", &lines(3)).await.code(), "audio_quota_exceeded");
}

#[tokio::test]
async fn what_is_being_made_counts_until_it_ends_and_over_a_restart() {
    let mut server = server(KEYS).await;
    // Half an hour. Should it ever be finished before the next request comes, that much was used, and is as much too much.
    let job = later(&server, "free", &lines(300)).await;
    assert_eq!(job.status, 202, "{job}");
    assert_eq!(later(&server, "half", &lines(1)).await.code(), "audio_quota_exceeded");
    assert_eq!(later(&server, "other", &lines(1)).await.status, 202, "it is nobody else's");

    server.restart_with(&[]);
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    while me(&server, "half").await["audio_day"]["underway_seconds"] == 0.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(later(&server, "half", &lines(1)).await.code(), "audio_quota_exceeded");

    let place = job.header("location").expect("a place").to_owned();
    let ended = server.send(server.request(Method::DELETE, &place).bearer_auth("free")).await;
    assert_eq!(ended.status, 204, "{ended}");
    assert_eq!(later(&server, "half", &lines(1)).await.status, 202);
}

#[tokio::test]
async fn requests_that_come_at_once_share_what_is_left() {
    let server = server("api_key,client_name,is_active,audio_minutes_day\nk,Acme,yes,2\n").await;
    // The template makes most of the minute that is asked for, so that a third has no room, whatever has been made by then.
    let body = json!({"prompt": "Two developers discussing API security", "duration": 1, "engine": "flite"});
    let answers = futures_util::future::join_all((0..8).map(|_| later(&server, "k", &body))).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert!((1..=2).contains(&taken), "{taken} were taken");
    let refused = answers.iter().filter(|answer| answer.status == 429);
    assert_eq!(refused.filter(|answer| answer.code() == "audio_quota_exceeded").count(), 8 - taken);
}

#[tokio::test]
async fn p04_no_minutes_are_no_sound_and_a_bad_cell_is_no_key() {
    let keys = "api_key,client_name,is_active,audio_minutes_day\nnone,N,yes,0\nbad,B,yes,half an hour\n";
    let server = server(keys).await;
    assert_snapshot!(speak(&server, "none", &lines(1)).await, @r#"
        429
        content-length: 146
        content-type: application/problem+json
        retry-after: 82800
        x-client-name: N

        {
          "code": "audio_quota_exceeded",
          "detail": "this key allows no sound at all; ask whoever gave it to you",
          "status": 429,
          "title": "Audio quota exceeded"
        }
    "#);
    assert_eq!(server.verify("none").await.status, 200, "everything else is open");
    assert_eq!(server.verify("bad").await.code(), "inactive_api_key");
}

#[tokio::test]
async fn a_limit_that_cannot_be_checked_lets_no_sound_be_made() {
    let server = server(KEYS).await;
    // A folder where the database is to be.
    let database = server.path("data/usage/ledger.db");
    let _ = std::fs::remove_file(&database);
    std::fs::create_dir_all(&database).expect("a folder");
    let refused = speak(&server, "half", &lines(1)).await;
    assert_eq!((refused.status, refused.code()), (503, "usage_unavailable".to_owned()), "{refused}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        speak(&server, "free", &lines(1)).await.status,
        200,
        "without a limit nothing has to be known"
    );
}
