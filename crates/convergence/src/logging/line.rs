//! A finished request as a line: for people, or for machines.

use std::fmt;
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::http::{Asked, Record};

/// Who is to read it (`LOG_FORMAT`).
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Text,
    Json,
}

/// Appends a record's line.
pub(super) fn write(form: Form, record: &Record, lines: &mut Vec<u8>) {
    match form {
        // Writing to memory cannot fail.
        Form::Text => drop(writeln!(lines, "{}", Text(record))),
        Form::Json => {
            serde_json::to_writer(&mut *lines, &Json::of(record))
                .expect("a struct of plain members serialises");
            lines.push(b'\n');
        }
    }
}

/// Milliseconds, to a microsecond.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn timestamp(record: &Record) -> Timestamp {
    Timestamp::from_millisecond(record.ended).unwrap_or(Timestamp::MAX)
}

/// What a person looks for comes first.
struct Text<'a>(&'a Record);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        write!(f, "{:.3} {}", timestamp(record), record.status)?;
        match &record.asked {
            Some(asked) => write!(f, " {} {}", asked.method, asked.path.escape_debug())?,
            None => f.write_str(" - -")?,
        }
        write!(f, " {}ms {}", millis(record.took.whole), record.outcome.word())?;
        if let Some(code) = record.code {
            write!(f, " {code}")?;
        }
        if let Some(client) = &record.client {
            // Quoted, and no name begins another line.
            write!(f, " client={client:?}")?;
        }
        if let Some(key) = record.key {
            write!(f, " key={key}")?;
        }
        for (name, took) in [("decision", record.took.decision), ("upstream", record.took.upstream)] {
            if let Some(took) = took {
                write!(f, " {name}={}ms", millis(took))?;
            }
        }
        if let Some(address) = record.asked.as_ref().and_then(|asked| asked.address) {
            write!(f, " from={address}")?;
        }
        write!(f, " request={}", record.id)?;
        if record.is_whole { Ok(()) } else { f.write_str(" aborted") }
    }
}

/// The same as one object. What is not known is left out.
#[derive(Serialize)]
struct Json<'a> {
    timestamp: String,
    level: &'static str,
    target: &'static str,
    message: &'static str,
    request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    status: u16,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<f64>,
    aborted: bool,
}

impl<'a> Json<'a> {
    fn of(record: &'a Record) -> Self {
        let asked = record.asked.as_ref();
        Self {
            timestamp: format!("{:.3}", timestamp(record)),
            level: "INFO",
            target: "access",
            message: "request",
            request: record.id.to_string(),
            method: asked.map(|asked| asked.method.as_str()),
            path: asked.map(|asked| &*asked.path),
            endpoint: asked.map(|asked: &Asked| asked.endpoint.as_str()),
            status: record.status,
            outcome: record.outcome.word(),
            code: record.code,
            client: record.client.as_deref(),
            key: record.key.map(|key| key.to_string()),
            address: asked.and_then(|asked| asked.address),
            duration_ms: millis(record.took.whole),
            decision_ms: record.took.decision.map(millis),
            upstream_ms: record.took.upstream.map(millis),
            aborted: !record.is_whole,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use gate::KeyHash;
    use http::Method;
    use insta::assert_snapshot;

    use super::*;
    use crate::http::{Outcome, RequestId, Took};
    use crate::usage::Endpoint;

    /// One with everything that there can be.
    pub(in crate::logging) fn example() -> Record {
        Record {
            ended: 1_764_547_200_123,
            id: RequestId { process: 1, number: 2 },
            asked: Some(Asked {
                method: Method::GET,
                path: "/v1/users/42".into(),
                endpoint: Endpoint::new("GET /v1/users/*"),
                address: Some(IpAddr::from([203, 0, 113, 7])),
            }),
            client: Some("My \"App\"\n2025".into()),
            key: Some(KeyHash::of(b"a key").fingerprint()),
            outcome: Outcome::Admitted,
            code: Some("upstream_timeout"),
            status: 504,
            took: Took {
                decision: Some(Duration::from_nanos(7_999)),
                upstream: Some(Duration::from_secs(30)),
                whole: Duration::from_micros(30_000_250),
            },
            is_whole: false,
            trace: None,
            asked_upstream: true,
        }
    }

    fn line(form: Form, record: &Record) -> String {
        let mut line = Vec::new();
        write(form, record, &mut line);
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn a_line_says_who_what_and_how_long_and_is_one_line() {
        let nothing = Record {
            asked: None,
            client: None,
            key: None,
            code: None,
            took: Took::default(),
            outcome: Outcome::Malformed,
            status: 400,
            is_whole: true,
            ..example()
        };
        assert_snapshot!(line(Form::Text, &example()), @r#"
        2025-12-01T00:00:00.123Z 504 GET /v1/users/42 30000.25ms admitted upstream_timeout client="My \"App\"\n2025" key=8fa3aab2faa9 decision=0.008ms upstream=30000ms from=203.0.113.7 request=1-2 aborted
        "#);
        assert_snapshot!(line(Form::Text, &nothing), @"2025-12-01T00:00:00.123Z 400 - - 0ms malformed request=1-2");
        assert_snapshot!(line(Form::Json, &example()), @r#"{"timestamp":"2025-12-01T00:00:00.123Z","level":"INFO","target":"access","message":"request","request":"1-2","method":"GET","path":"/v1/users/42","endpoint":"GET /v1/users/*","status":504,"outcome":"admitted","code":"upstream_timeout","client":"My \"App\"\n2025","key":"8fa3aab2faa9","address":"203.0.113.7","duration_ms":30000.25,"decision_ms":0.008,"upstream_ms":30000.0,"aborted":true}"#);
        assert_snapshot!(line(Form::Json, &nothing), @r#"{"timestamp":"2025-12-01T00:00:00.123Z","level":"INFO","target":"access","message":"request","request":"1-2","status":400,"outcome":"malformed","duration_ms":0.0,"aborted":false}"#);
    }
}
