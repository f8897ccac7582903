//! What was used, after the program has ended in one way or another (P23).

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{GUARDED, KEY, LONG, Serving, folder_with_keys, get, run};

/// How many requests were let through.
fn admitted(folder: &Path) -> u64 {
    let usage = testkit::usage(env!("CARGO_BIN_EXE_convergence"), &folder.join("data"), "client");
    usage.iter().filter_map(|line| line["admitted"].as_u64()).sum()
}

#[tokio::test]
async fn p23_totals_outlive_a_kill_and_a_stop() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("USAGE_FLUSH_INTERVAL", "1")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    assert_eq!(admitted(folder.path()), 1, "while it runs");
    serving.child.kill().expect("a process to kill");
    serving.child.wait().expect("an exit status");

    let settings = [GUARDED, &[("USAGE_FLUSH_INTERVAL", "3600")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    assert_eq!(serving.terminate().0, Some(0));
    assert_eq!(admitted(folder.path()), 2);

    let shown = run(folder.path(), &["usage", "--since", "2d", "--format", "json"], GUARDED);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!((&shown[0]["client_name"], &shown[0]["requests"]), (&"MyApp Production".into(), &2.into()));
    let shown =
        run(folder.path(), &["usage", "--client", "Somebody else", "--by", "day", "--format", "csv"], &[]);
    let header = "day,client_name,requests,admitted,rate_limited,failed,audio_seconds,last_used_at,\
                  quota_exceeded,denied,shadow_limited\n";
    assert_eq!(String::from_utf8_lossy(&shown.stdout), header);
}

#[test]
fn p23_usage_says_what_is_wrong() {
    let folder = folder_with_keys();
    let error = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let nothing = error(&["usage"]);
    assert!(nothing.contains("nothing was used yet, or the server has another DATA_DIR"), "{nothing}");
    let wrong = error(&["usage", "--since", "yesterday"]);
    assert!(wrong.contains("--since: this is not a moment"), "{wrong}");
}

#[tokio::test]
async fn p23_a_disk_that_cannot_be_written_stops_no_request_and_is_said_until_it_can() {
    let folder = folder_with_keys();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    std::fs::write(data.join("usage"), "a file where a folder should be").expect("a file");
    let mut serving = Serving::start(folder.path(), &["serve"], GUARDED);
    serving.line_with("keys are up to date");
    let verify = format!("{}/auth/verify", serving.url);
    assert_eq!(get(&verify, KEY).await, 200);
    let line = serving.line_with("usage cannot be kept in DATA_DIR");
    assert!(line.contains("counted in memory only"), "{line}");
    let status = async || {
        let text = reqwest::get(format!("{}/auth/status", serving.url)).await.expect("an answer");
        let status: Value = serde_json::from_str(&text.text().await.expect("a text")).expect("JSON");
        status["usage"].clone()
    };
    let said = status().await;
    assert!(
        said["durable"] == false && said["last_error"].as_str().is_some_and(|why| !why.is_empty()),
        "{said}"
    );

    std::fs::remove_file(data.join("usage")).expect("a file");
    let start = Instant::now();
    while status().await["durable"] != true {
        assert!(start.elapsed() < LONG, "still in memory");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(&verify, KEY).await, 200);
    serving.child.kill().expect("a process to kill");
    serving.child.wait().expect("an exit status");
    assert_eq!(admitted(folder.path()), 2, "what was in memory only is on the disk as well");
}

#[tokio::test]
async fn p23_the_operator_asks_for_it_over_http() {
    let folder = folder_with_keys();
    let mut serving = Serving::start(folder.path(), &["serve"], GUARDED);
    serving.line_with("keys are up to date");
    let admin = serving.line_with("admin at ");
    let admin = admin.rsplit("admin at ").next().expect("an address").trim().to_owned();
    for path in ["/auth/verify", "/auth/verify", "/nowhere/7"] {
        get(&format!("{}{path}", serving.url), KEY).await;
    }
    let usage = async |query: &str| {
        let answer = reqwest::get(format!("{admin}/usage{query}")).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.text().await.expect("a text");
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    let (status, lines) = usage("?by=endpoint&since=1h&client=MyApp+Production").await;
    let shown: Vec<_> = lines
        .as_array()
        .expect("an array")
        .iter()
        .map(|line| (&line["endpoint"], &line["requests"]))
        .collect();
    let expected = [(&"GET /auth/verify".into(), &2.into()), (&"GET /nowhere/*".into(), &1.into())];
    assert_eq!((status, shown.as_slice()), (200, &expected[..]));
    let printed =
        run(folder.path(), &["usage", "--by", "endpoint", "--since", "1h", "--format", "json"], GUARDED);
    assert_eq!(
        serde_json::from_slice::<Value>(&printed.stdout).expect("JSON"),
        lines,
        "the command says the same"
    );
    for (query, member) in [
        ("?by=colour", "by:"),
        ("?since=soon", "since:"),
        ("?since=1h&until=2h", "since:"),
        ("?name=a", "takes since"),
    ] {
        let (status, problem) = usage(query).await;
        assert_eq!(status, 400);
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.contains(member)),
            "{query}: {problem}"
        );
    }
    assert_eq!(serving.terminate().0, Some(0));
}
