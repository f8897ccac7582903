//! The Sheets API, version 4: which call a request is, whether it is allowed, and what it answers.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::a1::{self, Asked};
use super::answer::{cut_off, json_answer, truncated};
use super::book::{Rendering, Tab};
use super::faults::Fault;
use super::inside::{Inside, State as Everything};
use super::server::Connection;
use super::{SHEET_ID, errors, mask};

/// A method of the API with what its path says.
enum Call {
    GetSpreadsheet { id: String },
    GetValues { id: String, range: String },
}

/// Everything but the token endpoint.
pub(super) async fn answer(
    State(google): State<Arc<Inside>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(call) = call_of(&method, &uri) else {
        return errors::no_such_path();
    };
    if matches!(call, Call::GetValues { .. }) {
        google.reads.send_modify(|reads| *reads += 1);
    }
    let token = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let perform = || perform(&google.state(), token, &call, &uri);

    let fault = google.state().faults.next_for_api();
    match fault {
        None => perform(),
        Some(Fault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            perform()
        }
        Some(Fault::ExpireTokens) => {
            google.state().tokens.clear();
            perform()
        }
        Some(Fault::TruncatedBody) => truncated(perform()).await,
        Some(Fault::Reset) => cut_off(perform(), connection.reset).await,
        Some(Fault::UnavailableAfterApplying) => {
            perform();
            errors::unavailable()
        }
        Some(fault) => refused_by(&fault, &call),
    }
}

/// The faults that answer without looking at the spreadsheet.
fn refused_by(fault: &Fault, call: &Call) -> Response {
    match fault {
        Fault::QuotaExceeded => errors::quota_exceeded(),
        Fault::HtmlBody(status) => errors::html_page(*status),
        Fault::ApiDisabled => errors::api_disabled(),
        Fault::InsufficientScope => errors::insufficient_scope(call.rpc()),
        Fault::OfficeFile => errors::office_file(),
        _ => errors::internal(),
    }
}

/// Finds the call. Clients end a path with "/" or not, and encode `'`, `!` and `:` or not (seen in google's and
/// other libraries); all arrive here alike.
fn call_of(method: &Method, uri: &Uri) -> Option<Call> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
    let rest = uri.path().strip_prefix("/v4/spreadsheets/")?;
    let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let id = decode(id)?;
    match (method, rest.strip_prefix("values/")) {
        (&Method::GET, Some(range)) => Some(Call::GetValues { id, range: decode(range)? }),
        (&Method::GET, None) if rest.is_empty() => Some(Call::GetSpreadsheet { id }),
        _ => None,
    }
}

/// Checks in Google's order: who calls, is there such a file, may this account see it; then the call itself.
fn perform(state: &Everything, authorization: Option<&str>, call: &Call, uri: &Uri) -> Response {
    let Some(authorization) = authorization else { return errors::unregistered_caller() };
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    if !state.tokens.contains(token) {
        return errors::invalid_token();
    }
    if call.id() != SHEET_ID {
        return errors::not_found();
    }
    if !state.shared {
        return errors::not_shared();
    }
    match call {
        Call::GetSpreadsheet { id } => get_spreadsheet(state, id, uri),
        Call::GetValues { range, .. } => get_values(state, range, uri),
    }
}

fn get_spreadsheet(state: &Everything, id: &str, uri: &Uri) -> Response {
    let whole = state.book.describe(id);
    let answer = match parameter(uri, "fields") {
        Some(fields) => mask::apply(&fields, &whole),
        None => Ok(whole),
    };
    match answer {
        Ok(answer) => json_answer(StatusCode::OK, &answer),
        Err(path) => errors::unknown_field(&path),
    }
}

fn get_values(state: &Everything, range: &str, uri: &Uri) -> Response {
    let how = match rendering(uri) {
        Ok(how) => how,
        Err(refused) => return *refused,
    };
    let found = a1::parse(range).and_then(|asked| Some((state.book.tab(asked.title.as_deref())?, asked)));
    let Some((tab, asked)) = found else {
        return errors::unable_to_parse_range(range);
    };
    match clip(tab, &asked) {
        Ok((first, last)) => {
            let mut answer = json!({ "range": a1::spell(&tab.title, first, last), "majorDimension": "ROWS" });
            let rows = tab.block(first, last, how);
            if !rows.is_empty() {
                answer["values"] = Value::from_iter(rows);
            }
            json_answer(StatusCode::OK, &answer)
        }
        Err(refused) => *refused,
    }
}

/// A corner of a block as row and column, from 0.
type Corner = (usize, usize);

/// The first and last cell of what was asked for. An end past the grid is clipped; a start past it is an error.
fn clip(tab: &Tab, asked: &Asked) -> Result<(Corner, Corner), Box<Response>> {
    let cells = asked.cells.unwrap_or_default();
    let first = (cells.first_row, cells.first_column);
    if first.0 >= tab.rows || first.1 >= tab.columns {
        let last = (cells.last_row.unwrap_or(first.0), cells.last_column.unwrap_or(first.1));
        let spelled = a1::spell(&tab.title, first, last);
        return Err(Box::new(errors::exceeds_grid(&spelled, tab.rows, tab.columns)));
    }
    let end = |asked: Option<usize>, size: usize| asked.unwrap_or(size).min(size - 1);
    Ok((first, (end(cells.last_row, tab.rows), end(cells.last_column, tab.columns))))
}

/// Reads the three options of `values.get`; `majorDimension` other than rows is not emulated.
fn rendering(uri: &Uri) -> Result<Rendering, Box<Response>> {
    let value = parameter(uri, "valueRenderOption");
    let formatted = match value.as_deref() {
        None | Some("FORMATTED_VALUE") => true,
        Some("UNFORMATTED_VALUE") => false,
        Some(other) => {
            return Err(Box::new(errors::invalid_enum("value_render_option", "ValueRenderOption", other)));
        }
    };
    let dates = parameter(uri, "dateTimeRenderOption");
    let serial_dates = match dates.as_deref() {
        None | Some("SERIAL_NUMBER") => true,
        Some("FORMATTED_STRING") => false,
        Some(other) => {
            return Err(Box::new(errors::invalid_enum(
                "date_time_render_option",
                "DateTimeRenderOption",
                other,
            )));
        }
    };
    match parameter(uri, "majorDimension").as_deref() {
        None | Some("ROWS") => Ok(Rendering { formatted, serial_dates }),
        Some(other) => Err(Box::new(errors::invalid_enum("major_dimension", "Dimension", other))),
    }
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl Call {
    fn id(&self) -> &str {
        match self {
            Self::GetSpreadsheet { id } | Self::GetValues { id, .. } => id,
        }
    }

    /// The name of the method in Google's error details.
    fn rpc(&self) -> &'static str {
        match self {
            Self::GetSpreadsheet { .. } => "GetSpreadsheet",
            Self::GetValues { .. } => "GetValues",
        }
    }
}
