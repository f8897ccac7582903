//! What routes have in common, so that none of them has to say it: how to authenticate, and what is refused for that
//! reason; headers; where they are served.

use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, SecurityRequirement, Server};

use super::ADMIN;
use super::answers::{self, Words};
use super::headers::{self, OF_CLIENT, REQUEST_ID};
use crate::http::code::Code;

/// Where an operation's attribute says which codes it can answer.
const CODES: &str = "x-codes";

/// What anything on the public listener may answer before its route is looked for.
const FRAMING: [Code; 2] = [Code::BadRequestFraming, Code::HeaderTooLarge];

/// What `admit` may answer.
const DOOR: [Code; 14] = [
    Code::AuthenticationRequired,
    Code::UnknownApiKey,
    Code::InactiveApiKey,
    Code::ExpiredApiKey,
    Code::RepeatedAuthorization,
    Code::AmbiguousPath,
    Code::WrongEnvironment,
    Code::AddressNotAllowed,
    Code::MethodNotAllowedForKey,
    Code::InsufficientScope,
    Code::RateLimitExceeded,
    Code::QuotaExceeded,
    Code::TooManyFailedAttempts,
    Code::AuthenticationUnavailable,
];

/// What the admin listener's door may answer.
const ADMIN_DOOR: [Code; 2] = [Code::AdminTokenRequired, Code::WrongHost];

/// Adds it to the document.
pub(super) struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        document.servers = Some(vec![server("http://localhost:8000", "`API_HOST` and `API_PORT`")]);
        document.security = Some(vec![asked("Bearer"), asked("ApiKey")]);
        let components = document.components.get_or_insert_default();
        components.headers = headers::all();
        for (name, scheme) in schemes() {
            components.security_schemes.insert(name.to_owned(), scheme.into());
        }
        for (path, item) in &mut document.paths.paths {
            let changes = item.post.is_some() || item.delete.is_some();
            for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
                complete(operation, path, changes);
            }
        }
    }
}

fn complete(operation: &mut Operation, path: &str, changes: bool) {
    let is_admins = operation.tags.iter().flatten().any(|tag| tag == ADMIN);
    // Who says nothing is asked for a key: that is the document's default.
    let is_guarded = operation.security.is_none() && !is_admins;
    let own = if path.starts_with("/v1/") { Words::OpenAis } else { Words::Ours };
    let mut codes: Vec<(Code, Words)> = take_codes(operation).into_iter().map(|code| (code, own)).collect();
    let mut add = |more: &[Code]| codes.extend(more.iter().map(|code| (*code, Words::Ours)));
    if is_admins {
        operation.servers = Some(vec![server("http://localhost:8001", "`ADMIN_HOST` and `ADMIN_PORT`")]);
        operation.security = Some(vec![SecurityRequirement::default(), asked("AdminToken")]);
        add(&ADMIN_DOOR);
        if changes {
            add(&[Code::CrossSite]);
        }
    } else {
        add(&FRAMING);
    }
    if is_guarded {
        add(&DOOR);
    }
    answers::add(&mut operation.responses, &codes);
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let of_client: &[&str] = if is_guarded { &OF_CLIENT } else { &[] };
        for name in of_client.iter().chain([&REQUEST_ID]) {
            response.headers.insert((*name).to_owned(), headers::reference(name));
        }
    }
}

/// The codes that an operation's attribute has named.
fn take_codes(operation: &mut Operation) -> Vec<Code> {
    let Some(named) = operation.extensions.as_mut().and_then(|extensions| extensions.remove(CODES)) else {
        return Vec::new();
    };
    let is_named =
        |code: &Code| named.as_array().is_some_and(|named| named.contains(&Value::from(code.facts().word)));
    Code::ALL.iter().copied().filter(is_named).collect()
}

fn schemes() -> [(&'static str, SecurityScheme); 4] {
    let bearer = |description: &str| {
        let scheme: Http =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        SecurityScheme::Http(scheme)
    };
    let header = |name: &str, description: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
    };
    [
        ("Bearer", bearer("An API key: `Authorization: Bearer YOUR_KEY`.")),
        ("ApiKey", header("Authorization", "The same key in another form: `ApiKey YOUR_KEY`.")),
        (
            "Signature",
            header(
                "X-Convergence-Signature",
                "`t=UNIX_SECONDS,v1=HEX`: HMAC-SHA256 of the time, a full stop and the body, with `SHEET_WEBHOOK_SECRET`.",
            ),
        ),
        ("AdminToken", bearer("The value of `ADMIN_TOKEN`, where that is set.")),
    ]
}

fn asked(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, [""; 0])
}

fn server(url: &str, description: &str) -> Server {
    let mut server = Server::new(url);
    server.description = Some(format!("{description}, unless they are set otherwise"));
    server
}
