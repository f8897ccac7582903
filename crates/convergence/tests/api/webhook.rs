//! `POST /hooks/sheet-changed`: who is believed, and what it brings about.

use std::time::Duration;

use aws_lc_rs::hmac;
use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{Fault, Google, Times};
use uuid::Uuid;

use crate::support::sheet::{example, google_with, header, row, server_of};
use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const HOOK: &str = "/hooks/sheet-changed";
const SECRET: &str = "a secret that two of us know";

/// The test clock's start.
const START: i64 = 1_764_547_200;

/// A server of that sheet that takes notices, a minute after its first read.
async fn hooked(google: &Google) -> TestServer {
    let server = server_of(google, &[("SHEET_WEBHOOK_SECRET", SECRET)]);
    server.until_read().await;
    server.clock.advance(Duration::from_mins(1));
    server
}

fn signature(secret: &str, time: i64, body: &str) -> String {
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        format!("{time}.{body}").as_bytes(),
    );
    let hex = mac.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("t={time},v1={hex}")
}

fn notice(edited_at: Option<i64>) -> String {
    json!({"id": Uuid::new_v4(), "sent_at": (START + 60) * 1_000, "edited_at": edited_at}).to_string()
}

fn call(server: &TestServer, signature: &str, body: &str) -> RequestBuilder {
    let request = server.request(Method::POST, HOOK).header("content-type", "application/json");
    request.header("x-convergence-signature", signature).body(body.to_owned())
}

/// A call as the script makes it, of a change at this moment.
async fn tell(server: &TestServer, edited_at: Option<i64>) -> Answer {
    let body = notice(edited_at);
    server.send(call(server, &signature(SECRET, START + 60, &body), &body)).await
}

#[tokio::test]
async fn p10_a_signed_notice_brings_a_revocation_into_effect_at_once_and_its_lag_is_told() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    google.set_tab("API_Keys", vec![header(), row(KEY, "MyApp Production", "".into(), false, 60.into())]);
    server.clock.advance(Duration::from_millis(700));
    assert_snapshot!(tell(&server, Some((START + 60) * 1_000)).await, @r#"
        202
        cache-control: no-store
        content-length: 21
        content-type: application/json

        {
          "status": "accepted"
        }
    "#);
    server.until_verified(KEY, 401, Duration::ZERO).await;
    assert_eq!(server.verify(KEY).await.code(), "inactive_api_key");
    let lag = |what| format!("convergence_revocation_lag_seconds_{what}{{via=\"webhook\"}}");
    server.until_metric(&lag("count"), 1.0).await;
    server.until_metric(&lag("sum"), 0.7).await;
    assert_eq!(server.metric("convergence_webhooks_total{result=\"accepted\"}").await, Some(1.0));
    let refreshed = server.refresh().await.json();
    assert_eq!(refreshed["lag"], json!({"seconds": 0.7, "via": "webhook", "upper_bound": false}));
}

#[tokio::test]
async fn p18_without_a_secret_the_path_needs_a_key_like_any_other() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let body = notice(None);
    let answer = server.send(call(&server, &signature(SECRET, START, &body), &body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "authentication_required"));
    let answer = server.send(server.request(Method::POST, HOOK).bearer_auth(KEY)).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn whoever_does_not_sign_is_refused_and_causes_no_read() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    let body = notice(None);
    assert_snapshot!(server.send(server.request(Method::POST, HOOK).body(body.clone())).await, @r#"
        401
        content-length: 159
        content-type: application/problem+json
        www-authenticate: X-Convergence-Signature realm="convergence"

        {
          "code": "signature_required",
          "detail": "sign the request: X-Convergence-Signature: t=UNIX_SECONDS,v1=HEX_HMAC_SHA256",
          "status": 401,
          "title": "Signature required"
        }
    "#);
    let right = signature(SECRET, START + 60, &body);
    let wrong = [
        ("signature_required", String::new()),
        ("signature_required", "t=1".to_owned()),
        ("signature_required", right.replace("v1=", "v2=")),
        ("signature_expired", signature(SECRET, START + 60 - 301, &body)),
        ("signature_expired", signature(SECRET, START + 60 + 301, &body)),
        ("invalid_signature", signature("another secret of that length", START + 60, &body)),
        ("invalid_signature", signature(SECRET, START + 60, &format!("{body} "))),
        ("invalid_signature", right.replace(&format!("t={}", START + 60), &format!("t={}", START + 61))),
    ];
    for (code, signature) in &wrong {
        let answer = server.send(call(&server, signature, &body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, *code), "{signature}");
        assert!(answer.header("www-authenticate").is_some(), "{signature}");
    }
    let twice = call(&server, &right, &body).header("x-convergence-signature", &right);
    assert_eq!(server.send(twice).await.code(), "signature_required");
    let with_key = server.request(Method::POST, HOOK).bearer_auth(KEY).body(body.clone());
    assert_eq!(server.send(with_key).await.code(), "signature_required", "a key is no signature");
    let get = server.send(server.request(Method::GET, HOOK)).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let large = "x".repeat(5_000);
    let answer = server.send(call(&server, &signature(SECRET, START + 60, &large), &large)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    let no_notice = r#"{"id": 7}"#;
    let answer = server.send(call(&server, &signature(SECRET, START + 60, no_notice), no_notice)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_notice"));

    // Only what comes after them all is a reason to read.
    assert_eq!(google.reads(), 1);
    assert_eq!(server.send(call(&server, &right, &body)).await.status, 202);
    google.wait_for_reads(2).await;
    assert_eq!(server.metric("convergence_webhooks_total{result=\"refused\"}").await, Some(13.0));
}

#[tokio::test]
async fn a_repetition_has_no_effect() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    let body = notice(None);
    let signed = signature(SECRET, START + 60, &body);
    assert_eq!(server.send(call(&server, &signed, &body)).await.status, 202);
    google.wait_for_reads(2).await;
    server.refresh().await;
    let reads = google.reads();
    server.clock.advance(Duration::from_secs(30));
    assert_snapshot!(server.send(call(&server, &signed, &body)).await, @r#"
        200
        cache-control: no-store
        content-length: 21
        content-type: application/json

        {
          "status": "repeated"
        }
    "#);
    let anew = signature(SECRET, START + 90, &body);
    assert_eq!(
        server.send(call(&server, &anew, &body)).await.status,
        200,
        "signed anew, it is the same notice"
    );
    // One read answers for this refresh, and there was nothing else to read for.
    server.refresh().await;
    server.clock.advance(Duration::from_secs(30));
    server.refresh().await;
    assert_eq!(google.reads(), reads + 2);
}

#[tokio::test]
async fn p19_notices_during_a_read_cause_exactly_one_more_and_no_two_begin_within_a_second() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    google.inject(Fault::Slow(Duration::from_millis(400)), Times::Once);
    assert_eq!(tell(&server, None).await.status, 202);
    google.wait_for_reads(2).await;
    for _ in 0..20 {
        assert_eq!(tell(&server, None).await.status, 202);
    }
    server.until("the slow read has ended", |status| status["cache"]["age_seconds"] == 0).await;
    google.set_tab("API_Keys", vec![header(), row(KEY, "MyApp Production", "".into(), false, 60.into())]);
    server.clock.advance(Duration::from_millis(999));
    assert_eq!(server.verify(KEY).await.status, 200, "not within a second of the last");
    assert_eq!(google.reads(), 2);
    server.clock.advance(Duration::from_millis(1));
    server.until_verified(KEY, 401, Duration::ZERO).await;
    assert_eq!(google.reads(), 3);
    // Nothing is left to do: the next read is the one that is asked for.
    server.clock.advance(Duration::from_secs(20));
    server.refresh().await;
    assert_eq!(google.reads(), 4);
}

#[tokio::test]
async fn a_notice_while_google_fails_is_not_lost() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    google.inject(Fault::InternalError, Times::Always);
    assert_eq!(tell(&server, Some((START + 60) * 1_000)).await.status, 202);
    server.until("it fails", |status| status["cache"]["stale"] == true).await;
    google.set_tab("API_Keys", vec![header()]);
    google.heal();
    server.until_by("healed", Duration::from_millis(500), |status| status["cache"]["stale"] == false).await;
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key");
    // Its lag counts from the change, not from the read that showed it.
    server.until_metric("convergence_revocation_lag_seconds_count{via=\"webhook\"}", 1.0).await;
}

#[tokio::test]
async fn the_lag_of_polling_is_at_most_the_time_since_the_read_before() {
    let google = google_with(vec![example()]).await;
    let server = hooked(&google).await;
    let lag = |what| format!("convergence_revocation_lag_seconds_{what}{{via=\"poll\"}}");
    server.clock.advance(Duration::from_mins(4));
    google.wait_for_reads(2).await;
    server.until("read", |status| status["cache"]["age_seconds"] == 0).await;
    assert_eq!(server.metric(&lag("count")).await, None, "nothing has changed");
    google.set_tab("API_Keys", vec![header()]);
    server.clock.advance(Duration::from_mins(5));
    server.until_verified(KEY, 401, Duration::ZERO).await;
    server.until_metric(&lag("sum"), 300.0).await;
}

#[tokio::test]
async fn where_authentication_is_off_there_is_nothing_to_read() {
    let server = TestServer::with(&[("SHEET_WEBHOOK_SECRET", SECRET)]);
    let body = notice(None);
    let answer = server.send(call(&server, &signature(SECRET, START, &body), &body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "no_key_source"));
    let value: Value = answer.json();
    assert!(value["detail"].is_string());
}
