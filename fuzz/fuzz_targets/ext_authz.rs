//! Any bytes as a message of Envoy's: reading it never panics, and the request that comes of it has no header, no value and no
//! method that was not told.
//!
//! `cargo +nightly fuzz run ext_authz`. The input is a `CheckRequest`.
#![no_main]

use http::header::AUTHORIZATION;
use libfuzzer_sys::fuzz_target;
use prost::Message;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/http/ext_authz/messages.rs"]
#[allow(dead_code)]
mod messages;
#[path = "../../crates/convergence/src/http/ext_authz/question.rs"]
#[allow(dead_code)]
mod question;

use messages::{CheckRequest, HttpRequest};
use question::Unreadable;

/// The values of every `Authorization`, in an order of their own.
fn credentials(asked: &HttpRequest) -> Vec<Vec<u8>> {
    let raw = asked.header_map.iter().flat_map(|map| &map.headers);
    let raw = raw.filter(|header| header.key.to_lowercase() == "authorization");
    let joined = asked.headers.iter().filter(|(name, _)| name.to_lowercase() == "authorization");
    let mut values: Vec<_> = raw.map(|header| header.raw_value.clone()).collect();
    values.extend(joined.map(|(_, value)| value.clone()));
    values.sort();
    values
}

fuzz_target!(|data: &[u8]| {
    let Ok(check) = CheckRequest::decode(data) else { return };
    let asked = check.attributes.clone().and_then(|attributes| attributes.request?.http);
    let question = match (question::read(check), &asked) {
        (Ok(question), _) => question,
        (Err(wrong), asked) => return assert_eq!(wrong == Unreadable::NotHttp, asked.is_none()),
    };
    let asked = asked.expect("a request was read");
    let request = question.request;
    assert_eq!(request.method().as_str().as_bytes(), asked.method);
    assert!(asked.path.starts_with(request.uri().path().as_bytes()));
    let mut values: Vec<Vec<u8>> =
        request.headers().values().map(|value| value.as_bytes().to_vec()).collect();
    values.sort();
    assert_eq!(values, credentials(&asked));
    assert!(request.headers().keys().all(|name| *name == AUTHORIZATION));
});
