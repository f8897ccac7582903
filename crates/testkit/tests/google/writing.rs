//! Writes: what arrives, what is refused, and that a refused one changes nothing.

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::{Answer, client, good_token, read};

async fn send(google: &Google, method: reqwest::Method, path: &str, body: Value) -> Answer {
    let token = good_token(google).await;
    let url = format!("{}/v4/spreadsheets/{}{path}", google.url(), google.sheet_id());
    read(client().request(method, url).bearer_auth(token).json(&body).send().await.expect("an answer")).await
}

async fn put(google: &Google, range: &str, values: Value) -> Answer {
    let path = format!("/values/{range}?valueInputOption=RAW");
    send(google, reqwest::Method::PUT, &path, json!({ "values": values })).await
}

async fn post(google: &Google, path: &str, body: Value) -> Answer {
    send(google, reqwest::Method::POST, path, body).await
}

async fn batch(google: &Google, requests: Value) -> Answer {
    post(google, ":batchUpdate", json!({ "requests": requests })).await
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, message: &str) {
    assert_eq!(
        (answer.status, answer.json["error"]["message"].as_str()),
        (status, Some(message)),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn raw_texts_are_kept_as_they_are() {
    let google = Google::start().await;
    let row = json!(["=1+1", "TRUE", "0042", true, 7.5, "+49", null, ""]);
    assert_eq!(put(&google, "Sheet1!A1", json!([row])).await.status, 200);
    assert_eq!(
        google.cells("Sheet1"),
        [json!(["=1+1", "TRUE", "0042", true, 7.5, "+49"]).as_array().unwrap().clone()]
    );
    assert_eq!((google.writes(), google.reads()), (1, 0));
    let seen = google.requests().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.query.as_str()), ("PUT", "valueInputOption=RAW"));
    assert_eq!(seen.body["values"][0][3], true);
}

#[tokio::test]
async fn a_batch_of_values_is_written_whole_or_not_at_all() {
    let google = Google::start().await;
    let data = |second: &str| {
        json!({ "valueInputOption": "RAW", "data": [
            { "range": "Sheet1!A1", "values": [["x"]] },
            { "range": second, "values": [["y", "z"]] },
        ]})
    };
    let answer = post(&google, "/values:batchUpdate", data("Nowhere!A1")).await;
    assert_refused(&answer, 400, "Invalid data[1]: Unable to parse range: Nowhere!A1");
    let answer = post(&google, "/values:batchUpdate", data("Sheet1!B1:B1")).await;
    let words = "Requested writing within range ['Sheet1'!B1], but tried writing to column [C]";
    assert_refused(&answer, 400, &format!("Invalid data[1]: {words}"));
    assert!(google.cells("Sheet1").is_empty());
    assert_eq!(post(&google, "/values:batchUpdate", data("Sheet1!B1")).await.status, 200);
    assert_eq!(google.cells("Sheet1"), [[json!("x"), json!("y"), json!("z")]]);
}

#[tokio::test]
async fn a_write_that_is_answered_503_was_applied() {
    let google = Google::start().await;
    google.inject(Fault::UnavailableAfterApplying, Times::Once);
    assert_eq!(put(&google, "Sheet1!A1", json!([["there"]])).await.status, 503);
    assert_eq!(google.cells("Sheet1"), [[json!("there")]]);
    google.inject(Fault::QuotaExceeded, Times::Once);
    let answer = put(&google, "Sheet1!A1", json!([["not there"]])).await;
    assert_eq!(
        answer.json["error"]["details"][0]["metadata"]["quota_limit"],
        "WriteRequestsPerMinutePerUser"
    );
    assert_eq!(google.cells("Sheet1"), [[json!("there")]]);
    assert_eq!(google.writes(), 2);
    google.wait_for_writes(2).await;
}

#[tokio::test]
async fn who_may_only_read_is_refused_every_write() {
    let google = Google::start().await;
    google.share_for_reading();
    assert_refused(
        &put(&google, "Sheet1!A1", json!([["x"]])).await,
        403,
        "The caller does not have permission",
    );
    let answer = batch(&google, json!([{ "deleteSheet": { "sheetId": 0 } }])).await;
    assert_refused(&answer, 403, "The caller does not have permission");
    assert_eq!(crate::support::get(&google, "/values/Sheet1").await.status, 200);
}

#[tokio::test]
async fn the_grid_is_a_limit_for_updates_and_grows_for_appends() {
    let google = Google::start().await;
    google.set_tab("Sheet1", vec![vec![json!("a")], vec![json!("b")]]);
    google.resize_tab("Sheet1", 2, 1);
    let limits = "exceeds grid limits. Max rows: 2, max columns: 1";
    let answer = put(&google, "Sheet1!A3", json!([["c"]])).await;
    assert_refused(&answer, 400, &format!("Range (Sheet1!A3) {limits}"));
    let answer = put(&google, "Sheet1!A1:A3", json!([["c"]])).await;
    assert_refused(&answer, 400, &format!("Range (Sheet1!A1:A3) {limits}"));
    for (option, row) in [("OVERWRITE", 3), ("INSERT_ROWS", 4)] {
        let path = format!("/values/Sheet1!A1:append?valueInputOption=RAW&insertDataOption={option}");
        let answer = post(&google, &path, json!({ "values": [["c", "d"]] })).await;
        assert_eq!(
            answer.json["updates"]["updatedRange"],
            format!("Sheet1!A{row}:B{row}"),
            "{}",
            answer.text
        );
    }
    let grid = &google.description()["sheets"][0]["properties"]["gridProperties"];
    assert_eq!((&grid["rowCount"], &grid["columnCount"]), (&json!(4), &json!(2)));
}

#[tokio::test]
async fn insert_rows_moves_what_stands_below_and_overwrite_does_not() {
    let google = Google::start().await;
    let filled = vec![vec![json!("a")], vec![], vec![json!("below")]];
    for (option, rows) in [
        ("OVERWRITE", json!([["a"], ["n"], ["below"]])),
        ("INSERT_ROWS", json!([["a"], ["n"], [], ["below"]])),
    ] {
        google.set_tab("Sheet1", filled.clone());
        let path = format!("/values/Sheet1!A1:append?valueInputOption=RAW&insertDataOption={option}");
        assert_eq!(post(&google, &path, json!({ "values": [["n"]] })).await.status, 200);
        assert_eq!(json!(google.cells("Sheet1")), rows, "{option}");
    }
}

#[tokio::test]
async fn what_a_person_protected_refuses_writes() {
    let google = Google::start().await;
    google.set_tab("Mine", vec![vec![json!("kept")]]);
    google.protect_tab("Mine");
    let words = "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove \
        protection if you need to edit.";
    assert_refused(&put(&google, "Mine!A1", json!([["x"]])).await, 400, words);
    assert_refused(&post(&google, "/values/Mine!A1:clear", json!({})).await, 400, words);
    let id = google.description()["sheets"][1]["properties"]["sheetId"].clone();
    let answer = batch(&google, json!([{ "deleteSheet": { "sheetId": id } }])).await;
    assert_refused(&answer, 400, &format!("Invalid requests[0].deleteSheet: {words}"));
    assert_eq!(google.cells("Mine"), [[json!("kept")]]);
}

#[tokio::test]
async fn a_batch_is_done_whole_or_not_at_all() {
    let google = Google::start().await;
    let add = |title: &str| json!({ "addSheet": { "properties": { "title": title } } });
    for (second, message) in [
        (
            add("New"),
            "Invalid requests[1].addSheet: A sheet with the name \"New\" already exists. Please enter another name.",
        ),
        (
            json!({ "deleteSheet": { "sheetId": 77 } }),
            "Invalid requests[1].deleteSheet: No sheet with id: 77",
        ),
        (
            json!({ "addChat": {} }),
            "Invalid JSON payload received. Unknown name \"addChat\" at 'requests[1]': Cannot find field.",
        ),
        (
            json!({ "appendDimension": { "dimension": "ROWS", "length": 1_000_000 } }),
            "Invalid requests[1].appendDimension: This action would increase the number of cells in the workbook above the limit of 10000000 cells.",
        ),
    ] {
        assert_refused(&batch(&google, json!([add("New"), second])).await, 400, message);
        assert_eq!(google.tabs(), ["Sheet1"]);
    }
    assert_eq!(batch(&google, json!([add("New"), add("Newer")])).await.status, 200);
    assert_eq!(google.tabs(), ["Sheet1", "New", "Newer"]);
    assert_refused(&batch(&google, json!([])).await, 400, "Must specify at least one request.");
}

/// The requests that set a keys tab up, and what `spreadsheets.get` says afterwards.
#[tokio::test]
async fn a_tab_is_set_up_and_described() {
    let google = Google::start().await;
    let column = |at: usize| json!({ "sheetId": 7, "startRowIndex": 1, "startColumnIndex": at, "endColumnIndex": at + 1 });
    let rule = json!({
        "ranges": [column(0)],
        "booleanRule": {
            "condition": { "type": "CUSTOM_FORMULA", "values": [{ "userEnteredValue": "=$D2<NOW()" }] },
            "format": { "backgroundColor": { "red": 1, "green": 0.5 } },
        },
    });
    let chart = json!({
        "spec": { "title": "Requests", "basicChart": { "chartType": "COLUMN" } },
        "position": { "overlayPosition": { "anchorCell": { "sheetId": 7, "rowIndex": 1, "columnIndex": 5 } } },
    });
    let text = json!({ "userEnteredFormat": { "numberFormat": { "type": "TEXT", "pattern": "@" } } });
    let formula = json!({ "userEnteredValue": { "formulaValue": "=SUM(A1:A2)" }, "note": "a sum" });
    let answer = batch(&google, json!([
        { "addSheet": { "properties": { "sheetId": 7, "title": "Keys", "gridProperties": { "rowCount": 5, "columnCount": 3 } } } },
        { "updateSheetProperties": { "properties": { "sheetId": 7, "gridProperties": { "frozenRowCount": 1 } }, "fields": "gridProperties.frozenRowCount" } },
        { "repeatCell": { "range": column(0), "cell": text, "fields": "userEnteredFormat.numberFormat" } },
        { "setDataValidation": { "range": column(1), "rule": { "condition": { "type": "BOOLEAN" }, "strict": true } } },
        { "updateCells": { "rows": [{ "values": [formula] }], "fields": "userEnteredValue,note", "start": { "sheetId": 7, "rowIndex": 4, "columnIndex": 2 } } },
        { "addProtectedRange": { "protectedRange": { "range": { "sheetId": 7, "endRowIndex": 1 }, "warningOnly": true } } },
        { "addConditionalFormatRule": { "rule": rule, "index": 0 } },
        { "addChart": { "chart": chart } },
        { "createDeveloperMetadata": { "developerMetadata": { "metadataKey": "k", "visibility": "PROJECT", "location": { "sheetId": 7 } } } },
    ])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["replies"][0]["addSheet"]["properties"]["index"], 1);
    assert_eq!(answer.json["replies"][1], json!({}));
    assert!(answer.json["replies"][7]["addChart"]["chart"]["chartId"].is_u64());

    let whole = google.description();
    let tab = &whole["sheets"][1];
    assert_eq!(
        tab["properties"]["gridProperties"],
        json!({ "rowCount": 5, "columnCount": 3, "frozenRowCount": 1 })
    );
    assert_eq!(tab["protectedRanges"][0]["warningOnly"], true);
    let mut both = rule.clone();
    both["booleanRule"]["format"]["backgroundColorStyle"] = json!({ "rgbColor": { "red": 1, "green": 0.5 } });
    assert_eq!(tab["conditionalFormats"], json!([both]), "a colour is answered in both of its spellings");
    assert_eq!(tab["charts"][0]["position"]["overlayPosition"]["widthPixels"], 600);
    let row = &tab["data"][0]["rowData"][4]["values"];
    assert_eq!(row[0]["userEnteredFormat"]["numberFormat"]["type"], "TEXT");
    assert_eq!(row[1]["dataValidation"]["condition"]["type"], "BOOLEAN");
    assert_eq!((&row[2]["note"], &row[2]["formattedValue"]), (&json!("a sum"), &json!("0")));
    assert_eq!(whole["developerMetadata"][0]["location"], json!({ "locationType": "SHEET", "sheetId": 7 }));
    let read = crate::support::get(&google, "/values/Keys!C5?valueRenderOption=FORMULA").await;
    assert_eq!(read.json["values"], json!([["=SUM(A1:A2)"]]));
}

#[tokio::test]
async fn rows_move_as_a_person_moves_them() {
    let google = Google::start().await;
    let rows = json!([["key", "n"], ["b", 2], ["a", 10], ["", 1], ["c", 3]]);
    google.set_tab("Keys", serde_json::from_value(rows).unwrap());
    google.sort_tab("Keys", 0, false);
    assert_eq!(json!(google.cells("Keys")), json!([["key", "n"], ["a", 10], ["b", 2], ["c", 3], ["", 1]]));
    google.sort_tab("Keys", 1, true);
    google.insert_rows("Keys", 1, 1);
    google.delete_rows("Keys", 2..3);
    google.set_cell("Keys", 1, 0, json!("new"));
    assert_eq!(json!(google.cells("Keys")), json!([["key", "n"], ["new"], ["c", 3], ["b", 2], ["", 1]]));
    google.delete_columns("Keys", 1..2);
    google.insert_columns("Keys", 0, 1);
    assert_eq!(json!(google.cells("Keys")), json!([["", "key"], ["", "new"], ["", "c"], ["", "b"]]));
    google.sort_column_alone("Keys", 1, false);
    assert_eq!(google.cells("Keys")[1], ["", "b"]);
}

/// A protection and a rule move with the rows that they are on.
#[tokio::test]
async fn what_lies_on_rows_moves_with_them() {
    let google = Google::start().await;
    let range = |from: usize, to: usize| json!({ "startRowIndex": from, "endRowIndex": to });
    let protect = |from, to| json!({ "addProtectedRange": { "protectedRange": { "range": range(from, to), "warningOnly": true } } });
    batch(&google, json!([protect(0, 1), protect(4, 6), protect(8, 9)])).await;
    google.insert_rows("Sheet1", 2, 3);
    google.delete_rows("Sheet1", 11..13);
    let left: Vec<Value> = google.description()["sheets"][0]["protectedRanges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|protection| protection["range"].clone())
        .collect();
    assert_eq!(left, [range(0, 1), range(7, 9)]);
}
