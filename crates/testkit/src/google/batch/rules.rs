//! Conditional formats, which have places instead of ids, and the one filter of a tab.

use serde_json::{Value, json};

use super::{Done, area, tab};
use crate::google::book::Book;
use crate::google::book::area::index;

const KIND: &str = "conditionalFormats";

/// The tab of a rule, by its first range.
fn home(book: &Book, rule: &Value) -> Result<usize, String> {
    for range in rule["ranges"].as_array().into_iter().flatten() {
        area(book, range)?;
    }
    match rule["ranges"].get(0) {
        Some(range) => tab(book, &range["sheetId"]),
        None => Err("No ranges specified for the conditional format rule.".to_owned()),
    }
}

pub(super) fn add(book: &mut Book, request: &Value) -> Done {
    let place = home(book, &request["rule"])?;
    let rules = book.tabs[place].objects_mut(KIND);
    let at = index(&request["index"]).unwrap_or(0);
    if at > rules.len() {
        return Err(format!(
            "The index {at} is out of range. There are {} conditional format rules.",
            rules.len()
        ));
    }
    rules.insert(at, request["rule"].clone());
    Ok(Value::Null)
}

/// Replaces a rule, or moves it.
pub(super) fn update(book: &mut Book, request: &Value) -> Done {
    let rule = &request["rule"];
    let place = if rule.is_null() { tab(book, &request["sheetId"])? } else { home(book, rule)? };
    let rules = book.tabs[place].objects_mut(KIND);
    let at = index(&request["index"]).unwrap_or(0);
    let old = rules.get(at).cloned().ok_or_else(|| no_rule(at))?;
    if rule.is_null() {
        let to = index(&request["newIndex"]).unwrap_or(0).min(rules.len() - 1);
        rules.remove(at);
        rules.insert(to, old.clone());
        return Ok(json!({ "newRule": old, "oldIndex": at, "newIndex": to }));
    }
    rules[at] = rule.clone();
    Ok(json!({ "newRule": rule, "newIndex": at, "oldRule": old }))
}

pub(super) fn delete(book: &mut Book, request: &Value) -> Done {
    let place = tab(book, &request["sheetId"])?;
    let rules = book.tabs[place].objects_mut(KIND);
    let at = index(&request["index"]).unwrap_or(0);
    if at >= rules.len() {
        return Err(no_rule(at));
    }
    Ok(json!({ "rule": rules.remove(at) }))
}

fn no_rule(at: usize) -> String {
    format!("No conditional format on sheet at index: {at}")
}

pub(super) fn set_filter(book: &mut Book, request: &Value) -> Done {
    let (place, area) = area(book, &request["filter"]["range"])?;
    let mut filter = request["filter"].clone();
    // Its open sides are closed where the grid ends now (gspread's tests expect so).
    filter["range"] = area.to_json(book.tabs[place].id);
    book.tabs[place].filter = Some(filter);
    Ok(Value::Null)
}

pub(super) fn clear_filter(book: &mut Book, request: &Value) -> Done {
    let place = tab(book, &request["sheetId"])?;
    book.tabs[place].filter = None;
    Ok(Value::Null)
}
