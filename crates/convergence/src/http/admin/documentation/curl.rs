//! An operation as a command to paste.

use serde_json::Value;

/// The command, with the document's examples in place of what a client knows.
pub(super) fn command(method: &str, path: &str, operation: &Value, document: &Value) -> String {
    let server = [operation, document].iter().find_map(|place| place["servers"][0]["url"].as_str());
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (place, name) = (parameter["in"].as_str(), parameter["name"].as_str().unwrap_or_default());
        let Some(example) = parameter["example"].as_str() else { continue };
        match place {
            Some("path") => path = path.replace(&format!("{{{name}}}"), example),
            Some("query") => path = format!("{path}?{name}={example}"),
            _ => {}
        }
    }
    let mut lines = vec![match method {
        "get" => format!("curl '{}{path}'", server.unwrap_or_default()),
        method => format!("curl -X {} '{}{path}'", method.to_uppercase(), server.unwrap_or_default()),
    }];
    lines.extend(key(operation).map(|header| format!("-H '{header}'")));
    let body = &operation["requestBody"]["content"]["application/json"];
    if body.is_object() {
        lines.push("-H 'Content-Type: application/json'".to_owned());
        lines.push(format!("-d '{}'", example(body, document)));
    }
    lines.join(" \\\n  ")
}

/// The header that authenticates, where one has to.
fn key(operation: &Value) -> Option<&'static str> {
    let Some(ways) = operation["security"].as_array() else {
        // As the document says by default.
        return Some("Authorization: Bearer YOUR_KEY");
    };
    match ways.first()?.as_object()?.keys().next()?.as_str() {
        "Signature" => Some("X-Convergence-Signature: t=UNIX_SECONDS,v1=HEX_HMAC_SHA256"),
        _ => None,
    }
}

/// The example of a body, or of its schema.
fn example<'a>(content: &'a Value, document: &'a Value) -> &'a Value {
    let name = super::schema::referred(&content["schema"]).unwrap_or_default();
    let of_schema = &document["components"]["schemas"][name]["examples"][0];
    if content["example"].is_null() { of_schema } else { &content["example"] }
}
