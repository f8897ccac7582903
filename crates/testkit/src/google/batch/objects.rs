//! What has an id of its own: protections, charts, named ranges, bandings, tables, developer metadata.

use serde_json::{Map, Value, json};

use super::{Done, area, fields, members, tab};
use crate::google::book::Book;
use crate::google::book::area::Area;
use crate::google::{account, mask, protection};

/// One request on such an object; nothing for a name that is unknown here.
pub(super) fn perform(book: &mut Book, name: &str, request: &Value) -> Option<Done> {
    Some(match name {
        "addProtectedRange" => add_protection(book, request),
        "updateProtectedRange" => update_protection(book, request),
        "deleteProtectedRange" => delete_protection(book, request),
        "addChart" => add_chart(book, request),
        "updateChartSpec" => update_chart(book, request),
        "deleteEmbeddedObject" => delete(book, "charts", "chartId", &request["objectId"], "embedded object"),
        "addBanding" => add_banding(book, request),
        "deleteBanding" => {
            delete(book, "bandedRanges", "bandedRangeId", &request["bandedRangeId"], "banded range")
        }
        "addTable" => add_table(book, request),
        "deleteTable" => delete(book, "tables", "tableId", &request["tableId"], "table"),
        "addNamedRange" => add_named(book, request),
        "updateNamedRange" => update_named(book, request),
        "deleteNamedRange" => delete_named(book, request),
        "createDeveloperMetadata" => create_metadata(book, request),
        _ => return None,
    })
}

/// The tab and the place of an object.
fn find(book: &Book, kind: &str, id_name: &str, id: &Value, what: &str) -> Result<(usize, usize), String> {
    let shown = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let same = |object: &Value| object[id_name] == *id;
    let found = book
        .tabs
        .iter()
        .enumerate()
        .find_map(|(place, tab)| tab.objects(kind).iter().position(same).map(|at| (place, at)));
    found.ok_or_else(|| format!("No {what} with ID: {shown}"))
}

fn delete(book: &mut Book, kind: &'static str, id_name: &str, id: &Value, what: &str) -> Done {
    let (place, at) = find(book, kind, id_name, id, what)?;
    book.tabs[place].objects_mut(kind).remove(at);
    Ok(Value::Null)
}

const PROTECTIONS: &str = "protectedRanges";

/// Whoever protects a range may edit it. The answer leaves out what is false, null or empty (recorded).
fn add_protection(book: &mut Book, request: &Value) -> Done {
    let mut protection = members(&request["protectedRange"]);
    let (place, _) = area(book, &protection.get("range").cloned().unwrap_or_default())?;
    let id = book.next_id();
    protection.insert("protectedRangeId".to_owned(), json!(id));
    settle(&mut protection);
    let protection = Value::Object(protection);
    book.tabs[place].objects_mut(PROTECTIONS).push(protection.clone());
    Ok(json!({ "protectedRange": protection }))
}

fn settle(protection: &mut Map<String, Value>) {
    protection.insert("requestingUserCanEdit".to_owned(), json!(true));
    if let Some(editors) = protection.get_mut("editors").and_then(Value::as_object_mut) {
        editors.retain(|_, list| list.as_array().is_none_or(|list| !list.is_empty()));
        let users = editors.get_mut("users").and_then(Value::as_array_mut);
        if let Some(users) = users.filter(|users| !users.contains(&json!(account::CLIENT_EMAIL))) {
            users.push(json!(account::CLIENT_EMAIL));
        }
    } else if protection.get("warningOnly") != Some(&json!(true)) {
        protection.insert("editors".to_owned(), json!({ "users": [account::CLIENT_EMAIL] }));
    }
    protection.retain(|_, value| *value != false && *value != "");
}

fn update_protection(book: &mut Book, request: &Value) -> Done {
    let wanted = &request["protectedRange"];
    let (place, at) =
        find(book, PROTECTIONS, "protectedRangeId", &wanted["protectedRangeId"], "protected range")?;
    let mut protection = members(&book.tabs[place].objects(PROTECTIONS)[at]);
    let old = Value::Object(protection.clone());
    mask::merge(fields(request), wanted, &mut protection)?;
    if !protection::may_edit(&old) {
        protection::check(&book.tabs[place], &book.tabs[place].whole())?;
    }
    protection.insert("protectedRangeId".to_owned(), wanted["protectedRangeId"].clone());
    settle(&mut protection);
    book.tabs[place].objects_mut(PROTECTIONS)[at] = Value::Object(protection);
    Ok(Value::Null)
}

fn delete_protection(book: &mut Book, request: &Value) -> Done {
    let id = &request["protectedRangeId"];
    let (place, at) = find(book, PROTECTIONS, "protectedRangeId", id, "protected range")?;
    if !protection::may_edit(&book.tabs[place].objects(PROTECTIONS)[at]) {
        protection::check(&book.tabs[place], &book.tabs[place].whole())?;
    }
    delete(book, PROTECTIONS, "protectedRangeId", id, "protected range")
}

/// A chart on a tab, at a cell; on a tab of its own is not known here.
fn add_chart(book: &mut Book, request: &Value) -> Done {
    let mut chart = members(&request["chart"]);
    let mut position = chart.get("position").cloned().unwrap_or_default();
    if !position["overlayPosition"].is_object() {
        return Err("testkit knows only charts with an overlayPosition".to_owned());
    }
    let place = tab(book, &position["overlayPosition"]["anchorCell"]["sheetId"])?;
    for (name, size) in [("widthPixels", 600), ("heightPixels", 371)] {
        if position["overlayPosition"][name].is_null() {
            position["overlayPosition"][name] = json!(size);
        }
    }
    let id = chart.get("chartId").and_then(Value::as_u64).unwrap_or_else(|| book.next_id());
    chart.insert("chartId".to_owned(), json!(id));
    chart.insert("position".to_owned(), position);
    let chart = Value::Object(chart);
    book.tabs[place].objects_mut("charts").push(chart.clone());
    Ok(json!({ "chart": chart }))
}

fn update_chart(book: &mut Book, request: &Value) -> Done {
    let (place, at) = find(book, "charts", "chartId", &request["chartId"], "embedded object")?;
    book.tabs[place].objects_mut("charts")[at]["spec"] = request["spec"].clone();
    Ok(Value::Null)
}

fn add_banding(book: &mut Book, request: &Value) -> Done {
    let mut banding = request["bandedRange"].clone();
    let (place, _) = area(book, &banding["range"])?;
    banding["bandedRangeId"] = json!(book.next_id());
    book.tabs[place].objects_mut("bandedRanges").push(banding.clone());
    Ok(json!({ "bandedRange": banding }))
}

/// A table names its columns after the cells of its first row; index 0 is left out (recorded).
fn add_table(book: &mut Book, request: &Value) -> Done {
    let mut table = request["table"].clone();
    let (place, area) = area(book, &table["range"])?;
    let id = book.next_id().to_string();
    let tab = &book.tabs[place];
    let column = |(at, column): (usize, usize)| {
        let name = tab.value(area.rows.start, column);
        let mut properties = json!({ "columnName": name });
        if at > 0 {
            properties["columnIndex"] = json!(at);
        }
        properties
    };
    let columns: Vec<Value> = area.columns.clone().enumerate().map(column).collect();
    let color =
        |red: f64, green: f64, blue: f64| json!({ "rgbColor": { "red": red, "green": green, "blue": blue } });
    table["tableId"] = json!(id);
    table["columnProperties"] = Value::from(columns);
    table["rowsProperties"] = json!({
        "headerColorStyle": color(0.207_843_14, 0.407_843_14, 0.329_411_77),
        "firstBandColorStyle": color(1.0, 1.0, 1.0),
        "secondBandColorStyle": color(0.964_705_9, 0.972_549, 0.976_470_6),
    });
    book.tabs[place].objects_mut("tables").push(table.clone());
    Ok(json!({ "table": table }))
}

fn add_named(book: &mut Book, request: &Value) -> Done {
    let mut named = request["namedRange"].clone();
    area(book, &named["range"])?;
    if book.named_ranges.iter().any(|other| other["name"] == named["name"]) {
        return Err(format!("A named range with name {} already exists.", named["name"]));
    }
    if named["namedRangeId"].is_null() {
        named["namedRangeId"] = json!(book.next_id().to_string());
    }
    book.named_ranges.push(named.clone());
    Ok(json!({ "namedRange": named }))
}

fn named_at(book: &Book, id: &Value) -> Result<usize, String> {
    let found = book.named_ranges.iter().position(|named| named["namedRangeId"] == *id);
    found.ok_or_else(|| format!("No named range with ID: {}", id.as_str().unwrap_or_default()))
}

fn update_named(book: &mut Book, request: &Value) -> Done {
    let wanted = &request["namedRange"];
    let at = named_at(book, &wanted["namedRangeId"])?;
    let mut named = members(&book.named_ranges[at]);
    mask::merge(fields(request), wanted, &mut named)?;
    book.named_ranges[at] = Value::Object(named);
    Ok(Value::Null)
}

fn delete_named(book: &mut Book, request: &Value) -> Done {
    let at = named_at(book, &request["namedRangeId"])?;
    book.named_ranges.remove(at);
    Ok(Value::Null)
}

/// Metadata of the spreadsheet, of a tab or of one row or column. It is kept and answered; nothing looks it up.
fn create_metadata(book: &mut Book, request: &Value) -> Done {
    let mut metadata = request["developerMetadata"].clone();
    let location = metadata["location"].clone();
    let kind = if let Some(range) = location.get("dimensionRange") {
        tab(book, &range["sheetId"])?;
        if range["dimension"] == "ROWS" { "ROW" } else { "COLUMN" }
    } else if location.get("sheetId").is_some() {
        tab(book, &location["sheetId"])?;
        "SHEET"
    } else {
        "SPREADSHEET"
    };
    metadata["location"]["locationType"] = json!(kind);
    if metadata["metadataId"].is_null() {
        metadata["metadataId"] = json!(book.next_id());
    }
    book.metadata.push(metadata.clone());
    Ok(json!({ "developerMetadata": metadata }))
}

/// Protects a range for everybody but its owner, as a person does. `None` is the whole tab.
pub(crate) fn protect(book: &mut Book, place: usize, area: Option<&Area>) {
    let id = book.next_id();
    let tab = &mut book.tabs[place];
    let range = area.map_or_else(|| json!({ "sheetId": tab.id }), |area| area.to_json(tab.id));
    let protection = json!({
        "protectedRangeId": id, "range": range, "editors": { "users": ["owner@example.com"] },
    });
    tab.objects_mut(PROTECTIONS).push(protection);
}
