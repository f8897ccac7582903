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
        download::answer,
        jobs::look,
        jobs::remove,
        jobs::events,
        speech::speak,
        speech::models::all,
        speech::models::one,
        sheet_changed::answer,
        admin::metrics::answer,
        admin::usage::answer,
        admin::refresh::answer,
        admin::documentation::document,
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
pub(in crate::http) fn one_of(words: &[&'static str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}
