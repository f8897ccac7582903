//! `convergence keys`: the history, and what is handed over to a server that runs, or will.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{GUARDED, Serving, get, run};

const KEYS: usize = 20;

/// A keys file of these keys.
fn save(folder: &Path, keys: std::ops::Range<usize>) {
    let rows: Vec<String> = keys.map(|n| format!("key-{n},\"Client {n}, Ltd\",TRUE,60\n")).collect();
    let text = format!("api_key,client_name,is_active,rate_limit\n{}", rows.concat());
    std::fs::write(folder.join("keys.csv"), text).expect("a keys file");
}

fn keys(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = run(folder, &[&["keys"], arguments].concat(), GUARDED);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn history(folder: &Path) -> Vec<Value> {
    let (done, printed, said) = keys(folder, &["history", "--format", "json"]);
    assert!(done, "{said}");
    serde_json::from_str(&printed).expect("a JSON array")
}

/// Waits until the history, which is written in the background, is as long.
fn until_history(folder: &Path, length: usize) -> Vec<Value> {
    let start = std::time::Instant::now();
    loop {
        let entries = history(folder);
        if entries.len() >= length {
            return entries;
        }
        assert!(start.elapsed() < crate::LONG, "{entries:#?}");
    }
}

/// A server of all the keys, which stand in its history.
fn serving_all(folder: &Path) -> Serving {
    save(folder, 0..KEYS);
    let mut serving = Serving::start(folder, &["serve"], GUARDED);
    serving.line_with("keys are up to date");
    until_history(folder, 1);
    serving
}

#[tokio::test]
async fn a_held_refresh_is_shouted_listed_and_accepted() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path();
    let mut serving = serving_all(path);
    let (done, _, said) = keys(path, &["accept", "--yes"]);
    assert!(!done && said.contains("no refresh is held"), "{said}");

    save(path, 15..KEYS);
    let shouted = serving.line_with("REFRESH HELD");
    assert!(shouted.contains("ERROR") && shouted.contains("of 20 working keys 15 are gone"), "{shouted}");
    let fingerprint = gate::KeyHash::of(b"key-0").fingerprint().to_string();
    assert!(shouted.contains(&format!("{fingerprint} (row 2)")) && shouted.contains("and more"), "{shouted}");
    until_history(path, 2);
    // Written last, after the line of the history.
    let standing = path.join("data/keys/standing.json");
    crate::until("the standing is written", || standing.exists()).await;

    let (done, listed, said) = keys(path, &["accept"]);
    assert!(!done && said.contains("--yes"), "nobody is there to type: {said}");
    assert!(listed.contains(&fingerprint) && listed.contains("Client 0, Ltd"), "{listed}");
    assert!(!listed.contains("key-0"), "{listed}");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), "key-0").await, 200);

    let (done, _, said) = keys(path, &["accept", "--yes"]);
    assert!(done, "{said}");
    serving.line_with("it was accepted");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), "key-0").await, 401);
    until_history(path, 3);
    let (_, log) = serving.terminate();
    assert!(!log.contains("key-0"), "{log}");
}

#[tokio::test]
async fn an_acceptance_and_a_rollback_wait_for_a_server_that_is_down() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path();
    let mut serving = serving_all(path);
    save(path, 15..KEYS);
    serving.line_with("REFRESH HELD");
    let standing = path.join("data/keys/standing.json");
    crate::until("the standing is written", || standing.exists()).await;
    serving.terminate();

    assert!(keys(path, &["accept", "--yes"]).0);
    let mut serving = Serving::start(path, &["serve"], GUARDED);
    serving.line_with("it was accepted");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), "key-0").await, 401);
    until_history(path, 3);
    crate::until("the standing is gone", || !standing.exists()).await;
    serving.terminate();

    let (done, listed, said) = keys(path, &["rollback", "1"]);
    assert!(
        !done && said.contains("15 keys come back") && said.contains("15 that are refused now"),
        "{said}"
    );
    assert!(listed.contains("let in again") && listed.contains("Client 0, Ltd"), "{listed}");
    let (done, _, said) = keys(path, &["rollback", "77", "--yes"]);
    assert!(!done && said.contains("there are: 1, 3"), "{said}");
    assert!(keys(path, &["rollback", "1", "--yes"]).0);
    let mut serving = Serving::start(path, &["serve"], GUARDED);
    assert!(serving.line_with("ROLLED BACK").contains("WARN"));
    serving.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), "key-0").await, 200);
    save(path, 14..KEYS);
    serving.line_with("the rollback to entry 1 is over");
    serving.line_with("REFRESH HELD");
    serving.terminate();
}

#[test]
fn the_history_is_printed_in_three_forms_from_the_newest_on() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path();
    assert_eq!(history(path), [Value::Null; 0], "before there is any");
    let serving = serving_all(path);
    save(path, 0..KEYS - 1);
    let entries = until_history(path, 2);
    serving.terminate();
    let ids: Vec<&Value> = entries.iter().map(|entry| &entry["id"]).collect();
    assert_eq!(ids, [&json!(2), &json!(1)]);
    assert_eq!((&entries[0]["removed"], &entries[0]["event"]), (&json!(1), &json!("applied")));

    let (_, csv, _) = keys(path, &["history", "--format", "csv", "--limit", "1"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,at,event,source,keys,added,removed,changed,rollback,note");
    let at = entries[0]["at"].as_str().expect("a time");
    assert_eq!(lines[1..], [format!("2,{at},applied,file,19,0,1,0,yes,")]);
    let (_, table, _) = keys(path, &["history"]);
    let starts: Vec<&str> = table.lines().map(|line| line.split_whitespace().next().unwrap_or("")).collect();
    assert_eq!(starts, ["id", "2", "1"], "{table}");
}
