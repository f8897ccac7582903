//! What is written stands in the tab as it was given, or the error says why not.

use serde_json::{Value as Json, json};
use sheets::{Block, Error, Range, Value};
use testkit::{Fault, Google, Times};

use crate::support::{assert_tells_no_secret, spreadsheet};

#[expect(clippy::unnecessary_wraps, reason = "a cell to write may be absent")]
fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

fn one(cell: Option<Value>, row: usize, column: usize) -> Block {
    Block { at: Range::cell("Keys", row, column), rows: vec![vec![cell]] }
}

async fn with_keys(rows: Vec<Vec<Json>>) -> Google {
    let google = Google::start().await;
    google.set_tab("Keys", rows);
    google
}

#[tokio::test]
async fn blocks_are_written_whole_and_nothing_is_interpreted() {
    let google = with_keys(vec![vec![json!("a"), json!("b"), json!("c")]]).await;
    let blocks = [
        // Left alone, cleared, and what would be a formula if it were typed.
        Block { at: Range::cell("Keys", 0, 0), rows: vec![vec![None, Some(Value::Empty), text("=1+1")]] },
        Block {
            at: Range::cell("Keys", 4, 1),
            rows: vec![
                vec![text("TRUE"), Some(Value::Bool(true))],
                vec![Some(Value::Number(45_000.5)), text("0042")],
            ],
        },
    ];
    let client = spreadsheet(&google);
    assert_eq!(client.write(&blocks).await.unwrap(), 6);
    assert_eq!(google.writes(), 1, "one request, whatever the number of blocks");

    let empty = Value::Empty;
    let row = |cells: &[Option<Value>]| cells.iter().flatten().cloned().collect::<Vec<_>>();
    assert_eq!(
        client.values("Keys").await.unwrap(),
        [
            row(&[text("a"), Some(empty.clone()), text("=1+1")]),
            vec![],
            vec![],
            vec![],
            row(&[Some(empty.clone()), text("TRUE"), Some(Value::Bool(true))]),
            row(&[Some(empty), Some(Value::Number(45_000.5)), text("0042")]),
        ]
    );
    let block = client.values_in(&Range::rows("Keys", 4, 4)).await.unwrap();
    assert_eq!(block.len(), 1, "only the row that was asked for");
}

#[tokio::test]
async fn tabs_are_changed_all_or_nothing() {
    let google = with_keys(vec![]).await;
    let client = spreadsheet(&google);
    let add = |title: &str| json!({ "addSheet": { "properties": { "title": title } } });

    let replies = client.change(&[add("Usage")]).await.unwrap();
    assert_eq!(replies[0]["addSheet"]["properties"]["title"], "Usage");
    let error = client.change(&[add("Other"), add("Usage")]).await.unwrap_err();
    assert!(matches!(error, Error::TabExists), "{error}");

    let tabs = client.describe("sheets.properties.title").await.unwrap();
    let titles: Vec<_> =
        tabs["sheets"].as_array().unwrap().iter().map(|tab| &tab["properties"]["title"]).collect();
    assert_eq!(titles, ["Sheet1", "Keys", "Usage"]);
}

#[tokio::test]
async fn each_refusal_of_a_write_says_what_to_do() {
    let google = with_keys(vec![vec![json!("a")]]).await;
    let client = spreadsheet(&google);
    google.share_for_reading();
    let error = client.write(&[one(text("b"), 0, 0)]).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotEditor { client_email } if client_email == google.client_email()),
        "{error}"
    );
    assert_tells_no_secret(&google, &error);
    assert_eq!(client.values("Keys").await.unwrap(), [[text("a").unwrap()]], "reading goes on");

    google.share(true);
    let missing = Block { at: Range::cell("Nope", 0, 0), rows: vec![vec![text("b")]] };
    let error = client.write(&[missing]).await.unwrap_err();
    assert!(matches!(&error, Error::TabMissing { tab } if tab == "Nope"), "{error}");

    google.protect_tab("Keys");
    let error = client.write(&[one(text("b"), 0, 0)]).await.unwrap_err();
    assert!(
        matches!(&error, Error::Protected { client_email } if client_email == google.client_email()),
        "{error}"
    );
    assert_eq!(google.cells("Keys"), [[json!("a")]], "nothing of it was written");
}

#[tokio::test]
async fn a_write_that_was_applied_may_still_fail_and_can_be_repeated() {
    let google = with_keys(vec![]).await;
    let client = spreadsheet(&google);
    google.inject(Fault::UnavailableAfterApplying, Times::Once);
    let error = client.write(&[one(text("b"), 2, 0)]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(client.values("Keys").await.unwrap().len(), 3, "it was applied all the same");
    assert_eq!(client.write(&[one(text("b"), 2, 0)]).await.unwrap(), 1);
    assert_eq!(client.values("Keys").await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_write_with_a_dead_token_is_done_once_with_a_new_one() {
    let google = with_keys(vec![]).await;
    let client = spreadsheet(&google);
    client.write(&[one(text("a"), 0, 0)]).await.unwrap();
    google.inject(Fault::ExpireTokens, Times::Once);
    let add = json!({ "addSheet": { "properties": { "title": "Usage" } } });
    client.change(&[add]).await.unwrap();
    assert_eq!(google.tabs(), ["Sheet1", "Keys", "Usage"], "added once");
    assert_eq!(google.token_requests(), 2);
}
