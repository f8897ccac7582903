//! What was asked: for the test that looks at it, and, with `TESTKIT_RECORD`, for a check from outside.
//!
//! `TESTKIT_RECORD` names a folder. Every exchange of every server is then written there as one line of JSON, in a
//! file for each process, to be held against Google's discovery document.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: String,
    /// As sent, percent-encoded.
    pub path: String,
    /// As sent, without the question mark; empty if there was none.
    pub query: String,
    /// The body as JSON; null if there was none, or if it is not JSON.
    pub body: Value,
}

impl Request {
    pub(crate) fn new(method: &Method, uri: &Uri, body: &[u8]) -> Self {
        Self {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
        }
    }
}

/// The file of this process, if recording was asked for.
fn file() -> Option<&'static Mutex<File>> {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let open = || {
        let folder = std::env::var_os("TESTKIT_RECORD")?;
        let path = std::path::Path::new(&folder).join(format!("{}.jsonl", std::process::id()));
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        Some(Mutex::new(opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
    };
    FILE.get_or_init(open).as_ref()
}

/// Writes an exchange down, if recording was asked for. The answer is the whole one, before a fault spoils it.
pub(crate) async fn keep(request: Request, answer: Response) -> Response {
    let Some(file) = file() else { return answer };
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("our own answers stand in memory");
    let text = String::from_utf8_lossy(&body);
    let line = json!({
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "body": request.body,
        "status": head.status.as_u16(),
        "answer": serde_json::from_str::<Value>(&text).unwrap_or_else(|_| json!(text)),
    });
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(file, "{line}").expect("the record can be written");
    drop(file);
    Response::from_parts(head, Body::from(body))
}
