//! What was used, after the program has ended in one way or another (P23).

use std::path::Path;

use serde_json::Value;

use super::{GUARDED, KEY, Serving, folder_with_keys, get, run};

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
