//! What Google's cells look like after a command.

use serde_json::json;
use testkit::date_cell;

use crate::support::{Keys, ONE, TAB, TWO_KEYS, fingerprint};

#[tokio::test]
async fn p03_checkboxes_stay_checkboxes_and_dates_are_dates() {
    let mut keys = Keys::in_sheet(TWO_KEYS).await;
    keys.time_zone = "Europe/Paris";
    keys.google().set_time_zone("Europe/Paris");
    keys.run(&["revoke", &fingerprint(ONE)]).well();
    keys.run(&["expire", &fingerprint(ONE), "--at", "2099-07-01T10:00:00Z"]).well();
    keys.run(&["create", "--client", "New", "--rate-limit", "7"]).well();
    let cells = keys.google().cells(TAB);
    assert_eq!(cells[1][4], json!(false));
    assert!(cells[1][6].is_number(), "{}", cells[1][6]);
    // 12:00 on the clocks of Paris.
    assert_eq!(cells[1][3], json!(72867.5));
    assert_eq!((&cells[3][4], &cells[3][5]), (&json!(true), &json!(7)));
    assert_eq!(keys.listed(ONE)["expires_at"], "2099-07-01T10:00:00Z");
    // To a person they are dates, in a column that nobody has formatted.
    let described = keys.google().description();
    let sheet = described["sheets"]
        .as_array()
        .expect("tabs")
        .iter()
        .find(|sheet| sheet["properties"]["title"] == TAB);
    let row = &sheet.expect("the tab")["data"][0]["rowData"][1]["values"];
    assert_eq!(row[3]["formattedValue"], "2099-07-01 12:00:00");
}

#[tokio::test]
async fn a_date_that_somebody_has_dressed_keeps_its_dress() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    let row = ["sk-convergence-three", "Third"].map(|text| json!(text)).into_iter();
    let row = row.chain([json!(null), date_cell(72_000.0, "14.02.2097"), json!(true)]).collect();
    let header = TWO_KEYS[0].split(',').map(|name| json!(name)).collect();
    keys.google().set_tab(TAB, vec![header, row]);
    keys.run(&["expire", &fingerprint("sk-convergence-three"), "--at", "2098-01-01"]).well();
    let requests = keys.google().requests();
    let write = requests.iter().find(|request| request.method == "POST").expect("a write");
    assert_eq!(write.body["requests"][0]["updateCells"]["fields"], "userEnteredValue");
    assert_eq!(keys.google().cells(TAB)[1][3], json!(72321));
}

#[tokio::test]
async fn only_the_cells_that_change_are_written() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.run(&["revoke", &fingerprint(ONE)]).well();
    let requests = keys.google().requests();
    let written: Vec<_> = requests.iter().filter(|request| request.method == "POST").collect();
    assert_eq!(written.len(), 1, "one write for the whole command");
    let places: Vec<_> = written[0].body["requests"]
        .as_array()
        .expect("requests")
        .iter()
        .map(|request| {
            let start = &request["updateCells"]["start"];
            (start["rowIndex"].clone(), start["columnIndex"].clone())
        })
        .collect();
    assert_eq!(places, [(json!(1), json!(4)), (json!(1), json!(6))]);
}

#[tokio::test]
async fn a_new_row_stands_below_the_last_key_whatever_is_around() {
    // Title rows, a table that does not begin in A, boxes filled in ahead of need, notes below.
    let keys = Keys::in_sheet(&[
        ",Our keys",
        "",
        ",,api_key,client_name,is_active",
        ",,sk-convergence-one-one-one,MyApp,TRUE",
        ",,,,FALSE",
        ",,,,FALSE",
        ",Ask Ann before you change this",
    ])
    .await;
    let before = keys.google().cells(TAB);
    let key = keys.run(&["create", "--client", "New"]).well().key();
    let after = keys.google().cells(TAB);
    assert_eq!(after[4], [json!(""), json!(""), json!(key), json!("New"), json!(true)]);
    assert_eq!([&after[..4], &after[5..]].concat(), before, "nothing else is touched, only moved down");
}

#[tokio::test]
async fn the_first_key_goes_into_the_rows_that_are_prepared() {
    let keys = Keys::in_sheet(&TWO_KEYS[..1]).await;
    let key = keys.run(&["create", "--client", "First"]).well().key();
    assert_eq!(keys.listed(&key)["row"], 2);
    let described = keys.google().description();
    let sheets = described["sheets"].as_array().expect("tabs");
    let sheet = sheets.iter().find(|sheet| sheet["properties"]["title"] == TAB).expect("the tab");
    assert_eq!(sheet["properties"]["gridProperties"]["rowCount"], 1000, "no row was inserted");
    let created = sheet["data"][0]["rowData"][1]["values"][2]["formattedValue"].as_str().expect("a text");
    assert!(created.len() == 19 && created.starts_with("20"), "{created} is no date to a person");
    // The second goes below it, dressed like it.
    let second = keys.run(&["create", "--client", "Second"]).well().key();
    assert_eq!(keys.listed(&second)["row"], 3);
    let described = keys.google().description().to_string();
    assert!(described.matches("yyyy-mm-dd hh:mm:ss").count() >= 2, "{described}");
}

#[tokio::test]
async fn keys_are_made_in_a_sheet_that_was_just_set_up() {
    let keys = Keys::in_sheet(&[]).await;
    keys.program(&["sheet", "init"], "").well();
    let made: Vec<String> =
        ["A", "B"].iter().map(|client| keys.run(&["create", "--client", client]).well().key()).collect();
    let rows: Vec<_> = made.iter().map(|key| keys.listed(key)["row"].clone()).collect();
    assert_eq!(rows, [2, 3]);
    keys.run(&["rotate", &fingerprint(&made[0])]).well();
    keys.run(&["revoke", &fingerprint(&made[1])]).well();
    keys.run(&["check"]).well();
    // The rows still have their boxes, which hold booleans.
    let described = keys.google().description();
    let sheets = described["sheets"].as_array().expect("tabs");
    let sheet = sheets.iter().find(|sheet| sheet["properties"]["title"] == TAB).expect("the tab");
    let place = keys.rows()[0].iter().position(|name| name == "is_active").expect("the column");
    for row in 1..4 {
        let cell = &sheet["data"][0]["rowData"][row]["values"][place];
        assert_eq!(cell["dataValidation"]["condition"]["type"], "BOOLEAN", "row {}: {cell}", row + 1);
        assert!(cell["effectiveValue"]["boolValue"].is_boolean(), "row {}: {cell}", row + 1);
    }
    // Set-up finds nothing to mend in what the commands left.
    let again = keys.program(&["sheet", "init"], "").well();
    assert!(format!("{}{}", again.out, again.err).contains("nothing to do"), "{}{}", again.out, again.err);
}

#[tokio::test]
async fn boxes_filled_in_ahead_of_need_do_not_keep_the_first_key_away() {
    let boxes = [TWO_KEYS[0], ",,,,FALSE,,,", ",,,,FALSE,,,", ",,,,FALSE,,,"];
    let keys = Keys::in_sheet(&boxes).await;
    let key = keys.run(&["create", "--client", "First"]).well().key();
    assert_eq!(keys.listed(&key)["row"], 3);
    assert!(keys.admits(&key));
}

#[tokio::test]
async fn a_grid_without_room_grows() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.google().resize_tab(TAB, 3, 8);
    let key = keys.run(&["create", "--client", "New"]).well().key();
    assert_eq!(keys.listed(&key)["row"], 4);
}

#[tokio::test]
async fn many_keys_are_sealed_in_one_write() {
    let rows: Vec<String> = (0..50).map(|i| format!("sk-convergence-{i},Client {i},,,TRUE,,,")).collect();
    let lines: Vec<&str> = std::iter::once(TWO_KEYS[0]).chain(rows.iter().map(String::as_str)).collect();
    let keys = Keys::in_sheet(&lines).await;
    keys.run(&["seal", "--yes"]).well();
    assert_eq!(keys.google().writes(), 1);
    assert!(
        keys.google().cells(TAB)[1..].iter().all(|row| row[0].as_str().is_some_and(|cell| cell.len() == 71))
    );
    assert!(keys.admits("sk-convergence-49"));
}
