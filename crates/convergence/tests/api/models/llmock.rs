//! llmock, which fails as it is told: each of its faults heals, or ends in words that say what to do. Its faults of streams are not
//! among them: an answer is asked for in one piece.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Program, answers, conversation, free_port, models, nine_seconds};
use crate::script::post;
use crate::support::provider::{Provider, Reply};
use crate::support::{Answer, EXAMPLE, TestServer, csv};

/// llmock on a port of its own.
struct Llmock {
    _program: Program,
    url: String,
}

impl Llmock {
    async fn start() -> Self {
        let port = free_port();
        let child = Command::new(models().join("python/bin/llmock"))
            .args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let llmock =
            Self { _program: Program(child.expect("Python runs")), url: format!("http://127.0.0.1:{port}") };
        answers(&format!("{}/health", llmock.url)).await;
        llmock
    }

    /// What it is to do from now on.
    async fn does(&self, behaviors: Value) {
        let client = reqwest::Client::new();
        for (path, body) in [("reset", Value::Null), ("scenario", json!({"behaviors": behaviors}))] {
            let answer = client.post(format!("{}/_llmock/{path}", self.url)).json(&body).send().await;
            assert!(answer.expect("an answer").status().is_success(), "{path}");
        }
    }

    async fn told(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("{}/_llmock/{path}", self.url)).await.expect("an answer");
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
    }
}

async fn server(llmock: &Llmock, voice: &Provider, timeout: &str) -> TestServer {
    let (llm, tts) = (format!("{}/v1", llmock.url), voice.url("/v1"));
    let settings = [
        ("LLM_BASE_URL", &*llm),
        ("LLM_MODEL", "gpt-4o"),
        ("LLM_TIMEOUT", timeout),
        ("TTS_BASE_URL", &*tts),
        ("TTS_MODEL", "voice"),
        ("TTS_VOICE_FEMALE", "one"),
        ("TTS_VOICE_MALE", "other"),
    ];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &settings).await
}

async fn generate(server: &TestServer) -> Answer {
    server.send(post(server, &json!({"prompt": "Lighthouses", "duration": 1}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_each_fault_of_llmock_heals_or_is_said() {
    let sound = nine_seconds();
    let (llmock, voice) =
        tokio::join!(Llmock::start(), Provider::start(move |_, _| Reply::of("audio/wav", sound.clone())));
    let server = server(&llmock, &voice, "30").await;
    let reply = |text: &str| json!({"type": "reply", "text": text});
    let [cast, opening, middle, closing] = conversation();
    llmock
        .does(json!([
            {"type": "fail", "status": 429, "retry_after": 1},
            {"type": "fail", "status": 503},
            reply(&cast),
            // Cut off where it may have no more tokens, and no JSON at all.
            {"type": "reply", "text": opening[..opening.len() / 2], "finish_reason": "length"},
            reply(&opening),
            reply("Certainly! Here is the conversation you asked for."),
            reply(&middle),
            reply(&closing),
        ]))
        .await;
    let answer = generate(&server).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["warnings"]), (200, &json!([])), "{answer}");
    assert_eq!(told["transcript"].as_array().map(Vec::len), Some(8));
    let verdict = llmock.told("verdict").await;
    assert_eq!((&verdict["passed"], &verdict["findings"]), (&json!(true), &json!([])), "{verdict}");
    assert_eq!(llmock.told("requests").await["count"], 8);

    for (behavior, status, code, requests) in [
        (json!({"type": "fail", "status": 429, "retry_after": 3600, "times": null}), 503, "provider_busy", 1),
        (json!({"type": "fail", "status": 500, "times": null}), 502, "provider_refused", 3),
        (json!({"type": "fail", "status": 401, "times": null}), 502, "provider_refused", 1),
        (
            json!({"type": "reply", "text": "{\"lines\": [{\"speaker\": 7}]}", "times": null}),
            502,
            "script_unusable",
            4,
        ),
    ] {
        llmock.does(json!([behavior])).await;
        let answer = generate(&server).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{behavior}: {answer}");
        assert_eq!(llmock.told("requests").await["count"], requests, "{behavior}");
        assert_eq!(answer.header("retry-after"), (status == 503).then_some("3600"));
    }

    let hasty = self::server(&llmock, &voice, "1").await;
    llmock.does(json!([{"type": "delay", "seconds": 60}])).await;
    let answer = generate(&hasty).await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "provider_timeout"), "{answer}");
}
