//! A write that says what stands where it wrote.

use serde_json::json;
use sheets::{Block, Error, Range, Value};
use testkit::{Fault, Google, Times};

use crate::support::spreadsheet;

fn block(rows: Vec<Vec<Option<Value>>>, start: (usize, usize), end: (usize, usize)) -> Block {
    Block { at: Range { tab: "Usage".to_owned(), start: Some(start), end: Some(end) }, rows }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn a_write_says_what_stands_in_its_blocks_the_cells_it_left_alone_included() {
    let google = Google::start().await;
    google.set_tab("Usage", vec![vec![json!("a"), json!(1), json!("x")], vec![], vec![json!("b")]]);
    let count = || Some(Value::Number(5.0));
    let blocks = [
        block(vec![vec![None, count(), None], vec![None, None, None]], (0, 0), (1, 2)),
        block(vec![vec![None, Some(text("=1+1"))]], (2, 0), (2, 1)),
    ];
    let seen = spreadsheet(&google).write_and_see(&blocks).await.unwrap();
    let expected =
        [vec![vec![text("a"), Value::Number(5.0), text("x")]], vec![vec![text("b"), text("=1+1")]]];
    assert!(seen == expected, "empty rows at a block's end are left out, as in every read");
    assert_eq!(google.writes(), 1);
}

#[tokio::test]
async fn a_write_that_is_refused_changes_nothing_and_one_that_is_not_answered_may_have() {
    let google = Google::start().await;
    google.set_tab("Usage", vec![vec![json!("a"), json!(1)]]);
    let client = spreadsheet(&google);
    let count = || vec![vec![None, Some(Value::Number(5.0))]];
    let outside = [block(count(), (0, 0), (0, 1)), block(count(), (1_000, 0), (1_000, 1))];
    assert!(client.write_and_see(&outside).await.is_err());
    assert_eq!(google.cells("Usage"), [[json!("a"), json!(1)]]);

    google.inject(Fault::UnavailableAfterApplying, Times::Once);
    let error = client.write_and_see(&[block(count(), (0, 0), (0, 1))]).await.unwrap_err();
    assert!(matches!(error, Error::Server { status: 503, .. }), "{error}");
    assert_eq!(google.cells("Usage"), [[json!("a"), json!(5)]]);
}
