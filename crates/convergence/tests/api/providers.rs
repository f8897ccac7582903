//! Servers of others that fail, and what a client is told: what to do, and nothing of theirs (P25).

use serde_json::json;

use super::script::{good, post, server};
use crate::support::provider::{Provider, Reply};
use crate::support::{Answer, EXAMPLE, TestServer, csv};

/// What a provider says that nobody else should read.
pub const THEIRS: &str = "theirs-abc123";

/// A server's answer to a question, by how many there were before.
type Answering = Box<dyn Fn(usize) -> Reply + Send + Sync>;

async fn fails_with(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Answer, usize) {
    let llm = Provider::start(move |_, before| answer(before)).await;
    let server = server(&llm, &[("LLM_TIMEOUT", "1")]).await;
    let answer = server.send(post(&server, &json!({"prompt": "Keys", "duration": 1}))).await;
    let shown = answer.to_string();
    for secret in [THEIRS, "llm-secret-1", "127.0.0.1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    (answer, llm.asked().len())
}

pub fn error(status: u16) -> Reply {
    Reply::json(status, &json!({"error": {"message": THEIRS, "code": THEIRS}}))
}

#[tokio::test]
async fn p25_each_failure_has_a_status_and_a_code_and_keeps_secrets() {
    let huge = format!("{{\"{THEIRS}\": \"{}\"}}", "x".repeat(2 << 20));
    let cases: Vec<(Answering, u16, &str, usize)> = vec![
        (Box::new(|_| error(401)), 502, "provider_refused", 1),
        (Box::new(|_| error(404)), 502, "provider_refused", 1),
        (Box::new(|_| error(500)), 502, "provider_refused", 3),
        (Box::new(|_| error(503)), 503, "provider_busy", 3),
        (Box::new(|_| error(429).with("retry-after", "3600")), 503, "provider_busy", 1),
        (Box::new(|_| error(302).with("location", "http://127.0.0.1:1/")), 502, "provider_refused", 1),
        (Box::new(|_| Reply::BreaksOff), 503, "provider_unavailable", 1),
        (Box::new(|_| Reply::Silence), 504, "provider_timeout", 1),
        (Box::new(|_| Reply::of("text/html", format!("<html>{THEIRS}"))), 502, "provider_unusable", 1),
        (Box::new(|_| Reply::json(200, &json!({"choices": []}))), 502, "provider_unusable", 1),
        (Box::new(move |_| Reply::of("application/json", huge.clone())), 502, "provider_unusable", 1),
    ];
    for (at, (answer, status, code, asked)) in cases.into_iter().enumerate() {
        let (answer, times) = fails_with(answer).await;
        assert_eq!(
            (answer.status, answer.code().as_str(), times),
            (status, code, asked),
            "case {at}: {answer}"
        );
        if status == 503 {
            let expected = if at == 4 { "3600" } else { "30" };
            assert_eq!(answer.header("retry-after"), Some(expected), "case {at}");
        }
    }
}

#[tokio::test]
async fn p25_what_can_heal_is_tried_again() {
    let llm = Provider::start(|asked, before| match before {
        0 => error(429).with("retry-after", "0"),
        1 => error(502),
        before => good(asked, before),
    })
    .await;
    let server = server(&llm, &[]).await;
    let answer = server.send(post(&server, &json!({"prompt": "Keys", "duration": 1}))).await;
    assert_eq!(answer.status, 200, "{answer}");
}

#[tokio::test]
async fn p25_nobody_there_is_said() {
    let gone = Provider::start(good).await;
    let settings = [("LLM_BASE_URL", "http://127.0.0.1:1/v1"), ("LLM_MODEL", "m")];
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &settings).await;
    let answer = server.send(post(&server, &json!({"prompt": "Keys"}))).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "provider_unavailable"), "{answer}");
    assert_eq!(gone.asked().len(), 0);
}

#[tokio::test]
async fn p25_a_days_budget_outlives_a_restart() {
    let llm = Provider::start(good).await;
    // A question puts at least its 4,000 tokens of an answer aside; each answer here has counted 500.
    let mut server = server(&llm, &[("LLM_TOKENS_DAY", "7000")]).await;
    let body = json!({"prompt": "Keys", "duration": 1});
    assert_eq!(server.send(post(&server, &body)).await.status, 200);
    let refused = |answer: &Answer| {
        assert_eq!((answer.status, answer.code().as_str()), (503, "budget_spent"), "{answer}");
        assert!(answer.header("retry-after").is_some());
    };
    // The question for the names is shorter than the others, and may just fit.
    loop {
        let before = llm.asked().len();
        let answer = server.send(post(&server, &body)).await;
        if llm.asked().len() == before {
            refused(&answer);
            break;
        }
    }
    server.restart_with(&[]);
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    let before = llm.asked().len();
    refused(&server.send(post(&server, &body)).await);
    assert_eq!(llm.asked().len(), before, "nothing more is spent");
}
