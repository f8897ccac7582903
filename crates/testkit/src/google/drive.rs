//! The part of Drive v3 that makes, finds, shares and deletes spreadsheets. Google's clients for sheets need it;
//! ours does not.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{json_answer, no_content};
use super::api::scopes_of;
use super::book::Book;
use super::files::{Access, File, Files};
use super::inside::Inside;
use super::record::{self, Request};
use super::values::Query;
use super::{SHEET_ID, account, errors, mask};

const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";

/// Everything below `/drive/v3/files`.
pub(super) async fn answer(
    State(google): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(&method, &uri, &body);
    let token = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let answer = {
        let mut state = google.state();
        match scopes_of(&state, token) {
            Err(_) if token.is_some() => errors::drive_invalid_token(),
            Err(refused) => *refused,
            Ok(scopes) if !scopes.contains("/auth/drive") => errors::insufficient_scope("GetFile"),
            Ok(_) => perform(&mut state.files, &method, &uri, &request.body),
        }
    };
    record::keep(request, answer).await
}

fn perform(files: &mut Files, method: &Method, uri: &Uri, body: &Value) -> Response {
    let query = Query::of(uri);
    let rest = uri.path().strip_prefix("/drive/v3/files").unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let &[id, ref further @ ..] = parts.as_slice() else {
        return match *method {
            Method::POST => create(files, Book::new(name(body, "Untitled")), &query),
            Method::GET => list(files, &query),
            _ => errors::no_such_path(),
        };
    };
    let Some(file) = files.find(id).filter(|file| file.access > Access::Nothing) else {
        return errors::file_not_found(id);
    };
    match (method.as_str(), further) {
        ("GET", []) => masked(&query, &described(id, file), "kind,id,name,mimeType"),
        ("PATCH", []) => {
            let title = name(body, "").to_owned();
            if !title.is_empty() {
                file.book.properties.insert("title".to_owned(), json!(title));
                file.modified = Timestamp::now();
            }
            masked(&query, &described(id, file), "kind,id,name,mimeType")
        }
        // The first spreadsheet is the test's own: it stays.
        ("DELETE", []) if id == SHEET_ID => errors::drive_forbidden(),
        ("DELETE", []) => {
            files.remove(id);
            no_content()
        }
        ("POST", ["copy"]) => {
            let mut book = file.book.clone();
            let title = name(body, &format!("Copy of {}", title(&file.book))).to_owned();
            book.properties.insert("title".to_owned(), json!(title));
            create(files, book, &query)
        }
        (_, ["permissions", rest @ ..]) => permissions(file, method, rest, &query, body),
        _ => errors::no_such_path(),
    }
}

fn name<'a>(body: &'a Value, otherwise: &'a str) -> &'a str {
    body["name"].as_str().unwrap_or(otherwise)
}

fn title(book: &Book) -> String {
    book.properties.get("title").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn create(files: &mut Files, book: Book, query: &Query) -> Response {
    let file = File::new(book);
    let described_without_id = described("", &file);
    let id = files.add(file);
    let mut whole = described_without_id;
    whole["id"] = json!(id);
    masked(query, &whole, "kind,id,name,mimeType")
}

fn described(id: &str, file: &File) -> Value {
    json!({
        "kind": "drive#file",
        "id": id,
        "name": title(&file.book),
        "mimeType": SPREADSHEET,
        "createdTime": format!("{:.3}", file.created),
        "modifiedTime": format!("{:.3}", file.modified),
        "trashed": false,
    })
}

/// The files shared with the account, newest change first. Of `q`, a condition on the name is looked at.
fn list(files: &Files, query: &Query) -> Response {
    let q = query.one("q").unwrap_or_default();
    let wanted = ["name = ", "name=", "title = "].iter().find_map(|start| {
        let rest = q.split_once(start)?.1;
        let quote = rest.chars().next()?;
        Some(rest[1..].split(quote).next().unwrap_or_default().to_owned())
    });
    let mut found: Vec<(Timestamp, Value)> = files
        .iter()
        .filter(|(_, file)| file.access > Access::Nothing)
        .filter(|(_, file)| wanted.as_ref().is_none_or(|wanted| *wanted == title(&file.book)))
        .map(|(id, file)| (file.modified, described(id, file)))
        .collect();
    found.sort_by_key(|(modified, _)| std::cmp::Reverse(*modified));
    let found: Vec<Value> = found.into_iter().map(|(_, file)| file).collect();
    let whole = json!({ "kind": "drive#fileList", "incompleteSearch": false, "files": found });
    masked(query, &whole, "kind,incompleteSearch,files(kind,id,name,mimeType)")
}

fn permissions(file: &mut File, method: &Method, rest: &[&str], query: &Query, body: &Value) -> Response {
    let fields = "kind,id,type,role";
    match (method.as_str(), rest) {
        ("GET", []) => {
            let mut all = vec![json!({
                "kind": "drive#permission", "id": "owner", "type": "user", "role": "owner",
                "emailAddress": account::CLIENT_EMAIL,
            })];
            all.extend(file.permissions.iter().cloned());
            let whole = json!({ "kind": "drive#permissionList", "permissions": all });
            masked(query, &whole, "kind,permissions(kind,id,type,role)")
        }
        ("POST", []) => {
            let mut permission = json!({ "kind": "drive#permission" });
            for name in ["type", "role", "emailAddress", "domain"] {
                if !body[name].is_null() {
                    permission[name] = body[name].clone();
                }
            }
            permission["id"] = match &body["type"] {
                kind if kind == "anyone" => json!("anyoneWithLink"),
                _ => json!(format!("{:020}", 1 + file.permissions.len())),
            };
            file.permissions.push(permission.clone());
            masked(query, &permission, fields)
        }
        ("DELETE", [id]) => {
            file.permissions.retain(|permission| permission["id"] != *id);
            no_content()
        }
        _ => errors::no_such_path(),
    }
}

/// Drive answers few members unless `fields` asks for others.
fn masked(query: &Query, whole: &Value, usual: &str) -> Response {
    json_answer(StatusCode::OK, &mask::keep(query.one("fields").unwrap_or(usual), whole))
}
