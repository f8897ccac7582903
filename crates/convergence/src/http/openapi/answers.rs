//! Error answers: one for each status, with the codes that explain it.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder};

use super::headers::{self, CHALLENGE, RETRY_AFTER};
use crate::http::code::{Code, Facts};

/// In which words a code is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// `application/problem+json`.
    Ours,
    /// OpenAI's object `error`.
    OpenAis,
}

/// Codes by the status that they come with.
pub(super) fn by_status(codes: impl IntoIterator<Item = (Code, Words)>) -> BTreeMap<u16, Vec<(Code, Words)>> {
    let mut statuses: BTreeMap<u16, Vec<(Code, Words)>> = BTreeMap::new();
    for (code, words) in codes {
        statuses.entry(code.facts().status.as_u16()).or_default().push((code, words));
    }
    statuses
}

/// The answer with this status, which one of these codes explains.
pub(super) fn answer(status: u16, codes: &[(Code, Words)]) -> Response {
    let lines = codes.iter().map(|(code, _)| {
        let Facts { word, when, .. } = code.facts();
        format!("- `{word}`:{when}")
    });
    let mut answer = ResponseBuilder::new().description(lines.collect::<Vec<_>>().join("\n"));
    for (words, media_type) in
        [(Words::Ours, "application/problem+json"), (Words::OpenAis, "application/json")]
    {
        let of_these: Vec<Code> =
            codes.iter().filter(|(_, told)| *told == words).map(|(code, _)| *code).collect();
        if !of_these.is_empty() {
            answer = answer.content(media_type, content(words, &of_these));
        }
    }
    let mut answer = answer.build();
    let mut add = |name: &str, header| answer.headers.insert(name.to_owned(), header);
    match status {
        401 => drop(add(CHALLENGE, headers::reference(CHALLENGE))),
        // Only where scopes are lacking.
        403 => drop(add(CHALLENGE, HeaderBuilder::new().schema(Some(text())).build().into())),
        429 | 503 | 507 => drop(add(RETRY_AFTER, headers::reference(RETRY_AFTER))),
        _ => {}
    }
    answer
}

/// A body of the general form that says one of these.
fn content(words: Words, codes: &[Code]) -> Content {
    let code = text().enum_values(Some(codes.iter().map(|code| code.facts().word)));
    let Facts { word, status, title, when } = codes[0].facts();
    let (name, narrower, example) = match words {
        Words::Ours => (
            "Problem",
            ObjectBuilder::new().property("code", code),
            json!({"title": title, "status": status.as_u16(), "detail": when.trim(), "code": word}),
        ),
        Words::OpenAis => (
            "OpenAiError",
            ObjectBuilder::new().property("error", ObjectBuilder::new().property("code", code)),
            json!({"error": {
                "message": when.trim(), "type": "invalid_request_error", "param": null, "code": word
            }}),
        ),
    };
    let general: RefOr<Schema> = Ref::from_schema_name(name).into();
    let schema = AllOfBuilder::new().item(general).item(narrower).build();
    ContentBuilder::new().schema(Some(Schema::from(schema))).example(Some(example)).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
