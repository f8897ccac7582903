//! What a tab holds arrives as it stands there.

use serde_json::{Value as Json, json};
use sheets::Value::{Bool, Empty, Number, Text};
use sheets::{Range, Value};
use testkit::{Google, date_cell};

use crate::support::spreadsheet;

fn text(text: &str) -> Value {
    Text(text.to_owned())
}

fn rows(cells: Json) -> Vec<Vec<Json>> {
    serde_json::from_value(cells).expect("a list of lists")
}

#[tokio::test]
async fn rows_stay_ragged_and_keep_their_gaps() {
    let google = Google::start().await;
    let sparse = json!([["A1", "B1", "", "D1"], ["", "b2", ""], [], ["A4", null, "", "d4"], [""]]);
    google.set_tab("Keys", rows(sparse));

    let expected = vec![
        vec![text("A1"), text("B1"), Empty, text("D1")],
        vec![Empty, text("b2")],
        vec![],
        vec![text("A4"), Empty, Empty, text("d4")],
    ];
    assert_eq!(spreadsheet(&google).values("Keys").await.unwrap(), expected);
}

/// Under the formatted form a checkbox is a word in the sheet's language and a date is what a person sees.
#[tokio::test]
async fn booleans_numbers_and_dates_keep_their_kind() {
    let google = Google::start().await;
    let when = date_cell(46_000.75, "9.12.2025 18:00:00");
    google.set_tab(
        "Keys",
        vec![vec![json!(true), json!(false), json!("TRUE"), json!(60), json!("0042"), when]],
    );

    let row = vec![Bool(true), Bool(false), text("TRUE"), Number(60.0), text("0042"), Number(46_000.75)];
    assert_eq!(spreadsheet(&google).values("Keys").await.unwrap(), [row]);
}

#[tokio::test]
async fn an_empty_tab_is_no_rows() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    assert_eq!(spreadsheet(&google).values("Keys").await.unwrap(), Vec::<Vec<Value>>::new());
}

#[tokio::test]
async fn every_title_reaches_its_tab() {
    let google = Google::start().await;
    let spreadsheet = spreadsheet(&google);
    for title in
        ["Jon's tab", "D3", "A1:B2", "Schlüssel 🔑", "a/b?c#d%20&e+f", "a!b", "'quoted'", "2026", "R1C1"]
    {
        google.set_tab(title, vec![vec![json!(title)]]);
        assert_eq!(spreadsheet.values(title).await.unwrap(), [[text(title)]], "{title}");
    }
}

#[tokio::test]
async fn every_read_sees_the_sheet_as_it_is_then() {
    let google = Google::start().await;
    let spreadsheet = spreadsheet(&google);
    for round in 0..3 {
        google.set_tab("Keys", vec![vec![json!(round)]; 1 + round]);
        assert_eq!(spreadsheet.values("Keys").await.unwrap().len(), 1 + round);
    }
    assert_eq!((google.reads(), google.token_requests()), (3, 1));
}

#[tokio::test]
async fn properties_name_the_zone_and_the_tabs() {
    let google = Google::start().await;
    google.set_tab("API_Keys", vec![]);
    google.set_time_zone("America/New_York");
    let properties = spreadsheet(&google).properties().await.unwrap();

    assert_eq!(properties.time_zone, "America/New_York");
    let tabs: Vec<_> = properties.tabs.iter().map(|tab| (&*tab.title, tab.rows, tab.columns)).collect();
    assert_eq!(tabs, [("Sheet1", 1_000, 26), ("API_Keys", 1_000, 26)]);
    assert_eq!(properties.tabs[0].id, 0, "the first tab's number is 0, and stands in the answer");
    assert_eq!(google.reads(), 0, "only values count as reads");
}

#[tokio::test]
async fn a_description_of_blocks_has_their_tabs_and_cells_only() {
    let google = Google::start().await;
    google.set_tab("Keys", rows(json!([["a"], ["b"], ["c"]])));
    google.set_tab("Jon's & co", rows(json!([["x", "y"]])));
    let spreadsheet = spreadsheet(&google);
    let mask = "sheets(properties(title),data(startRow,startColumn,rowData(values(userEnteredValue))))";
    let ranges = [Range::rows("Keys", 1, 1), Range::cell("Keys", 2, 0), Range::cell("Jon's & co", 0, 1)];
    let cell = |value: &str| json!([{ "values": [{ "userEnteredValue": { "stringValue": value } }] }]);
    let expected = json!({ "sheets": [
        {
            "properties": { "title": "Keys" },
            "data": [{ "startRow": 1, "rowData": cell("b") }, { "startRow": 2, "rowData": cell("c") }],
        },
        { "properties": { "title": "Jon's & co" }, "data": [{ "startColumn": 1, "rowData": cell("y") }] },
    ]});
    assert_eq!(spreadsheet.describe_in(&ranges, mask).await.unwrap(), expected);
}
