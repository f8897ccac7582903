//! OpenAI's own Python client against the program: nothing of it is changed but the base URL and the key.

use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::voice::endless_voice;
use crate::{GUARDED, KEY, Serving, folder_with_keys, until};

/// A Python with that client, installed by the first test that asks.
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/openai/setup.sh");
    let output = std::process::Command::new(&script).stderr(Stdio::inherit()).output();
    let output = output.expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
});

fn serving(folder: &TempDir, more: &[(&str, &str)]) -> Serving {
    let mut serving = Serving::start(folder.path(), &["serve"], &[GUARDED, more].concat());
    serving.line_with("keys are up to date");
    serving
}

/// What the client tells of a scenario.
async fn client(url: &str, key: &str, scenario: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/openai/client.py");
    let mut command = Command::new(&*PYTHON);
    command.arg(script).args([url, key, scenario]).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{scenario}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn openais_client_speaks_in_each_way_it_knows() {
    let folder = folder_with_keys();
    let serving = serving(&folder, &[]);
    let told = client(&serving.url, KEY, "speech").await;
    let frames = told["wav"]["frames"].as_u64().expect("a number");
    assert!(frames > 24_000, "more than a second: {told}");
    assert_eq!(
        told,
        json!({
            "wav": {"rate": 24_000, "channels": 1, "frames": frames},
            "type": "audio/wav",
            "client": "MyApp Production",
            "streamed": {"rate": 24_000, "channels": 1, "frames": frames},
            "pcm_frames": frames,
            "opus": "OggS",
            "async_is_the_same": true,
        })
    );
    let told = client(&serving.url, KEY, "models").await;
    let flite = json!({"id": "flite", "object": "model", "created": 0, "owned_by": "convergence"});
    assert_eq!(told, json!({"list": ["flite"], "one": flite}));
    let (code, log) = serving.terminate();
    assert!(code == Some(0) && !log.contains("abc123xyz"), "{log}");
}

#[tokio::test]
async fn openais_client_raises_its_own_errors_with_our_words() {
    let folder = folder_with_keys();
    let serving = serving(&folder, &[]);
    let told = client(&serving.url, KEY, "errors").await;
    let of = |what: &str| {
        let error = &told[what];
        json!([error["class"], error["status"], error["code"], error["param"]])
    };
    assert_eq!(
        of("format"),
        json!(["BadRequestError", 400, "unsupported_value", "response_format"]),
        "{told}"
    );
    let message = told["format"]["body"]["message"].as_str().expect("a message");
    assert!(message.contains("wav, opus, pcm or mp3"), "{message}");
    assert_eq!(of("voice"), json!(["BadRequestError", 400, "invalid_value", "voice"]));
    assert_eq!(of("model"), json!(["NotFoundError", 404, "model_not_found", "model"]));
    assert_eq!(of("retrieve"), json!(["NotFoundError", 404, "model_not_found", "model"]));
    // The key is refused in the words that are ours everywhere.
    assert_eq!(of("key"), json!(["AuthenticationError", 401, "unknown_api_key", null]));
    assert_eq!(told["key"]["body"]["title"], "Invalid API key");
    serving.terminate();
}

#[tokio::test]
async fn openais_client_is_told_of_limits_and_of_a_missing_voice() {
    let folder = folder_with_keys();
    let limited = "api_key,client_name,is_active,rate_limit\nsk-convergence-none,Nobody,TRUE,0\n\
                   sk-convergence-abc123xyz,MyApp Production,TRUE,60\n";
    std::fs::write(folder.path().join("keys.csv"), limited).expect("a keys file");
    let serving = serving(&folder, &[("PATH", "/nonexistent")]);
    let told = client(&serving.url, "sk-convergence-none", "refused").await;
    assert_eq!(
        (&told["class"], &told["code"]),
        (&json!("RateLimitError"), &json!("rate_limit_exceeded")),
        "{told}"
    );
    assert_eq!((&told["client"], &told["retry_after"]), (&json!("Nobody"), &json!("60")));
    let told = client(&serving.url, KEY, "refused").await;
    assert_eq!((&told["class"], &told["status"]), (&json!("InternalServerError"), &json!(503)), "{told}");
    assert_eq!(told["code"], "no_voice");
    assert!(
        told["body"]["message"].as_str().is_some_and(|message| message.starts_with("no voice: ")),
        "{told}"
    );
    serving.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_a_rate_limit_and_a_client_that_leaves_ends_the_work() {
    let folder = folder_with_keys();
    let path = endless_voice(folder.path());
    let serving = serving(&folder, &[("PATH", &path), ("AUDIO_WORKERS", "1"), ("AUDIO_QUEUE", "0")]);
    let url = serving.url.clone();
    let first = tokio::spawn(async move { client(&url, KEY, "refused").await });
    let pid_file = folder.path().join("pid");
    until("the voice speaks", || std::fs::read_to_string(&pid_file).is_ok_and(|pid| pid.ends_with('\n')))
        .await;
    let pid = std::fs::read_to_string(&pid_file).expect("a number").trim().to_owned();

    let told = client(&serving.url, KEY, "refused").await;
    assert_eq!((&told["class"], &told["code"]), (&json!("RateLimitError"), &json!("queue_full")), "{told}");
    assert!(told["retry_after"].is_string() && told["body"]["type"] == "rate_limit_error", "{told}");

    first.abort();
    until("the voice is gone", || !Path::new("/proc").join(&pid).exists()).await;
    std::fs::remove_file(&pid_file).expect("the first one's file");
    let url = serving.url.clone();
    let third = tokio::spawn(async move { client(&url, KEY, "refused").await });
    until("the worker is free", || pid_file.exists()).await;
    third.abort();
    serving.terminate();
}
