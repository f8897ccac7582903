//! The access log on standard output: what a line says, and that nobody waits for whoever reads it.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;

use serde_json::Value;

use crate::{GUARDED, KEY, Serving, folder_with_keys, get};

fn serving(format: &str) -> (tempfile::TempDir, Serving, ChildStdout) {
    let folder = folder_with_keys();
    let mut serving =
        Serving::start(folder.path(), &["serve"], &[GUARDED, &[("LOG_FORMAT", format)]].concat());
    serving.line_with("keys are up to date");
    let stdout = serving.child.stdout.take().expect("a pipe");
    (folder, serving, stdout)
}

/// Several requests, and the lines about them; nothing else is on standard output.
async fn lines(format: &str) -> Vec<String> {
    let (_folder, serving, stdout) = serving(format);
    let url = serving.url.clone();
    assert_eq!(get(&format!("{url}/auth/verify?secret=1"), KEY).await, 200);
    assert_eq!(get(&format!("{url}/{KEY}/x"), KEY).await, 404);
    assert_eq!(get(&format!("{url}/auth/verify"), "sk-convergence-unknown").await, 401);
    assert_eq!(get(&format!("{url}/health"), KEY).await, 200);
    assert_eq!(serving.terminate().0, Some(0));
    BufReader::new(stdout).lines().map(|line| line.expect("UTF-8")).collect()
}

#[tokio::test]
async fn p24_each_request_is_a_line_for_people_and_no_line_has_a_key() {
    let lines = lines("text").await;
    let [verified, nowhere, unknown, health] = &lines[..] else { panic!("four lines: {lines:#?}") };
    assert!(verified.contains(" 200 GET /auth/verify "), "{verified}");
    assert!(verified.contains(" admitted client=\"MyApp Production\" key="), "{verified}");
    assert!(
        nowhere.contains(" 404 GET /[redacted]/x ") && nowhere.contains(" admitted not_found "),
        "{nowhere}"
    );
    assert!(unknown.contains(" unauthenticated unknown_api_key key="), "{unknown}");
    assert!(health.contains(" 200 GET /health ") && health.contains(" public from=127.0.0.1"), "{health}");
    assert!(lines.iter().all(|line| !line.contains("sk-") && !line.contains("secret")), "{lines:#?}");
}

#[tokio::test]
async fn p24_each_request_is_an_object_for_machines_and_the_guide_has_its_members() {
    let lines = lines("json").await;
    let objects = lines.iter().map(|line| serde_json::from_str(line).expect("JSON"));
    let objects: Vec<Value> = objects.collect();
    let seen: Vec<_> =
        objects.iter().map(|line| (&line["status"], &line["outcome"], &line["code"])).collect();
    let expected = serde_json::json!([
        [200, "admitted", null],
        [404, "admitted", "not_found"],
        [401, "unauthenticated", "unknown_api_key"],
        [200, "public", null]
    ]);
    assert_eq!(serde_json::to_value(seen).expect("JSON"), expected);
    assert_eq!((&objects[1]["endpoint"], &objects[1]["path"]), (&"GET /*/x".into(), &"/[redacted]/x".into()));
    assert_eq!(objects[0]["key"].as_str().map(str::len), Some(12));
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/logging.md");
    let guide = std::fs::read_to_string(guide).expect("a guide");
    let example =
        guide.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let example: Value = serde_json::from_str(example).expect("JSON");
    let shown = example.as_object().expect("an object");
    for (member, value) in objects.iter().filter_map(Value::as_object).flatten() {
        assert!(shown.get(member).is_some_and(|shown| value.is_number() == shown.is_number()), "{member}");
    }
    assert!(lines.iter().all(|line| !line.contains("sk-") && !line.contains("secret")), "{lines:#?}");
}

#[tokio::test]
async fn nobody_waits_for_whoever_reads_the_log_or_does_not() {
    // A pipe takes 64 KiB, and one that is closed nothing.
    for is_closed in [false, true] {
        let (_folder, serving, stdout) = serving("json");
        let kept = (!is_closed).then_some(stdout);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for _ in 0..400 {
            let answer = client.get(format!("{}/health", serving.url)).send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
        }
        assert_eq!(serving.terminate().0, Some(0));
        drop(kept);
    }
}

#[tokio::test]
async fn it_can_be_left_out() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("ACCESS_LOG", "false")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    let stdout = serving.child.stdout.take().expect("a pipe");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    serving.terminate();
    assert_eq!(BufReader::new(stdout).lines().count(), 0);
}
