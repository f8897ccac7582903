//! A real llama.cpp server with a real model of 135 million parameters. What that writes is mostly nonsense, so this is about the
//! protocol: our request with its schema is taken, the answer keeps to the schema and is read, and what it says is spoken, or refused in
//! words that say why.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::{Program, models};
use crate::script::post;
use crate::support::{EXAMPLE, TestServer, csv};

/// The server, and its address.
fn llama() -> (Program, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/llama.py");
    let child = Command::new(models().join("python/bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("Python runs");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let program = Program(child);
    // What it says before is of no interest here.
    let address = output.lines().map_while(Result::ok).find(|line| line.starts_with("http://"));
    (program, address.expect("it starts"))
}

/// What was asked, and the status and the body of the answer.
type Exchange = (Value, u16, Value);

#[derive(Clone)]
struct Between {
    behind: String,
    log: Arc<Mutex<Vec<Exchange>>>,
}

/// Passes requests on, and keeps what was said.
async fn pass_on(State(between): State<Between>, uri: Uri, body: Bytes) -> (StatusCode, Bytes) {
    let asked = serde_json::from_slice(&body).unwrap_or_default();
    let url = format!("{}{}", between.behind, uri.path());
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(body);
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status().as_u16(), answer.bytes().await.expect("a whole answer"));
    let said = serde_json::from_slice(&body).unwrap_or_default();
    between.log.lock().expect("no panic").push((asked, status, said));
    (StatusCode::from_u16(status).expect("a status"), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_llama_cpp_is_understood_and_what_it_writes_is_spoken_or_refused() {
    let (_program, behind) = tokio::task::spawn_blocking(llama).await.expect("no panic");
    let log: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let router = Router::new().fallback(pass_on).with_state(Between { behind, log: Arc::clone(&log) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = [
        ("LLM_BASE_URL", &*base),
        ("LLM_MODEL", "smollm2"),
        ("LLM_TIMEOUT", "600"),
        // Short answers, and two questions at the most: each puts aside what it may take.
        ("LLM_MAX_TOKENS", "200"),
        ("LLM_TOKENS_DAY", "2300"),
    ];
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &settings).await;
    let speakers = json!([{"name": "Mara", "gender": "female"}, {"name": "Tom", "gender": "male"}]);
    let body = json!({"prompt": "Lighthouses", "duration": 1, "speakers": speakers, "engine": "flite"});
    let answer = server.send(post(&server, &body)).await;

    let exchanges = log.lock().expect("no panic").clone();
    assert!((1..=5).contains(&exchanges.len()), "{}", exchanges.len());
    for (asked, status, said) in &exchanges {
        assert_eq!((*status, &asked["response_format"]["type"]), (200, &json!("json_schema")), "{said}");
        assert!(said["usage"]["completion_tokens"].as_u64().is_some_and(|tokens| tokens <= 200), "{said}");
        let choice = &said["choices"][0];
        let text = choice["message"]["content"].as_str().expect("a text");
        if choice["finish_reason"] == "stop" {
            let block: Value =
                serde_json::from_str(text).expect("JSON, by the grammar that was made of our schema");
            let lines = block["lines"].as_array().expect("lines");
            let schema = &asked["response_format"]["json_schema"]["schema"]["properties"]["lines"];
            assert_eq!(Some(lines.len() as u64), schema["minItems"].as_u64(), "{text}");
            assert!(lines.iter().all(|line| line["speaker"] == "Mara" || line["speaker"] == "Tom"), "{text}");
        }
    }
    let told = answer.json();
    println!("{} answers of the model, and {} {}", exchanges.len(), answer.status, told["code"]);
    match answer.status {
        200 => {
            let lines = told["transcript"].as_array().expect("lines");
            assert!(!lines.is_empty() && told["script_source"] == "llm:smollm2");
        }
        502 => assert_eq!(told["code"], "script_unusable", "{answer}"),
        503 => assert_eq!(told["code"], "budget_spent", "{answer}"),
        _ => panic!("{answer}"),
    }
    let detail = told["detail"].as_str().unwrap_or_default();
    assert!(detail.len() < 300 && (answer.status == 200 || !detail.is_empty()), "{answer}");
}
