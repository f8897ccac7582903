//! The very script that people paste into their spreadsheet, run by Node against a server (`docs/sheet-changed.gs`).

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Fault, Times};

use crate::support::sheet::{example, google_with, header, row, server_of};
use crate::support::{EXAMPLE, KEY, TestServer, csv};

const SECRET: &str = "a secret with ünïcode in it";

/// Runs functions of the script, and says what came of it.
async fn run(input: Value) -> Value {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = crate_folder.join("../../docs/sheet-changed.gs");
    let mut command = Command::new("node");
    command.arg(crate_folder.join("tests/apps_script/run.js")).arg(script);
    let ran = tokio::task::spawn_blocking(move || {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("node runs; ./test.sh installs it (Debian package nodejs)");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.to_string().as_bytes()).expect("its input");
        drop(stdin);
        child.wait_with_output().expect("its output")
    });
    let ran = ran.await.expect("no panic");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("its JSON")
}

/// What the script's clock says where the test clock has moved by so much.
fn script_time(moved: Duration) -> u64 {
    1_764_547_200_000 + u64::try_from(moved.as_millis()).expect("a test's time")
}

#[tokio::test]
async fn p10_the_script_that_people_paste_brings_a_revocation_into_effect() {
    let google = google_with(vec![example()]).await;
    let server = server_of(&google, &[("SHEET_WEBHOOK_SECRET", SECRET)]);
    server.until_read().await;
    let minute = Duration::from_mins(1);
    server.clock.advance(minute);
    let input = |calls: Value| {
        let url = format!("{}/", server.url);
        json!({"url": url, "secret": SECRET, "now": script_time(minute), "calls": calls})
    };

    // Run twice, it installs each trigger once; and it says hello.
    let installed = run(input(json!([["install", null], ["install", null]]))).await;
    assert_eq!(installed["error"], Value::Null, "{installed:#}");
    assert_eq!(installed["triggers"], json!([["sheetEdited", "onEdit"], ["sheetChanged", "onChange"]]));
    assert_eq!(installed["requests"][1]["status"], 202, "{installed:#}");
    // Both notices have had their reads when this one ends.
    google.wait_for_reads(2).await;
    server.clock.advance(minute / 2);
    server.refresh().await;
    server.clock.advance(minute / 2);

    google.set_tab("API_Keys", vec![header(), row(KEY, "MyApp Production", "".into(), false, 60.into())]);
    let told = run(input(json!([["sheetEdited", {}]]))).await;
    assert_eq!(told["requests"][0]["status"], 202, "{told:#}");
    server.until_verified(KEY, 401, Duration::ZERO).await;
    assert_eq!(server.verify(KEY).await.code(), "inactive_api_key");
    // Edited at its minute, seen at ours.
    let lag = "convergence_revocation_lag_seconds_sum{via=\"webhook\"}";
    server.until_metric(lag, 60.0).await;

    // Edits are told by the one trigger, everything else by the other.
    let changes =
        json!([["sheetChanged", {"changeType": "EDIT"}], ["sheetChanged", {"changeType": "REMOVE_ROW"}]]);
    let told = run(input(changes)).await;
    assert_eq!(told["requests"].as_array().map(Vec::len), Some(1), "{told:#}");
}

#[tokio::test]
async fn the_script_tries_again_with_the_same_notice_and_gives_up_where_that_is_no_use() {
    let keys = csv(&[EXAMPLE]);
    let server = TestServer::with_keys_and(&keys, &[("SHEET_WEBHOOK_SECRET", SECRET)]).await;
    let input = |url: &str, secret: &str, now: u64, refuse: u32| {
        let calls = json!([["sheetEdited", {}]]);
        json!({"url": url, "secret": secret, "now": now, "refuse": refuse, "calls": calls})
    };
    let now = script_time(Duration::ZERO);
    let third = run(input(&server.url, SECRET, now, 2)).await;
    assert_eq!((&third["error"], &third["pauses"]), (&Value::Null, &json!([1_000, 2_000])), "{third:#}");
    assert_eq!(third["requests"][2]["status"], 202);
    let sent = &third["requests"][2]["sent"];
    assert_eq!((&sent["edited_at"], &sent["sent_at"]), (&now.into(), &(now + 3_000).into()));

    let never = run(input(&server.url, SECRET, now, 99)).await;
    assert_eq!(never["pauses"], json!([1_000, 2_000, 4_000, 8_000]), "{never:#}");
    assert!(never["error"].as_str().is_some_and(|error| error.contains("was not told")), "{never:#}");

    let wrong = run(input(&server.url, "another secret of that length", now, 0)).await;
    assert!(wrong["error"].as_str().is_some_and(|error| error.contains("SHEET_WEBHOOK_SECRET")), "{wrong:#}");
    assert_eq!(wrong["pauses"], json!([]), "nothing is gained by another try");
    let late = run(input(&server.url, SECRET, script_time(Duration::from_mins(6)), 0)).await;
    assert!(late["error"].as_str().is_some_and(|error| error.contains("signature_expired")), "{late:#}");

    let unset = run(json!({"url": null, "secret": null, "now": now, "calls": [["install", null]]})).await;
    assert!(unset["error"].as_str().is_some_and(|error| error.contains("CONVERGENCE_URL")), "{unset:#}");
    assert_eq!(unset["triggers"], json!([]));
}

#[tokio::test]
async fn an_edit_while_google_is_slow_is_answered_at_once() {
    let google = google_with(vec![example()]).await;
    let server = server_of(&google, &[("SHEET_WEBHOOK_SECRET", SECRET)]);
    server.until_read().await;
    google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);
    let calls = json!([["sheetEdited", {}], ["sheetEdited", {}]]);
    let now = script_time(Duration::ZERO);
    let told = run(json!({"url": server.url, "secret": SECRET, "now": now, "calls": calls})).await;
    assert_eq!((&told["requests"][0]["status"], &told["requests"][1]["status"]), (&202.into(), &202.into()));
}
