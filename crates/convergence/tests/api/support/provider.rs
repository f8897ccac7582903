//! A server of somebody else's that does what a test tells it: a language model, a voice, a place for documents.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub authorization: Option<String>,
    /// Null where it is no JSON.
    pub body: Value,
}

impl Asked {
    /// The data in our last message to a language model.
    pub fn data(&self) -> Value {
        let messages = self.body["messages"].as_array().expect("messages");
        let first = messages[1]["content"].as_str().expect("a text");
        serde_json::from_str(first).expect("JSON")
    }
}

/// What it answers.
pub enum Reply {
    /// A status, headers and a body.
    Full(StatusCode, Vec<(&'static str, String)>, Vec<u8>),
    /// A head, and then the connection breaks.
    BreaksOff,
    /// Nothing, ever.
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        Self::Full(status, vec![("content-type", "application/json".to_owned())], body.to_string().into())
    }

    /// A chat server's answer of this text.
    pub fn chat(text: &str) -> Self {
        let choice =
            json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
        Self::json(200, &json!({"choices": [choice], "usage": {"total_tokens": 500}}))
    }

    pub fn of(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Full(StatusCode::OK, vec![("content-type", content_type.to_owned())], body.into())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Full(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// What the server's task works with.
#[derive(Clone)]
struct Serving {
    log: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answering>,
}

/// An answer to what is asked, by how many questions there were before.
type Answering = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// It runs as long as the test.
pub struct Provider {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Provider {
    /// `answer` is given what is asked, and how many questions there were before.
    pub async fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let serving = Serving { log: Arc::clone(&asked), answer: Arc::new(answer) };
        let router = Router::new().fallback(serve).with_state(serving);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn serve(
    State(serving): State<Serving>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { method, path: uri.path().to_owned(), authorization, body };
    let reply = {
        let mut log = serving.log.lock().expect("no panic");
        log.push(asked.clone());
        (serving.answer)(&asked, log.len() - 1)
    };
    match reply {
        Reply::Silence => std::future::pending().await,
        Reply::BreaksOff => {
            let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("broken"))];
            Response::new(Body::from_stream(futures_util::stream::iter(pieces)))
        }
        Reply::Full(status, headers, body) => {
            let answer = headers
                .into_iter()
                .fold(Response::builder(), |answer, (name, value)| answer.header(name, value));
            answer.status(status).body(Body::from(body)).expect("an answer")
        }
    }
}

/// A block of lines as it was asked for, in words that are different each time; about the points that it is to cover.
pub fn block(asked: &Asked, seed: usize) -> Value {
    let data = asked.data();
    let speakers = data["speakers"].as_array().expect("speakers");
    let next = usize::from(data["next_speaker"] == speakers[1]["name"]);
    let number = |name: &str| usize::try_from(data[name].as_u64().expect("a number")).expect("small");
    let (lines, words) = (number("lines"), number("words"));
    let points = data["material"]["points_to_cover"].as_array().cloned().unwrap_or_default();
    let line = |at: usize| {
        let point = points.get(at);
        let about = point.map_or("", |point| point["text"].as_str().expect("a text"));
        let mut text: Vec<String> = about.split_whitespace().map(str::to_owned).collect();
        while text.len() < words / lines {
            text.push(word(seed * 1_000 + at * 50 + text.len()));
        }
        json!({
            "speaker": speakers[(next + at) % 2]["name"],
            "text": text.join(" ") + ".",
            "point": point.map_or(json!(0), |point| point["number"].clone()),
        })
    };
    json!({"lines": (0..lines).map(line).collect::<Vec<_>>()})
}

/// A word of letters for a number, and another one for another number.
fn word(mut number: usize) -> String {
    let syllables = ["ba", "ko", "li", "mu", "ne", "po", "ra", "si", "tu", "ve"];
    let mut word = String::new();
    loop {
        word.push_str(syllables[number % 10]);
        number /= 10;
        if number == 0 {
            return word;
        }
    }
}
