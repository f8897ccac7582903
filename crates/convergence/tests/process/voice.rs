//! The voice is a program of its own: one that does not end, and none.

use std::path::Path;

use crate::{GUARDED, KEY, Serving, folder_with_keys, get, until};

/// A voice program that never ends, and says in a file who it is.
pub(crate) fn endless_voice(folder: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("flite");
    std::fs::write(&program, "#!/bin/sh\necho $$ > \"${0%/*}/pid\"\nexec sleep 600\n").expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a program that runs");
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_a_full_queue_says_so_and_a_client_that_leaves_frees_its_worker() {
    let folder = folder_with_keys();
    let path = endless_voice(folder.path());
    let settings =
        [GUARDED, &[("PATH", path.as_str()), ("AUDIO_WORKERS", "1"), ("AUDIO_QUEUE", "0")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/convergence/generate-audio", serving.url);
    let speak =
        || client.post(&url).bearer_auth(KEY).json(&serde_json::json!({"prompt": "A long story"})).send();

    let first = tokio::spawn(speak());
    let pid_file = folder.path().join("pid");
    until("the voice speaks", || std::fs::read_to_string(&pid_file).is_ok_and(|pid| pid.ends_with('\n')))
        .await;
    let pid = std::fs::read_to_string(&pid_file).expect("a number").trim().to_owned();
    let second = speak().await.expect("an answer");
    assert_eq!(second.status(), 429);
    assert!(second.headers().contains_key("retry-after"));
    assert!(second.text().await.expect("a body").contains("queue_full"));

    first.abort();
    until("the voice is gone", || !Path::new("/proc").join(&pid).exists()).await;
    std::fs::remove_file(&pid_file).expect("the first one's file");
    let third = tokio::spawn(speak());
    until("the worker is free", || pid_file.exists()).await;
    third.abort();
    serving.terminate();
}

#[tokio::test]
async fn p25_without_a_voice_the_answer_names_the_package_and_the_rest_works() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("PATH", "/nonexistent")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("{}/convergence/generate-audio", serving.url)).bearer_auth(KEY);
    let answer = request.json(&serde_json::json!({"prompt": "Anything"})).send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert_eq!(
        answer.headers().get("x-client-name").map(reqwest::header::HeaderValue::as_bytes),
        Some(&b"MyApp Production"[..])
    );
    let body = answer.text().await.expect("a body");
    assert!(body.contains("no_voice") && body.contains("flite"), "{body}");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    serving.terminate();
}
