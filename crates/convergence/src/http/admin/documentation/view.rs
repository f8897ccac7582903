//! What stands on the page, out of the document.

use askama::Template;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::curl::command;
use super::schema::{Kind, Member, kind, members, referred};
use super::words::{Block, Span, blocks, spans};
use crate::http::code::{Code, Facts};

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
pub(super) struct Page {
    version: String,
    introduction: Vec<Block>,
    groups: Vec<Group>,
    codes: Vec<Facts>,
    headers: Vec<Header>,
    schemas: Vec<Shape>,
}

/// Operations under one heading.
struct Group {
    name: String,
    description: Vec<Block>,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<Block>,
    parameters: Vec<Parameter>,
    /// What the body is.
    body: Option<Kind>,
    curl: String,
    answers: Vec<Response>,
    /// Statuses that come of the key or the token, which are the same everywhere.
    others: Vec<String>,
}

struct Parameter {
    name: String,
    place: String,
    kind: Kind,
    is_required: bool,
    description: Vec<Span>,
}

struct Response {
    status: String,
    description: Vec<Block>,
    /// Media types, and what is in them.
    bodies: Vec<(String, Kind)>,
    /// Those that not every answer has.
    headers: Vec<String>,
}

struct Header {
    name: String,
    description: Vec<Span>,
    example: String,
}

/// A schema that others refer to.
struct Shape {
    name: String,
    description: Vec<Block>,
    kind: Kind,
    members: Vec<Member>,
}

impl Page {
    pub(super) fn of(document: &OpenApi) -> Self {
        // Only this has the order in which operations are to be told of.
        let paths: Vec<&str> = document.paths.paths.keys().map(String::as_str).collect();
        let document = &serde_json::to_value(document).expect("a document of texts serialises");
        let tags = document["tags"].as_array().into_iter().flatten();
        let components = &document["components"];
        let headers = components["headers"].as_object().into_iter().flatten().map(|(name, header)| Header {
            name: name.clone(),
            description: spans(text(&header["description"])),
            example: shown(&header["example"]),
        });
        // The codes have a table of their own.
        let schemas =
            components["schemas"].as_object().into_iter().flatten().filter(|(name, _)| *name != "Code");
        let schemas = schemas.map(|(name, schema)| Shape {
            name: name.clone(),
            description: blocks(text(&schema["description"])),
            kind: kind(schema),
            members: members(schema, document),
        });
        Self {
            version: text(&document["info"]["version"]).to_owned(),
            introduction: blocks(text(&document["info"]["description"])),
            groups: tags.map(|tag| Group::of(tag, &paths, document)).collect(),
            codes: Code::ALL.iter().map(|code| code.facts()).collect(),
            headers: headers.collect(),
            schemas: schemas.collect(),
        }
    }
}

impl Group {
    fn of(tag: &Value, paths: &[&str], document: &Value) -> Self {
        let mut operations = Vec::new();
        for path in paths {
            for (method, operation) in document["paths"][path].as_object().into_iter().flatten() {
                if operation["tags"][0] == tag["name"] {
                    operations.push(Operation::of(method, path, operation, document));
                }
            }
        }
        Self {
            name: text(&tag["name"]).to_owned(),
            description: blocks(text(&tag["description"])),
            operations,
        }
    }
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value, document: &Value) -> Self {
        let parameters =
            operation["parameters"].as_array().into_iter().flatten().map(|parameter| Parameter {
                name: text(&parameter["name"]).to_owned(),
                place: text(&parameter["in"]).to_owned(),
                kind: kind(&parameter["schema"]),
                is_required: parameter["required"] == true,
                description: spans(text(&parameter["description"])),
            });
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let (mut answers, mut others) = (Vec::new(), Vec::new());
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            match referred(answer) {
                Some(_) => others.push(status.clone()),
                None => answers.push(Response::of(status, answer)),
            }
        }
        Self {
            id: text(&operation["operationId"]).to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]).to_owned(),
            description: blocks(text(&operation["description"])),
            parameters: parameters.collect(),
            body: body.is_object().then(|| kind(body)),
            curl: command(method, path, operation, document),
            answers,
            others,
        }
    }
}

impl Response {
    fn of(status: &str, answer: &Value) -> Self {
        let bodies = answer["content"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(media_type, content)| (media_type.clone(), kind(&content["schema"])));
        // References are to headers of many answers.
        let headers = answer["headers"].as_object().into_iter().flatten();
        let own = headers.filter(|(_, header)| referred(header).is_none()).map(|(name, _)| name.clone());
        Self {
            status: status.to_owned(),
            description: blocks(text(&answer["description"])),
            bodies: bodies.collect(),
            headers: own.collect(),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value without the quotes of a text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
