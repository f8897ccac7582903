//! Somebody else changes the table between a look and a write.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::Google;

use crate::support::{Keys, ONE, TAB, TWO, TWO_KEYS, fingerprint};

/// The rows of a tab in an order of their own, to compare what they hold.
fn sorted(google: &Google) -> Vec<Vec<Value>> {
    let mut rows = google.cells(TAB);
    rows.sort_by_key(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>());
    rows
}

/// Has this done when the program's write arrives.
fn meanwhile(keys: &Keys, act: impl FnOnce(&Google) + Send + 'static) {
    let google = Arc::clone(keys.google());
    keys.google().before_next_write(move || act(&google));
}

#[tokio::test]
async fn a_sort_in_the_moment_of_writing_revokes_nobody_else() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    let before = sorted(keys.google());
    meanwhile(&keys, |google| google.sort_tab(TAB, 0, true));
    let said =
        keys.run(&["revoke", &fingerprint(ONE)]).badly("changed by somebody else in the moment of writing");
    assert!(said.err.contains("row 2, where the former cells were put back"), "{}", said.err);
    assert_eq!(sorted(keys.google()), before, "the stranger's row is as it was");
    assert!(keys.admits(ONE) && keys.admits(TWO));
    // Run again, as it says.
    keys.run(&["revoke", &fingerprint(ONE)]).well();
    assert!(!keys.admits(ONE) && keys.admits(TWO));
}

#[tokio::test]
async fn a_row_inserted_in_the_moment_of_writing_stays_empty() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    meanwhile(&keys, |google| google.insert_rows(TAB, 1, 1));
    keys.run(&["revoke", &fingerprint(ONE)]).badly("row 2, where the former cells were put back");
    let cells = keys.google().cells(TAB);
    assert_eq!(cells[1], Vec::<Value>::new());
    assert!(keys.admits(ONE) && keys.admits(TWO));
}

#[tokio::test]
async fn keys_sealed_into_other_rows_are_put_back() {
    let lines = &[TWO_KEYS, &["sk-convergence-three,Third,,,TRUE,,,"]].concat();
    let keys = Keys::in_sheet(lines).await;
    let clients = || {
        let rows = keys.list();
        let mut pairs: Vec<String> =
            rows.iter().map(|row| format!("{} {}", row["fingerprint"], row["client_name"])).collect();
        pairs.sort();
        pairs
    };
    let before = clients();
    meanwhile(&keys, |google| google.sort_tab(TAB, 1, true));
    keys.run(&["seal", "--yes"]).badly("the former cells were put back");
    assert_eq!(clients(), before, "each key stands in its own client's row again");
    assert!(keys.admits(ONE) && keys.admits(TWO) && keys.admits("sk-convergence-three"));
}

#[tokio::test]
async fn rows_that_differ_in_the_key_alone_lose_none_unsaid() {
    let hash = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,MyApp,,,TRUE,,,";
    let keys = Keys::in_sheet(&[TWO_KEYS[0], "sk-convergence-one-one-one,MyApp,,,TRUE,,,", hash]).await;
    // The hash comes first now, in the row that the key is to be sealed in.
    meanwhile(&keys, |google| google.sort_tab(TAB, 0, false));
    keys.run(&["seal", "--yes"]).badly("these keys are not in it any more: aaaaaaaaaaaa");
}

#[tokio::test]
async fn a_column_inserted_in_the_moment_of_writing_is_said() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    meanwhile(&keys, |google| google.insert_columns(TAB, 0, 1));
    let said = keys.run(&["revoke", &fingerprint(ONE)]).badly("may have been overwritten");
    assert!(said.err.contains("E2") && said.err.contains("G2"), "{}", said.err);
}

#[tokio::test]
async fn a_new_row_is_never_written_over_another() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    meanwhile(&keys, |google| {
        let row = ["sk-convergence-theirs", "Theirs"].map(|text| json!(text));
        for (column, cell) in row.into_iter().enumerate() {
            google.set_cell(TAB, 3, column, cell);
        }
        google.set_cell(TAB, 3, 4, json!(true));
    });
    let key = keys.run(&["create", "--client", "Ours"]).well().key();
    assert_eq!(keys.list().len(), 4);
    assert!(keys.admits(&key) && keys.admits("sk-convergence-theirs"));
}

#[tokio::test]
async fn a_row_that_is_gone_is_not_written() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    meanwhile(&keys, |google| google.delete_rows(TAB, 1..2));
    let before = keys.google().cells(TAB)[2].clone();
    keys.run(&["revoke", &fingerprint(ONE)]).badly("row 2, where the former cells were put back");
    assert_eq!(keys.google().cells(TAB)[1], before);
}
