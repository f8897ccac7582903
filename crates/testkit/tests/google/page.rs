//! The page on which a person plays the user of the spreadsheet.

use serde_json::json;
use testkit::Google;

use crate::support::{client, get};

async fn press(google: &Google, path: &str, fields: &[(&str, &str)]) {
    let answer =
        client().post(format!("{}{path}", google.url())).form(fields).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.url().path()), (200, "/"), "back to the page");
}

fn tab_id(google: &Google, at: usize) -> String {
    google.description()["sheets"][at]["properties"]["sheetId"].to_string()
}

#[tokio::test]
async fn what_a_person_changes_is_typed_and_the_rest_is_left_alone() {
    let google = Google::start().await;
    google.set_tab(
        "Keys",
        vec![vec![json!("a<b"), json!("n"), json!(true)], vec![json!("0042"), json!(7), json!(true)]],
    );
    let page = client().get(google.url()).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("value=\"a&lt;b\"") && page.contains("type=checkbox name='v 1 2' value=TRUE checked")
    );

    let id = tab_id(&google, 1);
    // The text 0042 was not changed, so it stays a text; the 7 was shown as 8 to this page, which is old.
    let fields = [
        ("tab", id.as_str()),
        ("o 1 0", "0042"),
        ("v 1 0", "0042"),
        ("o 1 1", "8"),
        ("v 1 1", "8"),
        ("o 1 2", "TRUE"),
        ("o 2 0", ""),
        ("v 2 0", "2030-01-31"),
        ("save", "1"),
    ];
    press(&google, "/edit", &fields).await;
    assert_eq!(json!(google.cells("Keys")), json!([["a<b", "n", true], ["0042", 7, false], [47514]]));
    press(&google, "/edit", &[("tab", &id), ("sort", "2")]).await;
    press(&google, "/edit", &[("tab", &id), ("delete", "0")]).await;
    assert_eq!(json!(google.cells("Keys")), json!([["0042", 7, false], [47514]]));
}

#[tokio::test]
async fn tabs_and_sharing_are_a_click_away() {
    let google = Google::start().await;
    press(&google, "/tab", &[("title", "API_Keys")]).await;
    assert_eq!(google.tabs(), ["Sheet1", "API_Keys"]);
    press(&google, "/edit", &[("tab", "0"), ("drop", "1")]).await;
    assert_eq!(google.tabs(), ["API_Keys"]);
    press(&google, "/share", &[("access", "nothing")]).await;
    assert_eq!(get(&google, "").await.status, 403);
    press(&google, "/share", &[("access", "writer")]).await;
    assert_eq!(get(&google, "").await.status, 200);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let google = Google::start().await;
    let port = google.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Google::start_on(port).is_err());
}
