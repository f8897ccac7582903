//! `spreadsheets.batchUpdate`: requests in order, all or nothing.

mod cells;
mod dimensions;
mod moves;
mod objects;
mod rules;
mod sheets;

use axum::http::Uri;
use serde_json::{Map, Value, json};

use super::bad::Bad;
use super::book::Book;
use super::book::area::Area;
use super::values::Query;
use super::{describe, protection};

pub(crate) use self::moves::sort_rows;
pub(crate) use self::objects::protect;

/// What a request does: its reply, or Google's words of refusal.
type Done = Result<Value, String>;

/// `POST :batchUpdate`. Works on a copy, which takes the spreadsheet's place when every request was done.
pub(crate) fn update(book: &mut Book, id: &str, body: &Value) -> Result<Value, Bad> {
    let mut requests = Vec::new();
    flatten(&body["requests"], &mut requests);
    if requests.is_empty() {
        return Err(Bad::from("Must specify at least one request.".to_owned()));
    }
    let mut copy = book.clone();
    let mut replies = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let set: Vec<(&String, &Value)> =
            request.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
        let &[(name, request)] = set.as_slice() else {
            return Err(Bad::from(format!("Invalid requests[{at}]: No request set.")));
        };
        let done = perform(&mut copy, name, request).ok_or_else(|| unknown(at, name))?;
        let reply = done.map_err(|words| Bad::from(words).within(&format!("requests[{at}].{name}")))?;
        let bare = reply.is_null();
        replies.push(if bare { json!({}) } else { json!({ name.as_str(): describe::public(&reply) }) });
    }
    *book = copy;
    let mut answer = json!({ "spreadsheetId": id, "replies": replies });
    if body["includeSpreadsheetInResponse"] == true {
        let query = if body["responseIncludeGridData"] == true { "/?includeGridData=true" } else { "/" };
        let whole = describe::spreadsheet(book, id, &Query::of(&Uri::from_static(query)));
        answer["updatedSpreadsheet"] = whole.unwrap_or_default();
    }
    Ok(answer)
}

/// Google takes lists within the list of requests (the test-suite of gspread-formatting sends such).
fn flatten<'a>(requests: &'a Value, flat: &mut Vec<&'a Value>) {
    match requests {
        Value::Array(inner) => inner.iter().for_each(|request| flatten(request, flat)),
        Value::Null => {}
        request => flat.push(request),
    }
}

fn unknown(at: usize, name: &str) -> Bad {
    let words = format!(
        "Invalid JSON payload received. Unknown name \"{name}\" at 'requests[{at}]': Cannot find field."
    );
    Bad::field(&format!("requests[{at}]"), words)
}

/// One request by its name; nothing for a name that is unknown here.
fn perform(book: &mut Book, name: &str, request: &Value) -> Option<Done> {
    Some(match name {
        "addSheet" => sheets::add(book, request),
        "deleteSheet" => sheets::delete(book, request),
        "duplicateSheet" => sheets::duplicate(book, request),
        "updateSheetProperties" => sheets::update(book, request),
        "updateSpreadsheetProperties" => sheets::update_spreadsheet(book, request),
        "appendDimension" => dimensions::append(book, request),
        "insertDimension" => dimensions::insert(book, request),
        "deleteDimension" => dimensions::delete(book, request),
        "moveDimension" => dimensions::relocate(book, request),
        "updateDimensionProperties" => dimensions::update(book, request),
        "autoResizeDimensions" => dimensions::auto_resize(book, request),
        "addDimensionGroup" => dimensions::add_group(book, request),
        "deleteDimensionGroup" => dimensions::delete_group(book, request),
        "repeatCell" => cells::repeat(book, request),
        "updateCells" => cells::update(book, request),
        "appendCells" => cells::append(book, request),
        "setDataValidation" => cells::set_validation(book, request),
        "updateBorders" => cells::update_borders(book, request),
        "copyPaste" => moves::copy_paste(book, request),
        "cutPaste" => moves::cut_paste(book, request),
        "sortRange" => moves::sort(book, request),
        "mergeCells" => moves::merge(book, request),
        "unmergeCells" => moves::unmerge(book, request),
        "addConditionalFormatRule" => rules::add(book, request),
        "updateConditionalFormatRule" => rules::update(book, request),
        "deleteConditionalFormatRule" => rules::delete(book, request),
        "setBasicFilter" => rules::set_filter(book, request),
        "clearBasicFilter" => rules::clear_filter(book, request),
        _ => return objects::perform(book, name, request),
    })
}

/// The place of the tab with this id.
fn tab(book: &Book, id: &Value) -> Result<usize, String> {
    let id = id.as_u64().unwrap_or(0);
    book.tabs.iter().position(|tab| tab.id == id).ok_or_else(|| format!("No grid with id: {id}"))
}

/// The tab and the cells of a `GridRange`. An end past the grid is clipped (the same suite formats a row more than
/// there is); a start past it is refused.
fn area(book: &Book, range: &Value) -> Result<(usize, Area), String> {
    let place = tab(book, &range["sheetId"])?;
    let tab = &book.tabs[place];
    let area = Area::from_json(range, tab.rows, tab.columns);
    if area.rows.start >= tab.rows || area.columns.start >= tab.columns {
        let spelled = super::a1::spell_area(&tab.title, &area);
        let (rows, columns) = (tab.rows, tab.columns);
        return Err(format!(
            "Range ({spelled}) exceeds grid limits. Max rows: {rows}, max columns: {columns}"
        ));
    }
    let rows = area.rows.start..area.rows.end.min(tab.rows);
    let columns = area.columns.start..area.columns.end.min(tab.columns);
    Ok((place, Area { rows, columns }))
}

/// As [`area`], for a request that changes its cells.
fn writable(book: &Book, range: &Value) -> Result<(usize, Area), String> {
    let (place, area) = area(book, range)?;
    protection::check(&book.tabs[place], &area)?;
    Ok((place, area))
}

/// A request's own members as an object, without its nulls.
fn members(value: &Value) -> Map<String, Value> {
    let set = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn fields(request: &Value) -> &str {
    request["fields"].as_str().unwrap_or_default()
}
