//! What is said is what is heard: an offline recogniser listens to what the server speaks (P25).

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EXAMPLE, KEY, TestServer, csv};

const LINES: [(&str, &str, &str); 6] = [
    ("Ada", "female", "Good morning, and welcome to our program about keys and doors."),
    ("Ben", "male", "Thank you for having me. I have spent twenty years building locks for small companies."),
    (
        "Ada",
        "female",
        "Most teams share one password and hope that nobody leaves. What should they do instead?",
    ),
    (
        "Ben",
        "male",
        "Give every customer a key of their own, and write it down in one place that everyone can read.",
    ),
    ("Ada", "female", "And what happens when a customer stops paying?"),
    ("Ben", "male", "You clear one box in a table, and within a few minutes the door stays closed for them."),
];

/// The recogniser's Python, installed on first use.
fn listener() -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listen");
    let made = Command::new("sh").arg(folder.join("setup.sh")).output().expect("sh runs");
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(
        made.status.success(),
        "the listener cannot be installed, ./test.sh installs what it needs: {said}"
    );
    let python = String::from_utf8(made.stdout).expect("a path");
    (python.trim().into(), folder.join("listen.py"))
}

fn listen(arguments: &[&Path], flags: &[&str]) -> Value {
    let (python, script) = listener();
    let [wav, text, timings] = arguments else { panic!("a WAV, its text and its timings") };
    let mut command = Command::new(python);
    command.arg(script).arg("--wav").arg(wav).arg("--text").arg(text).arg("--f0").arg(timings).args(flags);
    let heard = command.output().expect("the listener runs");
    assert!(heard.status.success(), "{}", String::from_utf8_lossy(&heard.stderr));
    serde_json::from_slice(&heard.stdout).expect("its JSON")
}

#[tokio::test]
async fn p25_a_recogniser_understands_two_different_voices() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let lines =
        LINES.map(|(name, gender, message)| json!({"name": name, "gender": gender, "message": message}));
    let request = server.request(Method::POST, "/convergence/generate-audio").bearer_auth(KEY);
    let told = server.send(request.json(&json!({"transcript": lines}))).await.json();
    let url = told["audio_url"].as_str().expect("a recording");
    let wav = server.send(server.request(Method::GET, url).bearer_auth(KEY)).await;

    let [sound, text, timings] = ["said.wav", "said.txt", "timings.json"].map(|name| server.path(name));
    std::fs::write(&sound, wav.body).expect("a file");
    std::fs::write(&text, LINES.map(|(_, _, message)| message).join(" ")).expect("a file");
    std::fs::write(&timings, told["timings"].to_string()).expect("a file");

    let heard = listen(&[&sound, &text, &timings], &[]);
    let errors = heard["wer"].as_f64().expect("a rate");
    assert!(errors <= 0.08, "word error rate {errors}: {}", heard["heard"]);
    let pitches: Vec<f64> =
        heard["f0"].as_object().expect("pitches").values().filter_map(Value::as_f64).collect();
    let [one, other] = pitches[..] else { panic!("two speakers, not {pitches:?}") };
    assert!((one - other).abs() > 30.0, "two voices, {one} Hz and {other} Hz");

    let backwards = listen(&[&sound, &text, &timings], &["--reversed"]);
    let errors = backwards["wer"].as_f64().expect("a rate");
    assert!(errors > 0.6, "a check that is alive hears nothing in a reversed copy, but {errors}");
}
