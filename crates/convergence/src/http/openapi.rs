//! The OpenAPI document: what stands beside each route and each struct that is serialised, and what all routes have in
//! common. It is the same for every server, and says nothing of its settings.

mod answers;
mod common;
mod headers;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use self::common::Common;
use super::admin;
use super::problem::Problem;
use super::routes::{download, generate_audio, health, jobs, me, sheet_changed, speech, status, verify};

/// The operator's own routes, which are on another address.
pub(in crate::http) const ADMIN: &str = "Admin listener";

const INTRODUCTION: &str = "\
API keys that live in a Google Sheet, guarding an API.\n\n\
Send your key with each request: `Authorization: Bearer YOUR_KEY`, or `Authorization: ApiKey YOUR_KEY`. Paths without a key \
say so. Every answer has `X-Request-Id`, every answer to a known client `X-Client-Name`, and every answer to a limited one \
`RateLimit-Policy` and `RateLimit`.\n\n\
Errors are `application/problem+json` (RFC 9457): `title` says what has happened, `detail` what to do, and `code` is for \
programs. Another method than those listed gets 405 and `Allow`; `HEAD` is taken wherever `GET` is, but for events.\n\n\
Where the server stands in front of another API, every other path is that API's, with the same key and the same refusals.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Convergence", description = INTRODUCTION),
    paths(
        health::answer,
        status::answer,
        verify::answer,
        me::answer,
        generate_audio::answer,
        jobs::look,
        jobs::remove,
        jobs::events,
        download::answer,
        speech::speak,
        speech::models::all,
        speech::models::one,
        sheet_changed::answer,
        admin::usage::answer,
        admin::metrics::answer,
        admin::refresh::answer,
        admin::documentation::document,
        admin::documentation::page,
    ),
    components(schemas(Problem, speech::Refusal<'static>)),
    tags(
        (name = "Keys", description = "Whether the server is there, and what a key may do."),
        (name = "Audio", description = "Spoken conversations, for the client that asks and nobody else."),
        (name = "OpenAI", description = "The voices, for programs that were written for OpenAI's API. Where an upstream \
            has these paths they are the upstream's."),
        (name = "Webhook", description = "There only if `SHEET_WEBHOOK_SECRET` is set."),
        (name = ADMIN, description = "The operator's routes, at `ADMIN_HOST` and `ADMIN_PORT`. Where `ADMIN_TOKEN` is set, \
            they ask for it."),
    ),
    modifiers(&Common),
)]
struct Document;

/// The whole document.
pub(crate) fn document() -> OpenApi {
    Document::openapi()
}

/// The document as JSON, for people's eyes too.
pub(crate) fn text() -> String {
    let text = serde_json::to_string_pretty(&document()).expect("a document of texts serialises");
    text + "\n"
}

/// A text that is one of these.
pub(in crate::http) fn one_of(words: &[&'static str], description: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    text.enum_values(Some(words.iter().copied())).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::http::code::Code;

    fn values() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    /// Calls `look` with everything in the document, from above to below.
    fn walk(value: &Value, look: &mut dyn FnMut(&Value)) {
        look(value);
        match value {
            Value::Array(values) => values.iter().for_each(|value| walk(value, look)),
            Value::Object(members) => members.values().for_each(|value| walk(value, look)),
            _ => {}
        }
    }

    #[test]
    fn the_committed_document_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let same = committed == text();
        assert!(same, "the API has changed; renew its document: cargo run -- openapi > docs/openapi.json");
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let document = values();
        let (mut names, mut operations) = (BTreeSet::new(), 0);
        walk(&document, &mut |value| {
            if let Some(place) = value["$ref"].as_str() {
                let pointer = place.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{place}");
            }
            if let Some(name) = value["operationId"].as_str().filter(|_| value["responses"].is_object()) {
                names.insert(name.to_owned());
                operations += 1;
            }
        });
        assert!(operations > 15 && names.len() == operations, "{names:?}");
    }

    #[test]
    fn every_code_is_told_of_where_it_can_come() {
        let mut told = BTreeSet::new();
        let document = values();
        let answers = [&document["paths"], &document["components"]["responses"]];
        for answers in answers {
            walk(answers, &mut |value| {
                let words = value["properties"]["code"]["enum"].as_array();
                told.extend(words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            });
        }
        // Of paths that the document does not have: another method, an upstream's, a page's, and a port that only redirects.
        let elsewhere = [
            Code::MethodNotAllowed,
            Code::UpstreamUnreachable,
            Code::UpstreamCannotUpgrade,
            Code::UpstreamBadAnswer,
            Code::UpstreamTimeout,
            Code::TooManyWatchers,
            Code::NoHost,
        ];
        let missing = Code::ALL.iter().filter(|code| !elsewhere.contains(code));
        let missing: Vec<&str> =
            missing.map(|code| code.facts().word).filter(|word| !told.contains(*word)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn everything_is_described() {
        let document = values();
        let is_silent =
            |schema: &Value| ["description", "$ref", "oneOf"].iter().all(|word| schema[*word].is_null());
        let mut silent = Vec::new();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            if is_silent(schema) {
                silent.push(name.clone());
            }
            let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
            let members = parts.flat_map(|part| part["properties"].as_object().into_iter().flatten());
            silent.extend(
                members.filter(|(_, schema)| is_silent(schema)).map(|(member, _)| format!("{name}.{member}")),
            );
        }
        assert_eq!(silent, [""; 0], "write a comment beside them");
    }
}
