//! The requests with which llhttp, Node's parser, is tested, sent to the running server. They stand in Markdown: a title, what
//! is sent, and what the parser says, an error or not.

use super::corpus::{self, Case, is_among, with_host};
use super::*;

/// The strict ones whose notation is not a program, and whether llhttp refuses them.
fn cases() -> Vec<(Case, bool)> {
    let mut cases = Vec::new();
    for file in std::fs::read_dir(corpus::folder().join("llhttp")).expect("a folder of theirs") {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut title = "";
        for part in text.split("\n## ").flat_map(|part| part.split("\n### ")) {
            title = part.lines().next().unwrap_or(title);
            let Some((meta, rest)) = part.split_once("```http\n") else { continue };
            let Some((sent, rest)) = rest.split_once("\n```\n") else { continue };
            let is_strict = meta.contains(r#""type": "request""#);
            // These are about a parser that is stopped in between, or numbers its methods.
            if !is_strict
                || ["pause", "skipBody"].iter().any(|word| meta.contains(word))
                || sent.contains("${")
            {
                continue;
            }
            let log = rest.split("```").nth(1).expect("what the parser says");
            // It stops for an upgrade, which is none.
            let bad = log.lines().any(|line| line.contains(" error code=") && !line.contains("Pause on"));
            let messages = |word: &str| log.matches(word).count();
            // What is not whole would go on with what is sent behind it.
            if bad || messages("message begin") == messages("message complete") {
                cases.push((
                    Case { name: format!("{file}: {title}"), bytes: with_host(unescaped(sent)) },
                    bad,
                ));
            }
        }
    }
    cases.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    assert!(cases.len() > 80, "{}", cases.len());
    cases
}

/// Their notation: line ends are CR LF unless there is a backslash before them, and some bytes are written as words.
fn unescaped(text: &str) -> Vec<u8> {
    let text = text.replace("\\\n", "").replace('\n', "\r\n");
    let text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\f", "\u{c}");
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// Valid for llhttp, and refused here.
const STRICTER: [(&str, &str); 12] = [
    (
        "connection: Multiple tokens with folding and LWS",
        "what follows an upgrade that was declined is no HTTP",
    ),
    ("connection: Upgrade GET request", "the same"),
    ("connection: Upgrade POST request", "the same"),
    ("method: ANNOUNCE request with RTSP", "another protocol"),
    ("method: OPTIONS request with RTSP", "another protocol"),
    ("method: SOURCE request with ICE", "another protocol"),
    ("method: M-SEARCH request", "*, which is for OPTIONS (RFC 9112, 3.2.4)"),
    ("sample: No HTTP version", "HTTP/0.9"),
    ("transfer-encoding: POST with `chunked` as last transfer-encoding", "a coding beside chunked"),
    ("transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)", "the same"),
    ("uri: Quotes in URI", "quotation marks, which no URI has (RFC 3986)"),
    ("uri: `host:port` and basic auth", "a password in a target: to be taken for an error (RFC 9110, 4.2.4)"),
];

/// Invalid for llhttp, and taken here.
const MORE_LENIENT: [(&str, &str); 5] = [
    ("connection: CRLF between requests, explicit `close`", "what follows a last request is not read"),
    ("connection: CRLF between requests, explicit `close` followed by tab", "the same"),
    ("connection: No restart when keep-alive is off (1.0)", "the same"),
    ("invalid: HTTP protocol and ANNOUNCE method", "a method is any token (RFC 9110, 9.1)"),
    ("invalid: Invalid method", "the same"),
];

#[tokio::test]
async fn what_llhttp_refuses_is_refused_and_what_it_takes_is_taken() {
    let upstream = Recorder::start().await;
    let server = passing_on(&upstream);
    let mut wrong = Vec::new();
    for (Case { name, bytes }, bad) in cases() {
        let answers = exchange(connect(&server).await, &[&bytes, LAST].concat()).await;
        let statuses = statuses(&answers);
        let is_refused = statuses.iter().any(|status| matches!(status, 400 | 414 | 431));
        let listed = if bad { is_among(&MORE_LENIENT, &name) } else { is_among(&STRICTER, &name) };
        if is_refused != (bad != listed) {
            wrong.push(format!("{name}: {statuses:?} {:?}", answers.split("detail").nth(1)));
        }
        let passed_on = statuses.iter().filter(|status| **status == 200).count();
        let arrived = upstream.take();
        if arrived.len() != passed_on {
            wrong.push(format!("{name}: {statuses:?}, and {} arrived", arrived.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
