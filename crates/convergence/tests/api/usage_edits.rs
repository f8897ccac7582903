//! What people do to the `Usage` tab, and how the next flush mends it (P23).

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::TestServer;
use crate::usage::{COLUMNS, INTERVAL, ask, google, server, shown, until_quiet, until_shown};

const FORMULA: &str = "2025-12-01 =HYPERLINK(\"http://x\") one: 1/1/0/0";

/// A sheet with a row of each client, at rest.
async fn written() -> (Google, TestServer) {
    let google = google().await;
    let server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    ask(&server, "f", 1).await;
    until_shown(&google, &[&server], &[FORMULA, "2025-12-01 Acme one: 3/2/1/0"]).await;
    until_quiet(&google, &server).await;
    (google, server)
}

fn cell(google: &Google, row: usize, column: usize) -> Value {
    google.cells("Usage")[row].get(column).cloned().unwrap_or_default()
}

/// A row of somebody else's, below the last.
fn add_row(google: &Google, cells: &[Value]) {
    let row = google.cells("Usage").len();
    cells.iter().enumerate().for_each(|(column, value)| google.set_cell("Usage", row, column, value.clone()));
}

#[tokio::test]
async fn p23_rows_that_were_sorted_deleted_copied_and_changed_are_mended() {
    let (google, server) = written().await;
    let rows = google.cells("Usage");
    let other = json!(["2025-11-30", "Acme", 7, 7, 0, 0, 0, "2025-11-30T09:00:00Z", "two", "a note"]);
    add_row(&google, other.as_array().expect("a row"));
    add_row(&google, &rows[2]); // a copy of Acme's row
    google.sort_tab("Usage", 2, true);
    ask(&server, "a", 1).await;
    let others = "2025-11-30 Acme two: 7/7/0/0";
    let (kept, emptied) = ("2025-12-01 Acme one: 4/3/1/0", "2025-12-01 Acme one: 0/0/0/0");
    until_shown(&google, &[&server], &[others, FORMULA, emptied, kept]).await;

    google.delete_rows("Usage", 1..5);
    ask(&server, "a", 1).await;
    let kept = "2025-12-01 Acme one: 5/4/1/0";
    until_shown(&google, &[&server], &[FORMULA, kept]).await;

    google.set_cell("Usage", 1, 3, json!(1_000_000));
    google.set_cell("Usage", 2, 4, json!("many"));
    ask(&server, "f", 1).await;
    let formula = "2025-12-01 =HYPERLINK(\"http://x\") one: 2/2/0/0";
    until_shown(&google, &[&server], &[formula, kept]).await;
}

#[tokio::test]
async fn p23_columns_may_be_moved_and_added_and_rows_put_above_the_header() {
    let (google, server) = written().await;
    google.insert_rows("Usage", 0, 2);
    google.set_cell("Usage", 0, 0, json!("Our usage"));
    google.insert_columns("Usage", 1, 1);
    google.set_cell("Usage", 2, 1, json!("notes"));
    google.set_cell("Usage", 4, 1, json!("our best client"));
    google.insert_columns("Usage", 0, 1);
    ask(&server, "a", 1).await;
    until_shown(&google, &[&server], &[FORMULA, "2025-12-01 Acme one: 4/3/1/0"]).await;
    assert_eq!(cell(&google, 0, 1), "Our usage");
    assert_eq!((cell(&google, 4, 2), cell(&google, 4, 3)), (json!("our best client"), json!("Acme")));
    assert_eq!(google.cells("Usage").len(), 5, "no row was added");
}

#[tokio::test]
async fn p23_a_deleted_tab_is_made_anew_with_all_kept_days() {
    let (google, server) = written().await;
    google.delete_tab("Usage");
    server.clock.advance(Duration::from_hours(24));
    ask(&server, "a", 1).await;
    let rows = [FORMULA, "2025-12-01 Acme one: 3/2/1/0", "2025-12-02 Acme one: 1/1/0/0"];
    until_shown(&google, &[&server], &rows).await;
    assert_eq!(google.cells("Usage")[0], COLUMNS);
}

#[tokio::test]
async fn p23_an_empty_tab_that_is_too_small_gets_a_header_and_room() {
    let google = google().await;
    google.set_tab("Usage", Vec::new());
    google.resize_tab("Usage", 1, 4);
    let server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    until_shown(&google, &[&server], &["2025-12-01 Acme one: 3/2/1/0"]).await;
    let grid = google.description()["sheets"][2]["properties"]["gridProperties"].clone();
    assert_eq!((&grid["rowCount"], &grid["columnCount"]), (&json!(1_001), &json!(9)));
}

#[tokio::test]
async fn p23_a_renamed_column_stops_the_writing_and_loses_nothing() {
    let (google, server) = written().await;
    google.set_cell("Usage", 0, 4, json!("limited"));
    let (before, writes) = (google.cells("Usage"), google.writes());
    for _ in 0..3 {
        ask(&server, "a", 1).await;
        server.clock.advance(INTERVAL);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((google.cells("Usage"), google.writes()), (before, writes));
    google.set_cell("Usage", 0, 4, json!("rate_limited"));
    let start = shown(&google);
    assert_eq!(start[1], "2025-12-01 Acme one: 3/2/1/0");
    ask(&server, "f", 1).await;
    let requests = |row: &String| row.rsplit_once(": ").expect("counts").1.split('/').next() == Some("6");
    for _ in 0..2_000 {
        if shown(&google).iter().any(requests) {
            return;
        }
        server.clock.advance(INTERVAL / 4);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("still {:#?}", shown(&google));
}

#[tokio::test]
async fn p23_a_sort_between_the_look_and_the_write_costs_nobody_anything() {
    let (google, server) = written().await;
    let other = json!(["2025-11-30", "Acme", 7, 7, 0, 0, 0, "2025-11-30T09:00:00Z", "two"]);
    add_row(&google, other.as_array().expect("a row"));
    add_row(&google, &[json!("total"), json!(""), json!(99)]);
    ask(&server, "a", 1).await;
    // The write is done a second after it has come in.
    google.inject_into_writes(Fault::Slow(Duration::from_secs(1)), Times::Once);
    let before = google.writes();
    server.clock.advance(INTERVAL);
    google.wait_for_writes(before + 1).await;
    google.sort_tab("Usage", 2, true);
    let others = [
        "2025-11-30 Acme two: 7/7/0/0",
        FORMULA,
        "2025-12-01 Acme one: 4/3/1/0",
        "total  null: 99/null/null/null",
    ];
    // The clock stands still: it is mended in the same flush.
    for _ in 0..1_000 {
        if google.writes() >= before + 2 && shown(&google) == others {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} writes, {:#?}", google.writes() - before, shown(&google));
}
