//! The exchanges of real clients with the real Google, replayed: equal status and equal body, but for ids, times,
//! colours, and what `forgiven` says.
//!
//! `exchanges/*.json` were written anew from recordings whose projects and licences (MIT, Apache-2.0) stand in
//! each; `ID` is the spreadsheet. An exchange without an answer only prepares the next.

use std::path::Path;

use reqwest::Method;
use serde_json::{Map, Value, json};
use testkit::{Fault, Google, Times};

use crate::support::{Answer, assertion, client, exchange, read};

#[tokio::test]
async fn every_recorded_exchange_has_the_recorded_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/google/exchanges");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).expect("the recordings are there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a recording");
        let recording: Value = serde_json::from_str(&text).expect("a recording is JSON");
        replayed += replay(&path.file_stem().expect("a name").to_string_lossy(), &recording).await;
    }
    assert!(replayed > 40, "only {replayed} exchanges were replayed");
}

async fn replay(name: &str, recording: &Value) -> usize {
    let google = prepared(recording).await;
    let token = match recording["token"].as_str() {
        Some(token) => token.to_owned(),
        None => token(&google).await,
    };
    let exchanges = recording["exchanges"].as_array().expect("exchanges");
    for (at, exchange) in exchanges.iter().enumerate() {
        let answer = send(&google, &token, exchange).await;
        assert_eq!(json!(answer.status), exchange["status"], "{name} {at}: {}", answer.text);
        if let Some(recorded) = exchange.get("answer") {
            assert_eq!(forgiven(&answer.json, &google), forgiven(recorded, &google), "{name} {at}");
        }
    }
    exchanges.len()
}

/// A Google with the tabs, the sharing and the fault that the recording was made under.
async fn prepared(recording: &Value) -> Google {
    let google = Google::start().await;
    for tab in recording["tabs"].as_array().into_iter().flatten() {
        let title = tab["title"].as_str().expect("a title");
        google.set_tab(title, serde_json::from_value(tab["cells"].clone()).expect("rows"));
        let size = |name: &str| usize::try_from(tab[name].as_u64().expect("a size")).expect("a small number");
        google.resize_tab(title, size("rows"), size("columns"));
    }
    google.share(recording["shared"] != false);
    match recording["fault"].as_str() {
        Some("ApiDisabled") => google.inject(Fault::ApiDisabled, Times::Always),
        Some("QuotaExceeded") => google.inject(Fault::QuotaExceeded, Times::Always),
        Some(other) => panic!("no fault is called {other}"),
        None => {}
    }
    google
}

async fn token(google: &Google) -> String {
    let scope = "https://www.googleapis.com/auth/spreadsheets https://www.googleapis.com/auth/drive";
    let answer = exchange(google, &assertion(google, json!({ "scope": scope }))).await;
    answer.json["access_token"].as_str().expect(&answer.text).to_owned()
}

async fn send(google: &Google, token: &str, exchange: &Value) -> Answer {
    let method: Method = exchange["method"].as_str().expect("a method").parse().expect("a method");
    let path = exchange["path"].as_str().expect("a path").replace("/ID", &format!("/{}", google.sheet_id()));
    let mut request = client().request(method, format!("{}{path}", google.url())).bearer_auth(token);
    if let Some(body) = exchange.get("body") {
        request = request.json(body);
    }
    read(request.send().await.expect("the server answers")).await
}

/// Members whose values are Google's own: ids of what is made, times, the theme and its colours, and the number of
/// the project.
const OWN: [&str; 8] = [
    "sheetId",
    "protectedRangeId",
    "tableId",
    "createdTime",
    "modifiedTime",
    "themeColors",
    "containerInfo",
    "id",
];

/// A body without what differs from one Google to the next. Details of errors have no order (recorded both ways).
fn forgiven(body: &Value, google: &Google) -> Value {
    match body {
        Value::Object(members) => {
            let kept = members.iter().map(|(name, value)| {
                let own = OWN.contains(&name.as_str()) && *value != 0;
                (name.clone(), if own { json!("...") } else { forgiven(value, google) })
            });
            let kept: Map<String, Value> = kept.filter(|(name, _)| name != "themeColors").collect();
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| forgiven(item, google)).collect(),
        Value::String(text) => json!(text.replace(google.sheet_id(), "ID")),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}
