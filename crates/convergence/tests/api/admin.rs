//! The admin listener: `POST /refresh`, `GET /metrics`, and who may use them.

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::Value;
use testkit::{Fault, Times};

use crate::support::sheet::{example, google_with, header, ready_server_of, row, server_of};
use crate::support::{EXAMPLE, KEY, TestServer, csv};

#[tokio::test]
async fn p10_refresh_reads_the_sheet_now_and_answers_when_it_is_in_use() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.set_tab("API_Keys", vec![header(), row("b", "B", "soon".into(), true, 1.into())]);
    server.clock.advance(Duration::from_millis(2_500));
    assert_snapshot!(server.refresh().await, @r#"
        200
        cache-control: no-store
        content-length: 180
        content-type: application/json

        {
          "changed": true,
          "error": null,
          "keys": 1,
          "lag": {
            "seconds": 2.5,
            "upper_bound": true,
            "via": "refresh"
          },
          "problems": 1,
          "refreshed_at": "2025-12-01T00:00:02Z",
          "took_seconds": 0.0,
          "warning": null
        }
    "#);
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key");
    let again = server.refresh().await.json();
    assert_eq!((&again["changed"], &again["lag"]["seconds"]), (&false.into(), &2.5.into()));
}

#[tokio::test]
async fn the_first_good_read_is_a_change_even_of_an_empty_table_and_has_no_lag() {
    let google = google_with(vec![]).await;
    google.inject(Fault::ApiDisabled, Times::Always);
    let server = server_of(&google, &[]);
    server.until("the first read has failed", |status| status["cache"]["last_error"].is_string()).await;
    assert_eq!(server.verify(KEY).await.status, 503);
    google.heal();
    let first = server.refresh().await.json();
    assert_eq!((&first["changed"], &first["keys"], &first["lag"]), (&true.into(), &0.into(), &Value::Null));
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key");
    assert_eq!(server.refresh().await.json()["changed"], false, "still empty");
}

#[tokio::test]
async fn a_failed_refresh_says_why_and_what_is_still_in_use() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.inject(Fault::ApiDisabled, Times::Always);
    let answer = server.refresh().await;
    assert_eq!((answer.status, &answer.json()["keys"]), (502, &1.into()));
    assert!(answer.json()["error"].as_str().is_some_and(|error| error.contains("not enabled")), "{answer}");
    assert_eq!(server.verify(KEY).await.status, 200);
    google.heal();
    assert_eq!(server.refresh().await.status, 200, "a person need not wait for the next try");
    assert_eq!(server.metric("convergence_refreshes_total{result=\"failed\"}").await, Some(1.0));
}

#[tokio::test]
async fn p19_refreshes_at_once_share_a_read_and_many_wait_for_the_quota() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.inject(Fault::Slow(Duration::from_secs(2)), Times::Once);
    let answers = futures_util::future::join_all((0..20).map(|_| server.refresh())).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    // The first of them starts one, and those that come while it runs need another; nobody needs a third.
    let reads = google.reads();
    assert!((2..=3).contains(&reads), "{reads} reads");
    // The first read asked for the time zone as well, so seven are the eight requests that may be made at once.
    for _ in reads..7 {
        assert_eq!(server.refresh().await.status, 200);
    }
    assert_eq!(google.reads(), 7, "as many at once as there are");
    let another = tokio::spawn(server.admin(Method::POST, "/refresh").send());
    assert_eq!(server.verify(KEY).await.status, 200, "nobody else waits");
    server.until("some looks", |status| status["mode"] == "enabled").await;
    assert_eq!((google.reads(), another.is_finished()), (7, false));
    server.clock.advance(Duration::from_millis(1_250));
    assert_eq!(another.await.expect("no panic").expect("an answer").status(), 200);
    assert_eq!(google.reads(), 8);
}

#[tokio::test]
async fn a_refresh_that_google_holds_up_is_answered_after_a_minute() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);
    let request = server.admin(Method::POST, "/refresh").send();
    let request = tokio::spawn(request);
    google.wait_for_reads(2).await;
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(request.await.expect("no panic").expect("an answer").status(), 504);
}

#[tokio::test]
async fn metrics_are_openmetrics_and_name_no_key_client_or_sheet() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    server.until_metric("convergence_refreshes_total{result=\"ok\"}", 1.0).await;
    google.set_tab("API_Keys", vec![header(), row("b", "B", "".into(), true, 1.into())]);
    server.clock.advance(Duration::from_secs(42));
    server.refresh().await;
    server.clock.advance(Duration::from_secs(7));
    let answer = server.send(server.admin(Method::GET, "/metrics")).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let text = String::from_utf8(answer.body).expect("UTF-8");
    for secret in [KEY, "MyApp", google.sheet_id(), google.client_email(), "API_Keys"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.starts_with("# HELP convergence_") && text.ends_with("# EOF\n"), "{text}");
    // Labels come in any order.
    let mut samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    // How often the test has looked whether the keys are there is not told.
    samples.retain(|line| !line.contains("_bucket") && !line.starts_with("convergence_request"));
    samples.sort_unstable();
    assert_snapshot!(samples.join("\n"), @r#"
        convergence_auth_attempts_total{result="failed"} 0
        convergence_auth_attempts_total{result="held_back"} 0
        convergence_decision_duration_seconds_count 0
        convergence_decision_duration_seconds_sum 0.0
        convergence_directory_age_seconds 7.0
        convergence_directory_keys 1
        convergence_directory_problems 0
        convergence_refresh_duration_seconds_count 2
        convergence_refresh_duration_seconds_sum 0.0
        convergence_refresh_held 0
        convergence_refreshes_total{result="failed"} 0
        convergence_refreshes_total{result="ok"} 2
        convergence_revocation_lag_seconds_count{via="refresh"} 1
        convergence_revocation_lag_seconds_sum{via="refresh"} 42.0
        convergence_shadow_refusals_total 0
        convergence_sheet_reads_total 3
        convergence_upstream_duration_seconds_count 0
        convergence_upstream_duration_seconds_sum 0.0
        convergence_usage_durable 1
        convergence_webhooks_total{result="accepted"} 0
        convergence_webhooks_total{result="refused"} 0
        convergence_webhooks_total{result="repeated"} 0
    "#);
    assert_eq!(
        server.metric("convergence_revocation_lag_seconds_bucket{le=\"60.0\",via=\"refresh\"}").await,
        Some(1.0)
    );
}

#[tokio::test]
async fn before_the_first_read_the_age_is_no_number() {
    let server = TestServer::with(&[("AUTH_ENABLED", "true"), ("KEYS_FILE", "{folder}/none.csv")]);
    assert!(server.metric("convergence_directory_age_seconds").await.is_some_and(f64::is_nan));
    let open = TestServer::with(&[]);
    assert!(open.metric("convergence_directory_age_seconds").await.is_some_and(f64::is_nan));
    assert_snapshot!(open.refresh().await, @r#"
        409
        content-length: 146
        content-type: application/problem+json

        {
          "code": "no_key_source",
          "detail": "authentication is off: there are no keys to read; /auth/status says why",
          "status": 409,
          "title": "No keys to read"
        }
    "#);
}

#[tokio::test]
async fn what_is_not_there_is_a_404_and_the_public_listener_has_none_of_it() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    assert_snapshot!(server.send(server.admin(Method::GET, "/auth/verify")).await, @r#"
        404
        content-length: 102
        content-type: application/problem+json

        {
          "code": "not_found",
          "detail": "there is nothing at this path for you",
          "status": 404,
          "title": "Not found"
        }
    "#);
    let answer = server.send(server.admin(Method::GET, "/refresh")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    let answer = server.send(server.admin(Method::POST, "/metrics")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
    for path in ["/metrics", "/refresh"] {
        assert_eq!(server.get(path).await.status, 401, "{path} of the public listener is as any other path");
        let answer = server.send(server.request(Method::POST, path).bearer_auth(KEY)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_where_there_is_one() {
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("ADMIN_TOKEN", "let-me-in")]).await;
    assert_snapshot!(server.send(server.admin(Method::GET, "/metrics")).await, @r#"
        401
        content-length: 153
        content-type: application/problem+json
        www-authenticate: Bearer realm="convergence admin"

        {
          "code": "admin_token_required",
          "detail": "send the value of ADMIN_TOKEN: Authorization: Bearer YOUR_TOKEN",
          "status": 401,
          "title": "Authentication required"
        }
    "#);
    let get = |value: &'static str| {
        let request = server.admin(Method::GET, "/metrics").header("authorization", value);
        async { server.send(request).await.status }
    };
    for wrong in ["Bearer let-me-i", "Bearer let-me-in2", "Bearer", "Basic let-me-in", "let-me-in", "Bearer "]
    {
        assert_eq!(get(wrong).await, 401, "{wrong}");
    }
    for right in ["Bearer let-me-in", "bearer let-me-in"] {
        assert_eq!(get(right).await, 200, "{right}");
    }
    let twice = server.admin(Method::GET, "/metrics").bearer_auth("let-me-in").header("authorization", "x");
    assert_eq!(server.send(twice).await.status, 401);
    assert_eq!(server.send(server.admin(Method::GET, "/nowhere")).await.status, 401, "unknown paths too");
    let with_key = server.admin(Method::POST, "/refresh").bearer_auth(KEY);
    assert_eq!(server.send(with_key).await.status, 401, "a client's key is no token");
}

#[tokio::test]
async fn no_web_page_can_drive_it() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let authority = server.admin_url.strip_prefix("http://").expect("a URL").to_owned();
    let port = authority.rsplit(':').next().expect("a port");
    let refresh = |host: &str, origin: Option<&str>| {
        let request = server.admin(Method::POST, "/refresh").header("host", host);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        async { server.send(request).await }
    };
    for host in [&authority, "localhost", &format!("LocalHost:{port}"), "127.0.0.1:9", "[::1]:1"] {
        assert_eq!(refresh(host, None).await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example:80", "a b", ""]
    {
        assert_eq!(refresh(host, None).await.status, 421, "{host}: a name that was pointed here");
    }
    assert_snapshot!(refresh("evil.example", None).await, @r#"
        421
        content-length: 140
        content-type: application/problem+json

        {
          "code": "wrong_host",
          "detail": "the admin listener answers to localhost and its own address only",
          "status": 421,
          "title": "Misdirected request"
        }
    "#);

    let same = format!("http://{authority}");
    assert_eq!(refresh(&authority, Some(&same)).await.status, 200);
    for origin in ["http://evil.example", "null", "http://localhost:1", "http://127.0.0.1", ""] {
        assert_eq!(refresh(&authority, Some(origin)).await.status, 403, "{origin}: a form of another site");
    }
    assert_snapshot!(refresh(&authority, Some("https://evil.example")).await, @r#"
        403
        content-length: 105
        content-type: application/problem+json

        {
          "code": "cross_site",
          "detail": "no web page of another site may do this",
          "status": 403,
          "title": "Forbidden"
        }
    "#);
}
