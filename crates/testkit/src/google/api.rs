//! The Sheets API, version 4: which call a request is, whether it is allowed, and what it answers.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{cut_off, json_answer, truncated};
use super::bad::Bad;
use super::book::Book;
use super::call::{Call, Verb};
use super::faults::Fault;
use super::files::{Access, File};
use super::inside::{Inside, State as Everything};
use super::record::{self, Request};
use super::server::Connection;
use super::values::{self, Query};
use super::{batch, describe, errors};

/// Everything below `/v4/`.
pub(super) async fn answer(
    State(google): State<Arc<Inside>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(call) = Call::of(&method, &uri) else {
        return errors::no_such_path();
    };
    let request = Request::new(&method, &uri, &body);
    google.state().requests.push(request.clone());
    if call.verb.reads_values() {
        google.reads.send_modify(|reads| *reads += 1);
    }
    if call.verb.writes() {
        google.writes.send_modify(|writes| *writes += 1);
        google.before_write();
    }
    let token = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let perform = async || {
        let answer = perform(&mut google.state(), token, &call, &uri, &body);
        record::keep(request.clone(), answer).await
    };
    let fault = google.state().faults.next_for_api(call.verb.writes());
    match fault {
        None => perform().await,
        Some(Fault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            perform().await
        }
        Some(Fault::ExpireTokens) => {
            google.state().tokens.clear();
            perform().await
        }
        Some(Fault::TruncatedBody) => truncated(perform().await).await,
        Some(Fault::Reset) => cut_off(perform().await, connection.reset).await,
        Some(Fault::UnavailableAfterApplying) => {
            perform().await;
            errors::unavailable()
        }
        Some(fault) => refused_by(&fault, &call),
    }
}

/// The faults that answer without looking at the spreadsheet.
fn refused_by(fault: &Fault, call: &Call) -> Response {
    match fault {
        Fault::QuotaExceeded => errors::quota_exceeded(if call.verb.writes() { "Write" } else { "Read" }),
        Fault::HtmlBody(status) => errors::html_page(*status),
        Fault::ApiDisabled => errors::api_disabled(),
        Fault::InsufficientScope => errors::insufficient_scope(call.verb.rpc()),
        Fault::OfficeFile => errors::office_file(),
        Fault::Said(status, body) => errors::said(*status, body.clone()),
        _ => errors::internal(),
    }
}

/// Who calls, as far as the header proves it.
///
/// # Errors
/// The answer to who does not.
pub(super) fn scopes_of<'a>(
    state: &'a Everything,
    authorization: Option<&str>,
) -> Result<&'a str, Box<Response>> {
    let authorization = authorization.ok_or_else(|| Box::new(errors::unregistered_caller()))?;
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    state.tokens.get(token).map(String::as_str).ok_or_else(|| Box::new(errors::invalid_token()))
}

/// Checks in Google's order: who calls, may this token do it, is the body readable, is there such a file, may this
/// account see and change it; then the call itself.
fn perform(state: &mut Everything, token: Option<&str>, call: &Call, uri: &Uri, body: &[u8]) -> Response {
    let scopes = match scopes_of(state, token) {
        Ok(scopes) => scopes,
        Err(refused) => return *refused,
    };
    let writes = call.verb.writes();
    let may_write = ["/spreadsheets", "/drive", "/drive.file"];
    if writes && !scopes.split(' ').any(|scope| may_write.iter().any(|end| scope.ends_with(end))) {
        return errors::insufficient_scope(call.verb.rpc());
    }
    let body = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(_) if body.is_empty() => json!({}),
        Err(_) => return errors::bad_request("Invalid JSON payload received. Unable to parse."),
    };
    if call.verb == Verb::Create {
        return create(state, &body);
    }
    let Some(file) = state.files.find(&call.id) else { return errors::not_found() };
    if file.access < (if writes { Access::Writer } else { Access::Reader }) {
        return errors::not_shared();
    }
    if writes {
        file.modified = Timestamp::now();
    }
    let query = Query::of(uri);
    if call.verb == Verb::Get {
        return match describe::spreadsheet(&file.book, &call.id, &query) {
            Ok(answer) => json_answer(StatusCode::OK, &answer),
            Err(describe::Refused::Bad(bad)) => bad.response(),
            Err(describe::Refused::Field(path)) => errors::unknown_field(&path),
        };
    }
    if call.verb == Verb::CopyTo {
        return copy_to(state, call, &body);
    }
    match on_book(&mut file.book, call, &query, &body) {
        Ok(answer) => json_answer(StatusCode::OK, &answer),
        Err(bad) => bad.response(),
    }
}

fn on_book(book: &mut Book, call: &Call, query: &Query, body: &Value) -> Result<Value, Bad> {
    let (id, range) = (call.id.as_str(), call.target.as_str());
    match call.verb {
        Verb::ValuesGet => values::get(book, range, query),
        Verb::ValuesBatchGet => values::batch_get(book, id, query),
        Verb::ValuesUpdate => values::update(book, id, range, query, body),
        Verb::ValuesAppend => values::append(book, id, range, query, body),
        Verb::ValuesClear => values::clear(book, id, range),
        Verb::ValuesBatchUpdate => values::batch_update(book, id, body),
        Verb::ValuesBatchClear => values::batch_clear(book, id, body),
        Verb::BatchUpdate => batch::update(book, id, body),
        Verb::Get | Verb::Create | Verb::CopyTo => unreachable!("answered above"),
    }
}

/// `POST /v4/spreadsheets`. Takes the properties; tabs are made by `batchUpdate`.
fn create(state: &mut Everything, body: &Value) -> Response {
    let mut book = Book::new(body["properties"]["title"].as_str().unwrap_or("Untitled spreadsheet"));
    for name in ["locale", "timeZone"] {
        if let Some(value) = body["properties"].get(name).filter(|value| !value.is_null()) {
            book.properties.insert(name.to_owned(), value.clone());
        }
    }
    let file = File::new(book);
    let id = state.files.add(file);
    let file = state.files.find(&id).expect("it was just added");
    match describe::spreadsheet(&file.book, &id, &Query::of(&Uri::from_static("/"))) {
        Ok(answer) => json_answer(StatusCode::OK, &answer),
        Err(_) => errors::internal(),
    }
}

/// `POST /sheets/SHEET:copyTo`: a copy of a tab in another spreadsheet, or the same.
fn copy_to(state: &mut Everything, call: &Call, body: &Value) -> Response {
    let source = state.files.find(&call.id).expect("looked up before");
    let Some(mut tab) = source.book.tabs.iter().find(|tab| tab.id.to_string() == call.target).cloned() else {
        return errors::not_found();
    };
    let Some(target) = state.files.find(body["destinationSpreadsheetId"].as_str().unwrap_or_default()) else {
        return errors::not_found();
    };
    let book = &mut target.book;
    let wanted = format!("Copy of {}", tab.title);
    let names = (2..=book.tabs.len() + 2).map(|number| format!("{wanted} {number}"));
    let free = std::iter::once(wanted.clone()).chain(names).find(|name| book.tab(Some(name)).is_none());
    tab.title = free.expect("there are more names than tabs");
    tab.id = book.next_id();
    book.tabs.push(tab);
    let index = book.tabs.len() - 1;
    json_answer(StatusCode::OK, &book.tabs[index].properties(index))
}
