//! Schemas, as people read them: a type in a few words, and members in a table.

use serde_json::Value;

use super::words::{Span, spans};

/// A type in a few words, and where more is told of it.
pub(super) struct Kind {
    pub(super) text: String,
    /// The name of a schema that is told of elsewhere.
    pub(super) link: Option<String>,
}

/// A member of an object.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) description: Vec<Span>,
}

/// The name behind a reference.
pub(super) fn referred(value: &Value) -> Option<&str> {
    value["$ref"].as_str()?.rsplit('/').next()
}

/// What a value may be.
pub(super) fn kind(schema: &Value) -> Kind {
    if let Some(name) = referred(schema) {
        return Kind { text: name.to_owned(), link: Some(name.to_owned()) };
    }
    if let Some(part) = schema["allOf"].as_array().and_then(|parts| parts.first()) {
        return kind(part);
    }
    if let Some(choices) = ["oneOf", "anyOf"].iter().find_map(|name| schema[*name].as_array()) {
        let kinds: Vec<Kind> = choices.iter().map(kind).collect();
        let mut texts: Vec<&str> = kinds.iter().map(|kind| &*kind.text).collect();
        texts.dedup();
        let link = kinds.iter().find_map(|kind| kind.link.clone());
        return Kind { text: texts.join(" or "), link };
    }
    if let Some(words) = schema["enum"].as_array() {
        let texts: Vec<String> = words.iter().map(Value::to_string).collect();
        return Kind { text: texts.join(" | "), link: None };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let is_list = types == ["array"] || types == ["array", "null"];
    let (mut text, link) = if is_list {
        let of = kind(&schema["items"]);
        (format!("array of {}", of.text), of.link)
    } else if types.is_empty() {
        ("anything".to_owned(), None)
    } else {
        (types.join(" or "), None)
    };
    text.extend(bounds(schema).map(|bounds| format!(", {bounds}")));
    Kind { text, link }
}

/// How much there may be of it.
fn bounds(schema: &Value) -> Option<String> {
    let pair = |low: &str, high: &str, unit: &str| {
        let (low, high) = (&schema[low], &schema[high]);
        match (low.is_number(), high.is_number()) {
            (true, true) => Some(format!("{low} to {high}{unit}")),
            (false, true) => Some(format!("at most {high}{unit}")),
            _ => None,
        }
    };
    pair("minLength", "maxLength", " characters")
        .or_else(|| pair("minItems", "maxItems", " items"))
        .or_else(|| pair("minimum", "maximum", ""))
        .or_else(|| schema["format"].as_str().filter(|format| format.contains("date")).map(str::to_owned))
}

/// The members of an object, those of everything that it is made of included.
pub(super) fn members(schema: &Value, document: &Value) -> Vec<Member> {
    if let Some(name) = referred(schema) {
        return members(&document["components"]["schemas"][name], document);
    }
    let parts = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut all: Vec<Member> = parts.iter().flat_map(|part| members(part, document)).collect();
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, member)| Member {
        name: name.clone(),
        kind: kind(member),
        is_required: required.iter().any(|required| required == name),
        description: spans(&member["description"].as_str().unwrap_or_default().replace('\n', " ")),
    });
    all.extend(own);
    all
}
