//! Servers that others have written: aimock for both protocols, and in files of their own llmock, which fails as it is told, and a
//! llama.cpp server with a real model (P25).

mod llama;
mod llmock;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::script::post;
use crate::support::{EXAMPLE, TestServer, csv};

/// Where they are, installed on first use.
fn models() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    let made = Command::new("sh").arg(folder.join("setup.sh")).output().expect("sh runs");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(
        made.status.success(),
        "the models cannot be installed, ./test.sh installs what they need: {said}"
    );
    String::from_utf8(made.stdout).expect("a path").trim().into()
}

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// aimock with these fixtures, on a free port.
async fn aimock(folder: &Path, fixtures: &Value) -> (Program, String) {
    let file = folder.join("fixtures.json");
    std::fs::write(&file, fixtures.to_string()).expect("a file");
    let (port, home) = (free_port(), models());
    let child = Command::new(home.join("node"))
        .arg(home.join("node_modules/@copilotkit/aimock/dist/cli.js"))
        .args(["--strict", "--port", &port.to_string(), "--fixtures"])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let program = Program(child.expect("node runs"));
    let base = format!("http://127.0.0.1:{port}/v1");
    answers(&format!("{base}/models")).await;
    (program, base)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Waits until there is an answer, whatever it is.
async fn answers(url: &str) {
    let begun = Instant::now();
    while reqwest::get(url).await.is_err() {
        assert!(begun.elapsed() < Duration::from_mins(1), "nobody answers at {url}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A conversation of a minute as a model writes it: the cast, and blocks as they are asked for: two lines, four when it is known how
/// long those were (nine seconds each), and two at the end.
fn conversation() -> [String; 4] {
    let cast = json!({"speakers": [
        {"name": "Mara", "gender": "female", "role": "keeper"}, {"name": "Tom", "gender": "male", "role": "guest"}]});
    let opening = [
        (
            "Mara",
            "Welcome to an evening about lighthouses and the people who lived in them. My name is Mara, and with me is Tom, who has climbed more of these towers than anybody I know.",
        ),
        (
            "Tom",
            "Good evening. I have counted two hundred and six stairs today, and my legs remember every one of them. The view from the gallery was worth all of it.",
        ),
    ];
    let middle = [
        (
            "Mara",
            "What does a keeper do all night up there, when nothing happens and the sea is calm? I have always imagined somebody reading by a small lamp.",
        ),
        (
            "Tom",
            "Nothing is ever quiet for long. The lens had to be turned, the oil carried up, the glass wiped clean of salt, and the log written every hour.",
        ),
        (
            "Mara",
            "So it was closer to running a machine than to dreaming. Who relieved a keeper after such a night, and how did families live on a rock?",
        ),
        (
            "Tom",
            "Two or three of them took watches in turn. Families kept goats and a garden where the wind allowed it, and a boat brought flour every second week.",
        ),
    ];
    let closing = [
        ("Mara", "Thank you, Tom, for taking us up all those stairs tonight."),
        ("Tom", "It was a pleasure, Mara. Goodbye, and mind the last step."),
    ];
    let block = |lines: &[(&str, &str)]| {
        let lines: Vec<Value> =
            lines.iter().map(|(speaker, text)| json!({"speaker": speaker, "text": text})).collect();
        json!({"lines": lines}).to_string()
    };
    [cast.to_string(), block(&opening), block(&middle), block(&closing)]
}

fn fixtures() -> Value {
    let [cast, opening, middle, closing] = conversation();
    let says = |stage: &str| format!("\"stage\":\"{stage}\"");
    json!({"fixtures": [
        {"match": {"systemMessage": "You choose who speaks", "responseFormat": "json_schema"}, "response": {"content": cast}},
        {"match": {"userMessage": says("opening"), "responseFormat": "json_schema"}, "response": {"content": opening}},
        {"match": {"userMessage": says("middle"), "responseFormat": "json_schema"}, "response": {"content": middle}},
        {"match": {"userMessage": says("closing"), "responseFormat": "json_schema"}, "response": {"content": closing}},
        {"match": {"endpoint": "speech"}, "response": {"audio": base64(&nine_seconds())}},
    ]})
}

/// A tone as a WAV, about as long as a line takes to say.
fn nine_seconds() -> Vec<u8> {
    let mut sound = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut sound, spec).expect("a WAV");
    let period = (0..120_i16).map(|at| (at - 60) * 200);
    period.cycle().take(9 * 24_000).for_each(|sample| writer.write_sample(sample).expect("a sample"));
    writer.finalize().expect("a header");
    sound.into_inner()
}

/// As aimock has its sound.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().chain([&0, &0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for at in 0..4 {
            text.push(if at > group.len() { '=' } else { LETTERS[bits >> (18 - 6 * at) & 63].into() });
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_aimock_writes_and_speaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_program, base) = aimock(folder.path(), &fixtures()).await;
    let settings = [
        ("LLM_BASE_URL", &*base),
        ("LLM_MODEL", "gpt-4o"),
        ("LLM_API_KEY", "test-key"),
        ("TTS_BASE_URL", &*base),
        ("TTS_MODEL", "voice"),
        ("TTS_VOICE_FEMALE", "one"),
        ("TTS_VOICE_MALE", "other"),
    ];
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &settings).await;
    let answer = server.send(post(&server, &json!({"prompt": "Lighthouses", "duration": 1}))).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["script_source"]), (200, &json!("llm:gpt-4o")), "{answer}");
    assert_eq!((told["transcript"].as_array().map(Vec::len), &told["warnings"]), (Some(8), &json!([])));
    assert_eq!(told["transcript"][7]["message"], "It was a pleasure, Mara. Goodbye, and mind the last step.");
    assert_eq!(told["voice_engine"], "tts");
    assert!(told["duration_seconds"].as_f64().is_some_and(|seconds| seconds > 8.0));
}
