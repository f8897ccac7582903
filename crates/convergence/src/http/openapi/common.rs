//! What routes have in common, so that none of them has to say it: how to authenticate, and what is refused for that
//! reason; headers; where they are served.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, SecurityRequirement, Server};

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
const ADMIN_DOOR: [Code; 3] = [Code::AdminTokenRequired, Code::TooManyFailedAttempts, Code::WrongHost];

/// What every request to some routes has to pass.
struct Door {
    /// What its answers are named after.
    name: &'static str,
    codes: Vec<Code>,
    /// The headers of all answers behind it, and its own.
    headers: Vec<&'static str>,
}

impl Door {
    /// Of an operation. Who says nothing is asked for a key, as the document says by default.
    fn of(operation: &Operation, reads: bool) -> Self {
        let is_admins = operation.tags.iter().flatten().any(|tag| tag == ADMIN);
        let (name, codes, headers) = match &operation.security {
            _ if is_admins && reads => ("Admin", ADMIN_DOOR.to_vec(), Vec::new()),
            _ if is_admins => ("Admin", [&ADMIN_DOOR[..], &[Code::CrossSite]].concat(), Vec::new()),
            None => ("Key", [&FRAMING[..], &DOOR].concat(), OF_CLIENT.to_vec()),
            Some(_) => ("Open", FRAMING.to_vec(), Vec::new()),
        };
        Self { name, codes, headers: [headers, vec![REQUEST_ID]].concat() }
    }

    fn stamp(&self, response: &mut Response) {
        for name in &self.headers {
            response.headers.insert((*name).to_owned(), headers::reference(name));
        }
    }
}

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
            for (operation, reads) in
                [(&mut item.get, true), (&mut item.post, false), (&mut item.delete, false)]
            {
                if let Some(operation) = operation {
                    complete(operation, path, &Door::of(operation, reads), &mut components.responses);
                }
            }
        }
    }
}

/// Adds to an operation what its door does. Answers that only the door gives are shared.
fn complete(
    operation: &mut Operation,
    path: &str,
    door: &Door,
    shared: &mut BTreeMap<String, RefOr<Response>>,
) {
    if door.name == "Admin" {
        operation.servers = Some(vec![server("http://localhost:8001", "`ADMIN_HOST` and `ADMIN_PORT`")]);
        operation.security = Some(vec![SecurityRequirement::default(), asked("AdminToken")]);
    }
    take_nulls(operation);
    let own = take_codes(operation);
    let answers = &mut operation.responses.responses;
    for answer in answers.values_mut() {
        if let RefOr::T(answer) = answer {
            door.stamp(answer);
        }
    }
    let words = if path.starts_with("/v1/") { Words::OpenAis } else { Words::Ours };
    let of_door = door.codes.iter().map(|code| (*code, Words::Ours));
    for (status, codes) in answers::by_status(own.iter().map(|code| (*code, words)).chain(of_door)) {
        let mut answer = answers::answer(status, &codes);
        door.stamp(&mut answer);
        let is_own = own.iter().any(|code| code.facts().status.as_u16() == status);
        let answer = if is_own {
            answer.into()
        } else {
            let name = format!("{}{status}", door.name);
            shared.entry(name.clone()).or_insert_with(|| answer.into());
            Ref::from_response_name(name).into()
        };
        answers.insert(status.to_string(), answer);
    }
}

/// A parameter that may be left out is no JSON, and never `null`.
fn take_nulls(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(kinds) = &mut object.schema_type
        {
            kinds.retain(|kind| *kind != Type::Null);
            if let [kind] = &kinds[..] {
                object.schema_type = SchemaType::Type(kind.clone());
            }
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
