//! The dashboard: what it says, who may see it, and how it looks in a browser.

mod browser;
mod login;

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Google;

use crate::support::accident::LOOK;
use crate::support::sheet::{google_with, row, server_of};
use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const HOUR: Duration = Duration::from_hours(1);

/// Clients of all kinds in a sheet: the third column is when they expire, the fourth their limit.
const CLIENTS: [(&str, &str, &str, &str); 13] = [
    ("key-acme", "Acme Website", "", "600"),
    ("key-nightly", "Nightly batch", "", "10"),
    ("key-mobile", "Mobile app", "", "1200"),
    ("key-old", "Old partner", "2025-11-30", "60"),
    ("key-trial", "Analytics trial", "2025-12-03", "60"),
    ("key-script", "<script>alert(1)</script>", "", "600"),
    ("key-turned", "evil\u{202e}gpj.exe", "", "600"),
    ("key-typo", "Typo Ltd", "", "lots"),
    ("key-long", "", "", "600"),
    ("key-reports", "Reporting", "2026-06-30", "600"),
    ("key-search", "Search indexer", "", "600"),
    ("key-billing", "Billing", "2025-12-12", ""),
    ("key-desk", "Support desk", "", "600"),
];

async fn google() -> Google {
    let long = "x".repeat(10_000);
    let rows = CLIENTS.map(|(key, name, expires_at, limit)| {
        let name = if name.is_empty() { &long } else { name };
        row(key, name, expires_at.into(), true, limit.parse::<u32>().map_or(limit.into(), Value::from))
    });
    google_with(rows.into()).await
}

impl TestServer {
    /// So many requests with a key, one after the other.
    async fn traffic(&self, key: &str, number: usize) {
        for _ in 0..number {
            self.verify(key).await;
        }
    }

    async fn page(&self, path: &str) -> String {
        let request = self.admin(Method::GET, path).header("accept", "text/html");
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body).expect("UTF-8")
    }

    async fn admin_json(&self, path: &str) -> Value {
        self.send(self.admin(Method::GET, path)).await.json()
    }
}

/// A day of use, with ups and downs.
async fn a_day(server: &TestServer) {
    for (hour, of_day) in [2, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 6, 7, 9, 8, 6, 5, 4, 3, 3].into_iter().enumerate()
    {
        server.traffic("key-acme", 3 * of_day).await;
        server.traffic("key-mobile", 2 * (10 - of_day)).await;
        for (place, (key, ..)) in CLIENTS.iter().enumerate().skip(9) {
            server.traffic(key, (hour * place) % 5 + of_day / 3).await;
        }
        server.clock.advance(HOUR);
    }
    server.traffic("key-nightly", 14).await;
    server.traffic("key-old", 3).await;
    server.traffic("key-trial", 2).await;
    for key in ["key-script", "key-turned", "key-long"] {
        server.traffic(key, 1).await;
    }
    server.traffic("key-acme", 9).await;
    server.traffic("an-unknown-key", 2).await;
}

#[tokio::test]
async fn the_page_says_what_usage_says_and_whatever_a_name_is_it_stays_text() {
    let google = google().await;
    let server = server_of(&google, &[("INSTANCE", "api-1")]);
    server.until_read().await;
    a_day(&server).await;
    server.refresh().await;
    let page = server.page("/?range=24h").await;
    for text in [
        "<bdi title=\"Nightly batch\">",
        "has used all 10 requests of the minute; more in 60 s",
        "was turned away 3 times: its key has expired",
        "has a key that expires in 28 h",
        "<code>rate_limit_exceeded</code> <b>4</b>",
        "<code>unknown_api_key</code> <b>2</b>",
        "guarded",
        "by 13 keys of the tab API_Keys",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "evil\\u{202e}gpj.exe",
        "&#34;lots&#34; is not a whole number",
        "range=F9\"",
        "Keys are managed <a href=\"https://docs.google.com/spreadsheets/d/",
    ] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    for text in ["<script>alert", "\u{202e}", "key-acme", &"x".repeat(65), "style="] {
        assert!(!page.contains(text), "{text} is in\n{page}");
    }
    // The sums are those of /usage.
    let usage = server.admin_json("/usage?since=24h").await;
    let sum = |member: &str| -> u64 {
        usage.as_array().expect("a list").iter().map(|entry| entry[member].as_u64().expect("a number")).sum()
    };
    for member in ["requests", "admitted", "denied"] {
        let shown = format!(">{}</dd>", sum(member));
        assert!(page.contains(&shown), "{member}: {shown}");
    }
    // And so is what the chart draws, in each of its ranges.
    for range in ["24h", "7d", "30d", "1h"] {
        let chart = server.admin_json(&format!("/dashboard/use?range={range}")).await;
        let since = chart["since"].as_i64().expect("a moment");
        let since = jiff::Timestamp::from_second(since).expect("a moment");
        let usage = server.admin_json(&format!("/usage?since={since}")).await;
        let wanted: u64 =
            usage.as_array().expect("a list").iter().filter_map(|it| it["requests"].as_u64()).sum();
        assert_eq!(drawn(&chart), wanted, "{range}: {chart}");
    }
    let chart = server.admin_json("/dashboard/use?range=7d").await;
    assert_eq!(chart["series"].as_array().map(Vec::len), Some(9), "eight, and the rest");
    assert_eq!(chart["series"][8]["is_rest"], true);
}

/// All requests of a chart.
fn drawn(chart: &Value) -> u64 {
    let series = chart["series"].as_array().expect("series").iter();
    let numbers = series.flat_map(|series| series["requests"].as_array().expect("numbers"));
    numbers.filter_map(Value::as_u64).sum()
}

#[tokio::test]
async fn a_picked_range_is_drawn_and_what_is_none_is_refused() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    server.traffic(KEY, 3).await;
    let chart = server.admin_json("/dashboard/use?since=1764543600&until=1764547201").await;
    assert_eq!((drawn(&chart), &chart["length"]), (3, &json!(60)));
    for wrong in [
        "since=1",
        "since=a&until=2",
        "since=2&until=1",
        "since=9223372036854775807&until=9223372036854775807",
    ] {
        let answer = server.send(server.admin(Method::GET, &format!("/dashboard/use?{wrong}"))).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{wrong}");
    }
    let answer = server.send(server.admin(Method::POST, "/dashboard/use")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn an_open_door_a_held_refresh_and_a_file_are_said() {
    let open = TestServer::with(&[]);
    let page = open.page("/").await;
    assert!(page.contains("open to everybody") && page.contains("There are no keys"), "{page}");
    assert_eq!(open.admin_json("/dashboard/use").await, Value::Null);

    let all: Vec<String> = (0..20).map(|n| format!("key-{n},Client {n},,,TRUE,60")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let server = TestServer::with_keys(&csv(&all)).await;
    assert!(server.page("/").await.contains("in good order"));
    server.save_keys(&csv(&["key-0,Client 0,,soon,TRUE,60"]));
    server.until_by("it is held", LOOK, |status| status["cache"]["stale"] == true).await;
    server.clock.advance(Duration::from_secs(3));
    let page = server.page("/").await;
    for text in ["a refresh is held", "of 20 working keys 19 are gone", "<b>line 2</b>", "keys.csv"] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    assert!(!page.contains("docs.google.com"), "{page}");
}

#[tokio::test]
async fn decisions_stream_in_and_only_so_many_watch() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let watch = || server.admin(Method::GET, "/dashboard/live").send();
    let mut first = watch().await.expect("a stream");
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    let mut others = Vec::new();
    for _ in 0..15 {
        others.push(watch().await.expect("a stream"));
    }
    let one_more = Answer::read(watch().await.expect("an answer")).await;
    assert_eq!((one_more.status, one_more.code().as_str()), (503, "too_many_watchers"));
    others.clear();
    server.traffic(KEY, 2).await;
    server.traffic("no-key-of-ours", 1).await;
    let mut text = String::new();
    while text.matches("\"when\"").count() < 3 {
        let piece = first.chunk().await.expect("no fault").expect("more of it");
        text.push_str(std::str::from_utf8(&piece).expect("UTF-8"));
    }
    assert!(
        text.contains(r#""who":"MyApp Production","what":"GET /auth/verify","why":"200","tone":"good""#),
        "{text}"
    );
    assert!(text.contains(r#""why":"unknown_api_key","tone":"warn""#), "{text}");
    assert!(!text.contains(KEY) && !text.contains("no-key-of-ours"), "{text}");
}

#[tokio::test]
async fn what_a_browser_is_given_is_guarded_and_what_it_has_is_not_sent_again() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let asset = server.send(server.admin(Method::GET, "/assets/icon.svg")).await;
    assert_eq!(asset.header("content-type"), Some("image/svg+xml"));
    let tag = asset.header("etag").expect("a tag").to_owned();
    let again = server.admin(Method::GET, "/assets/icon.svg").header("if-none-match", &tag);
    let again = server.send(again).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)));
    for (path, media_type) in [
        ("/assets/admin.css", "text/css; charset=utf-8"),
        ("/assets/dashboard.js", "text/javascript; charset=utf-8"),
        ("/assets/uplot-LICENSE", "text/plain; charset=utf-8"),
    ] {
        let answer = server.send(server.admin(Method::GET, path)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)));
    }
    for path in ["/assets/", "/assets/../Cargo.toml", "/assets/%2e%2e/lib.rs", "/assets"] {
        assert_eq!(server.send(server.admin(Method::GET, path)).await.status, 404, "{path}");
    }
    let page = server.send(server.admin(Method::GET, "/")).await;
    let headers = ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"];
    assert_snapshot!(headers.map(|name| format!("{name}: {}", page.header(name).unwrap_or_default())).join("\n"), @"
    content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'
    x-content-type-options: nosniff
    referrer-policy: same-origin
    cache-control: no-store
    ");
}
