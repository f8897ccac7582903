//! Answers as recorded from the real API by burnash/gspread, grouparoo and r-lib/gargle (all MIT). The grids and
//! the answers below were written anew from those facts.

use serde_json::{Value, json};
use testkit::{Fault, Google, Times, date_cell};

use crate::support::{client, get, good_token, read};

fn rows(cells: &Value) -> Vec<Vec<Value>> {
    serde_json::from_value(cells.clone()).expect("a list of lists")
}

/// gspread, `test_get_all_values_title_is_a1_notation`: inner gaps stay, trailing ones go, `D3` is quoted.
#[tokio::test]
async fn sparse_rows_of_a_tab_named_like_a_cell() {
    let google = Google::start().await;
    let kept = json!([["A1", "B1", "", "D1"], ["", "b2"], [], ["A4", "B4", "", "d4"]]);
    let filled =
        json!([["A1", "B1", "", "D1"], ["", "b2", null, ""], [null], ["A4", "B4", null, "d4"], ["", null]]);
    google.set_tab("D3", rows(&filled));
    google.resize_tab("D3", 4, 4);
    let answer = get(&google, "/values/%27D3%27").await;

    assert_eq!(answer.json, json!({ "range": "'D3'!A1:D4", "majorDimension": "ROWS", "values": kept }));
    assert_eq!(answer.headers["content-type"], "application/json; charset=UTF-8");
    assert_eq!(answer.headers["server"], "ESF");
    assert!(answer.text.contains("\n  \"majorDimension\""), "pretty-printed with two spaces");
    assert_eq!(get(&google, "/values/D3").await.json["range"], "Sheet1!D3", "unquoted, it is the cell");
}

/// gspread, `test_batch_clear`: nothing in the range, no `values`.
#[tokio::test]
async fn an_empty_range_has_no_values() {
    let google = Google::start().await;
    let nothing = json!({ "range": "Sheet1!A1:B1", "majorDimension": "ROWS" });
    assert_eq!(get(&google, "/values/%27Sheet1%27%21A1%3AB1").await.json, nothing);
    assert_eq!(
        get(&google, "/values/Sheet1").await.json["range"],
        "Sheet1!A1:Z1000",
        "a whole tab is its grid"
    );
    assert_eq!(
        get(&google, "/values/'Sheet1'!B2").await.json["range"],
        "Sheet1!B2",
        "one cell is not a block"
    );
    assert_eq!(get(&google, "/values/Sheet1!A:A").await.json["range"], "Sheet1!A1:A1000");
}

/// gspread, `test_get_all_values_date_time_render_options`: one grid under each rendering.
#[tokio::test]
async fn one_grid_under_every_rendering() {
    let google = Google::start().await;
    let (first, second) = (date_cell(43831.0, "2020-01-01"), date_cell(36162.0, "1999-01-02"));
    google.set_tab("Sheet1", rows(&json!([[2, first, "string", 53.0], [1.5, 0.12, second, ""]])));
    google.resize_tab("Sheet1", 2, 4);
    for (options, values) in [
        (
            "valueRenderOption=UNFORMATTED_VALUE&dateTimeRenderOption=SERIAL_NUMBER",
            json!([[2, 43831, "string", 53], [1.5, 0.12, 36162]]),
        ),
        (
            "valueRenderOption=UNFORMATTED_VALUE&dateTimeRenderOption=FORMATTED_STRING",
            json!([[2, "2020-01-01", "string", 53], [1.5, 0.12, "1999-01-02"]]),
        ),
        ("", json!([["2", "2020-01-01", "string", "53"], ["1.5", "0.12", "1999-01-02"]])),
    ] {
        let answer = get(&google, &format!("/values/%27Sheet1%27?{options}")).await;
        assert_eq!(answer.json["range"], "Sheet1!A1:D2");
        assert_eq!(answer.json["values"], values, "{options}");
    }
}

/// grouparoo, `gr_imp`: booleans as words when formatted, the end clipped to the grid, "-" quoted.
#[tokio::test]
async fn booleans_are_words_when_formatted() {
    let google = Google::start().await;
    google.set_tab("profiles-10.csv", rows(&json!([["id", "on"], [1, true], [2, false]])));
    let path = "/values/%27profiles-10.csv%27!A2:J10001";
    let answer = get(&google, path).await;
    assert_eq!(answer.json["range"], "'profiles-10.csv'!A2:J1000");
    assert_eq!(answer.json["values"], json!([["1", "TRUE"], ["2", "FALSE"]]));
    let answer = get(&google, &format!("{path}?valueRenderOption=UNFORMATTED_VALUE")).await;
    assert_eq!(answer.json["values"], json!([[1, true], [2, false]]));
}

/// gspread, `test_add_validation` and others: a new file, whole and masked, with and without the last slash.
#[tokio::test]
async fn a_new_spreadsheet_as_google_makes_it() {
    let google = Google::start().await;
    for path in ["", "/", "?includeGridData=false"] {
        let whole = get(&google, path).await.json;
        assert_eq!(whole["properties"]["timeZone"], "Etc/GMT");
        assert_eq!(whole["properties"]["locale"], "en_US");
        assert_eq!(
            whole["sheets"],
            json!([{ "properties": {
                "sheetId": 0, "title": "Sheet1", "index": 0, "sheetType": "GRID",
                "gridProperties": { "rowCount": 1000, "columnCount": 26 },
            }}])
        );
    }
    google.set_time_zone("Europe/Paris");
    google.set_tab("API_Keys", vec![vec![json!(1); 30]; 2]);
    google.delete_tab("Sheet1");
    google.rename_tab("API_Keys", "Keys");
    let masked =
        get(&google, "?fields=properties(timeZone,locale),sheets.properties(title,gridProperties)").await;
    assert_eq!(
        masked.json,
        json!({
            "properties": { "timeZone": "Europe/Paris", "locale": "en_US" },
            "sheets": [{ "properties": {
                "title": "Keys", "gridProperties": { "rowCount": 1000, "columnCount": 30 },
            }}],
        })
    );
}

/// The table of error bodies. Each is `{"error": {code, message, status, details?}}`.
#[tokio::test]
async fn refusals_are_googles_word_for_word() {
    let google = Google::start().await;
    for (path, message) in [
        ("/values/NOPE!A5:F15", "Unable to parse range: NOPE!A5:F15"),
        ("/values/Sheet1!A1001", "Range (Sheet1!A1001) exceeds grid limits. Max rows: 1000, max columns: 26"),
        (
            "/values/Sheet1?majorDimension=DIAGONAL",
            "Invalid value at 'major_dimension' (type.googleapis.com/google.apps.sheets.v4.Dimension), \"DIAGONAL\"",
        ),
        ("?fields=sheets.sheetProperties", "Request contains an invalid argument."),
    ] {
        let answer = get(&google, path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.json["error"]["message"], message);
        assert_eq!(answer.json["error"]["status"], "INVALID_ARGUMENT");
    }
}

#[tokio::test]
async fn who_may_not_read_is_told_so() {
    let google = Google::start().await;
    let base = format!("{}/v4/spreadsheets", google.url());
    let url = format!("{base}/{}", google.sheet_id());

    let nobody = read(client().get(&url).send().await.unwrap()).await;
    assert_eq!((nobody.status, &nobody.json["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let stranger = read(client().get(&url).bearer_auth("ya29.c.made-up").send().await.unwrap()).await;
    assert_eq!((stranger.status, &stranger.json["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
    assert_eq!(
        stranger.headers["www-authenticate"],
        r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#
    );
    let token = good_token(&google).await;
    let elsewhere = read(client().get(format!("{base}/test")).bearer_auth(token).send().await.unwrap()).await;
    let not_found = json!({ "error": { "code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND" } });
    assert_eq!(elsewhere.json, not_found);

    google.share(false);
    let unshared = get(&google, "").await;
    let denied = json!({ "error": {
        "code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED",
    }});
    assert_eq!(unshared.json, denied);
}

#[tokio::test]
async fn faults_strike_for_as_long_as_asked() {
    let google = Google::start().await;
    google.inject(Fault::QuotaExceeded, Times::Next(2));
    for _ in 0..2 {
        let answer = get(&google, "/values/Sheet1").await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json["error"]["details"][0]["reason"], "RATE_LIMIT_EXCEEDED");
        assert!(!answer.headers.contains_key("retry-after"), "none in any of 306 recorded answers");
    }
    assert_eq!(get(&google, "/values/Sheet1").await.status, 200);
    for (fault, status) in [
        (Fault::InternalError, 500),
        (Fault::UnavailableAfterApplying, 503),
        (Fault::HtmlBody(502), 502),
        (Fault::ApiDisabled, 403),
        (Fault::InsufficientScope, 403),
        (Fault::OfficeFile, 400),
        (Fault::ExpireTokens, 401),
    ] {
        google.inject(fault.clone(), Times::Always);
        assert_eq!(get(&google, "/values/Sheet1").await.status, status, "{fault:?}");
        google.heal();
    }
    google.inject(Fault::TruncatedBody, Times::Once);
    let answer = get(&google, "/values/Sheet1").await;
    assert_eq!((answer.status, answer.json), (200, Value::Null));
    assert_eq!(google.reads(), 11);
    google.wait_for_reads(11).await;
}

#[tokio::test]
async fn a_reset_comes_after_the_answer_has_begun() {
    let google = Google::start().await;
    let token = good_token(&google).await;
    google.inject(Fault::Reset, Times::Once);
    let url = format!("{}/v4/spreadsheets/{}", google.url(), google.sheet_id());
    let request = client().get(url).bearer_auth(token).send();
    let body = match request.await {
        Ok(response) => response.bytes().await,
        // The kernel may discard what arrived before the reset.
        Err(early) => Err(early),
    };
    assert!(body.is_err(), "half an answer is no answer");
    assert_eq!(get(&google, "").await.status, 200);
}

#[tokio::test]
async fn dropping_it_closes_the_port() {
    let google = Google::start().await;
    let url = google.url();
    drop(google);
    assert!(client().get(url).send().await.unwrap_err().is_connect());
}
