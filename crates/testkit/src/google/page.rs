//! A page for playing the person at the spreadsheet: every tab as a table of fields, without any script.
//!
//! Only cells whose field was changed are entered, as if typed, so that a page that is old undoes nothing.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::a1::column_letters;
use super::answer::text_answer;
use super::batch;
use super::book::area::{Area, Dimension};
use super::book::render::shown;
use super::book::{Tab, typed};
use super::files::Access;
use super::inside::{Inside, State as Everything};
use super::{SHEET_ID, account};

/// The page shows so many rows of a tab at most: it is for playing, not for large tabs.
const MOST_ROWS: usize = 300;

/// Empty rows and columns after the last that hold something, to type into.
const SPARE: (usize, usize) = (3, 1);

const STYLE: &str = "body{font:14px system-ui,sans-serif;margin:1.5em}table{border-collapse:collapse}\
    td,th{border:1px solid #ccc;padding:0}th{background:#f3f3f3;font-weight:normal;padding:0 .4em}\
    input[type=text]{border:0;padding:.3em;font:inherit}form{margin:0 0 2em}";

/// `GET /`.
pub(super) async fn show(State(google): State<Arc<Inside>>) -> Response {
    let mut state = google.state();
    let access = state.files.first().access;
    let mut page = format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>A sheet to try on</title><style>{STYLE}</style>\
         <h1>A sheet to try on</h1><p>Spreadsheet <code>{SHEET_ID}</code>, time zone {}. What you type is typed: \
         <code>TRUE</code>, <code>2030-01-31</code> and <code>60</code> become what Sheets makes of them.\
         <form method=post action=/share>Shared with {}: ",
        escaped(state.book().properties.get("timeZone").and_then(Value::as_str).unwrap_or_default()),
        account::CLIENT_EMAIL,
    );
    for (word, level) in
        [("nothing", Access::Nothing), ("reader", Access::Reader), ("writer", Access::Writer)]
    {
        let pressed = if level == access { " disabled" } else { "" };
        page.push_str(
            &format_args!("<button name=access value={word}{pressed}>{word}</button> ").to_string(),
        );
    }
    page.push_str("</form>");
    for tab in &state.book().tabs {
        table(&mut page, tab);
    }
    page.push_str(
        "<form method=post action=/tab>New tab <input type=text name=title> <button>Add</button></form>",
    );
    text_answer(StatusCode::OK, "text/html; charset=UTF-8", page)
}

/// One tab as a form. Each cell has its field `v ROW COLUMN`, and what it showed as `o ROW COLUMN`.
fn table(page: &mut String, tab: &Tab) {
    let used = tab.used();
    let rows = (used.rows.end + SPARE.0).min(tab.rows).min(MOST_ROWS);
    let columns = (used.columns.end + SPARE.1).min(tab.columns);
    let mut write = |text: std::fmt::Arguments<'_>| page.write_fmt(text).expect("a text grows");
    write(format_args!("<h2>{}</h2><form method=post action=/edit>", escaped(&tab.title)));
    write(format_args!("<input type=hidden name=tab value={}><table><tr><th>", tab.id));
    for column in 0..columns {
        write(format_args!("<th>{} <button name=sort value={column}>sort</button>", column_letters(column)));
    }
    for row in 0..rows {
        write(format_args!(
            "<tr><th>{} <button name=delete value={row} title='delete the row'>x</button>",
            row + 1
        ));
        for column in 0..columns {
            let (text, tick) = field(tab, row, column);
            let text = escaped(&text);
            write(format_args!("<td><input type=hidden name='o {row} {column}' value=\"{text}\">"));
            match tick {
                Some(on) => {
                    let checked = if on { " checked" } else { "" };
                    write(format_args!("<input type=checkbox name='v {row} {column}' value=TRUE{checked}>"));
                }
                None => write(format_args!("<input type=text name='v {row} {column}' value=\"{text}\">")),
            }
        }
    }
    write(format_args!(
        "</table><button name=save value=1>Save</button> <button name=drop value=1>Delete the tab</button></form>"
    ));
}

/// What a cell's field holds, and whether it is a ticked box, where it is a box.
fn field(tab: &Tab, row: usize, column: usize) -> (String, Option<bool>) {
    let Some(cell) = tab.cell(row, column) else { return (String::new(), None) };
    if let Some(formula) = cell.formula() {
        return (formula.to_owned(), None);
    }
    let validation = cell.dress().and_then(|dress| dress.more.get("dataValidation"));
    let is_box = cell.value.is_boolean()
        || cell.is_empty() && validation.is_some_and(|rule| rule["condition"]["type"] == "BOOLEAN");
    (shown(cell, &cell.value), is_box.then(|| cell.value == true))
}

/// `POST /edit`: whatever button of a tab's form was pressed, what was typed is entered first.
pub(super) async fn edit(State(google): State<Arc<Inside>>, form: Bytes) -> Response {
    let fields: HashMap<String, String> = form_urlencoded::parse(&form).into_owned().collect();
    let mut state = google.state();
    let number = |name: &str| fields.get(name).and_then(|value| value.parse::<usize>().ok());
    let id = number("tab").unwrap_or(usize::MAX);
    let book = state.book();
    let Some(place) = book.tabs.iter().position(|tab| tab.id == id as u64) else { return back() };
    let tab = &mut book.tabs[place];
    for (name, before) in &fields {
        let Some((row, column)) = cell_of(name) else { continue };
        let (_, tick) = field(tab, row, column);
        let otherwise = if tick.is_some() && !before.is_empty() { "FALSE" } else { "" };
        let now = fields.get(&format!("v {row} {column}")).map_or(otherwise, String::as_str);
        if now != before && row < tab.rows && column < tab.columns {
            typed::enter(tab.cell_mut(row, column), &json!(now));
        }
    }
    if let Some(column) = number("sort") {
        let below = Area::new(1..tab.rows, 0..tab.columns);
        batch::sort_rows(tab, &below, &[(column, false)]);
    }
    if let Some(row) = number("delete").filter(|row| *row < tab.rows && tab.rows > 1) {
        tab.delete(Dimension::Rows, row..row + 1);
    }
    if fields.contains_key("drop") && book.tabs.len() > 1 {
        book.tabs.remove(place);
    }
    back()
}

/// The cell of a field `o ROW COLUMN`.
fn cell_of(name: &str) -> Option<(usize, usize)> {
    let (row, column) = name.strip_prefix("o ")?.split_once(' ')?;
    Some((row.parse().ok()?, column.parse().ok()?))
}

/// `POST /tab`: a new tab.
pub(super) async fn add_tab(State(google): State<Arc<Inside>>, form: Bytes) -> Response {
    let title = form_urlencoded::parse(&form).find(|(name, _)| name == "title");
    if let Some((_, title)) = title.filter(|(_, title)| !title.is_empty()) {
        google.state().book().tab_or_new(&title);
    }
    back()
}

/// `POST /share`: how the spreadsheet is shared with the account.
pub(super) async fn share(State(google): State<Arc<Inside>>, form: Bytes) -> Response {
    let mut state = google.state();
    match form_urlencoded::parse(&form)
        .find(|(name, _)| name == "access")
        .as_ref()
        .map(|(_, level)| level.as_ref())
    {
        Some("nothing") => set_access(&mut state, Access::Nothing),
        Some("reader") => set_access(&mut state, Access::Reader),
        Some("writer") => set_access(&mut state, Access::Writer),
        _ => {}
    }
    back()
}

fn set_access(state: &mut Everything, access: Access) {
    state.files.first().access = access;
}

/// Back to the page.
fn back() -> Response {
    let mut answer = text_answer(StatusCode::SEE_OTHER, "text/plain", String::new());
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    answer
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
