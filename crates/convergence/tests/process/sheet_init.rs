//! `convergence sheet init` against a Google that runs: what is made, what is left alone, and what is said.

use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Fault, Google, Times, date_cell};

use super::run;

/// A Google, and a folder with the credentials for it.
struct Desk {
    google: Google,
    folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let google = Google::start().await;
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("account.json"), google.credentials_json()).expect("a file");
        Self { google, folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let settings = [
            ("GOOGLE_CREDENTIALS_PATH", "account.json"),
            ("GOOGLE_SHEET_ID", self.google.sheet_id()),
            ("GOOGLE_SHEETS_ENDPOINT", &self.google.url()),
        ];
        run(self.folder.path(), &[&["sheet", "init"], arguments].concat(), &settings)
    }

    /// What it says when all goes well.
    fn init(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.run(arguments);
        let said = String::from_utf8(stdout).expect("UTF-8");
        assert!(status.success(), "{said}{}", String::from_utf8_lossy(&stderr));
        said
    }

    /// What it complains of.
    fn fails(&self) -> String {
        let Output { status, stderr, .. } = self.run(&[]);
        let said = String::from_utf8(stderr).expect("UTF-8");
        assert_eq!(status.code(), Some(1), "{said}");
        said
    }

    /// What `spreadsheets.get` says at this moment; with all its cells, so ask once.
    fn described(&self) -> Described {
        Described(self.google.description())
    }
}

/// A spreadsheet as `spreadsheets.get` describes it.
struct Described(Value);

impl Described {
    fn tab(&self, title: &str) -> &Value {
        let sheets = self.0["sheets"].as_array().expect("tabs");
        sheets.iter().find(|sheet| sheet["properties"]["title"] == title).expect("the tab")
    }

    /// A cell as it was set up.
    fn cell(&self, title: &str, row: usize, column: usize) -> &Value {
        &self.tab(title)["data"][0]["rowData"][row]["values"][column]
    }
}

const HEADER: [&str; 7] =
    ["api_key", "client_name", "created_at", "expires_at", "is_active", "rate_limit", "revoked_at"];

#[tokio::test]
async fn an_empty_spreadsheet_is_set_up_in_one_request_and_a_second_run_sends_none() {
    let desk = Desk::new().await;
    let said = desk.init(&[]);
    assert!(said.contains("+ API_Keys: make the tab") && said.contains("done:"), "{said}");
    assert!(said.contains("AUTH_ENABLED=true") && said.contains("convergence keys create"), "{said}");
    assert_eq!(desk.google.tabs(), ["Sheet1", "API_Keys", "Usage", "Summary"]);
    assert_eq!(desk.google.writes(), 1);

    assert_eq!(desk.google.cells("API_Keys"), [HEADER.map(|name| json!(name))]);
    let described = desk.described();
    let keys = described.tab("API_Keys");
    assert_eq!(keys["properties"]["gridProperties"]["frozenRowCount"], 1);
    let protected = &keys["protectedRanges"][0];
    assert_eq!(protected["warningOnly"], true);
    assert_eq!(protected["range"]["endRowIndex"], 1);
    assert_eq!(described.cell("API_Keys", 0, 6)["userEnteredFormat"]["textFormat"]["bold"], true);
    for row in [1, 999] {
        assert_eq!(described.cell("API_Keys", row, 0)["userEnteredFormat"]["numberFormat"]["type"], "TEXT");
        let expires = described.cell("API_Keys", row, 3);
        assert_eq!(expires["userEnteredFormat"]["numberFormat"]["pattern"], "yyyy-mm-dd hh:mm:ss");
        assert_eq!(expires["dataValidation"]["condition"]["type"], "DATE_IS_VALID");
        assert_eq!(described.cell("API_Keys", row, 4)["dataValidation"]["condition"]["type"], "BOOLEAN");
        assert_eq!(
            described.cell("API_Keys", row, 5)["dataValidation"]["condition"]["type"],
            "NUMBER_GREATER_THAN_EQ"
        );
    }
    assert_eq!(keys["conditionalFormats"].as_array().map(Vec::len), Some(3));
    assert_eq!(described.tab("Usage")["protectedRanges"][0]["warningOnly"], true);
    assert_eq!(desk.google.cells("Usage")[0][8], "instance");
    let summary = described.tab("Summary");
    assert_eq!(summary["charts"][0]["spec"]["basicChart"]["stackedType"], "STACKED");
    assert_eq!(summary["charts"][0]["spec"]["basicChart"]["series"].as_array().map(Vec::len), Some(8));

    let said = desk.init(&[]);
    assert!(said.starts_with("nothing to do") && !said.contains("left alone"), "{said}");
    assert_eq!(desk.google.writes(), 1);
}

#[tokio::test]
async fn a_dry_run_says_the_same_steps_and_sends_reads_only() {
    let desk = Desk::new().await;
    let planned = desk.init(&["--dry-run"]);
    assert!(planned.ends_with("this was a dry run: nothing was changed\n"), "{planned}");
    assert_eq!(desk.google.writes(), 0);
    assert_eq!(desk.google.tabs(), ["Sheet1"]);
    let steps = |said: &str| {
        said.lines().filter(|line| line.starts_with("+ ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(steps(&planned), steps(&desk.init(&[])));
    assert!(steps(&planned).len() > 20);
}

#[tokio::test]
async fn a_table_that_is_there_keeps_its_order_its_cells_and_its_own_columns() {
    let desk = Desk::new().await;
    let rows = vec![
        vec![json!("Our keys"), Value::Null, Value::Null],
        vec![json!("Owner"), json!("Is active"), json!("client_name"), json!("API key"), json!("expires_at")],
        vec![
            json!("Ann"),
            json!(true),
            json!("MyApp"),
            json!("sk-convergence-secret1"),
            date_cell(46_022.0, "2026"),
        ],
        vec![
            json!("Bob"),
            json!(false),
            json!("Other"),
            json!("sk-convergence-secret2"),
            Value::Null,
            json!("note"),
        ],
    ];
    desk.google.set_tab("API_Keys", rows.clone());
    let before = desk.google.cells("API_Keys");
    let said = desk.init(&[]);
    assert!(said.contains("write the header created_at in G2, rate_limit in H2, revoked_at in I2"), "{said}");

    let after = desk.google.cells("API_Keys");
    for (row, cells) in before.iter().enumerate() {
        assert_eq!(after[row][..cells.len()], cells[..], "row {row}");
    }
    assert_eq!(after[1][5..], [json!(""), json!("created_at"), json!("rate_limit"), json!("revoked_at")]);
    let described = desk.described();
    assert_eq!(described.tab("API_Keys")["properties"]["gridProperties"]["frozenRowCount"], 2);
    assert_eq!(described.cell("API_Keys", 5, 1)["dataValidation"]["condition"]["type"], "BOOLEAN");
    assert_eq!(described.cell("API_Keys", 5, 0)["dataValidation"], Value::Null);

    let writes = desk.google.writes();
    assert!(desk.init(&[]).starts_with("nothing to do"));
    assert_eq!(desk.google.writes(), writes);
    let sent: String = desk.google.requests().iter().map(|request| request.body.to_string()).collect();
    for private in ["secret1", "secret2", "MyApp", "Ann"] {
        assert!(!sent.contains(private) && !said.contains(private), "{private} was sent or said");
    }
}

#[tokio::test]
async fn what_a_person_changes_afterwards_is_kept_and_what_is_ours_and_gone_is_made_again() {
    let desk = Desk::new().await;
    desk.init(&[]);
    desk.google.set_cell("API_Keys", 0, 8, json!("my notes"));
    desk.google.insert_columns("API_Keys", 0, 1);
    desk.google.insert_rows("API_Keys", 0, 1);
    desk.google.set_cell("API_Keys", 0, 0, json!("Keys of the year"));
    desk.google.set_cell("Summary", 2, 0, json!("a note"));
    assert!(desk.init(&[]).contains("freeze the header"), "the header is a row further down");
    let said = desk.init(&[]);
    assert!(said.starts_with("nothing to do"), "{said}");
    assert_eq!(desk.google.cells("Summary")[2][0], "a note");

    desk.google.delete_tab("Summary");
    desk.google.delete_tab("Usage");
    let said = desk.init(&[]);
    assert!(said.contains("+ Usage: make the tab") && said.contains("+ Summary: a chart"), "{said}");
    assert!(!said.contains("API_Keys"), "{said}");
    assert_eq!(desk.google.cells("API_Keys")[0][0], "Keys of the year");
    assert_eq!(desk.google.cells("API_Keys")[1][9], "my notes");
}

#[tokio::test]
async fn a_tab_that_the_server_has_made_gets_what_it_lacks() {
    let desk = Desk::new().await;
    let names = "date client_name requests admitted rate_limited failed audio_seconds last_used_at instance";
    let names = names.split(' ').map(Value::from).collect();
    let row = json!(["2026-11-22", "MyApp", 3, 3, 0, 0, 0, "2026-11-22T10:00:00Z", "one"]);
    desk.google.set_tab("Usage", vec![names, row.as_array().expect("cells").clone()]);
    let said = desk.init(&[]);
    assert!(!said.contains("Usage: write the header") && !said.contains("Usage: make the tab"), "{said}");
    assert!(said.contains("+ Usage: warn whoever edits the tab"), "{said}");
    assert_eq!(json!(desk.google.cells("Usage")[1]), row);
}

#[tokio::test]
async fn whatever_prevents_it_is_said_with_what_to_do_and_nothing_is_half_done() {
    let desk = Desk::new().await;
    let email = desk.google.client_email().to_owned();
    desk.google.share_for_reading();
    let said = desk.fails();
    assert!(
        said.contains(&format!("share it with {email} as editor")) && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(desk.google.tabs(), ["Sheet1"]);
    desk.google.share(false);
    assert!(desk.fails().contains(&format!("share it with {email} as editor")));
    desk.google.share(true);

    desk.google.inject(Fault::ApiDisabled, Times::Once);
    assert!(desk.fails().contains("enable it at https://console"));
    desk.google.inject(Fault::OfficeFile, Times::Once);
    assert!(desk.fails().contains("save as google sheets"));

    desk.google.set_tab("API_Keys", vec![HEADER.map(|name| json!(name)).to_vec()]);
    desk.google.protect_tab("API_Keys");
    let said = desk.fails();
    assert!(
        said.contains(&format!("let {email} edit them")) && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(desk.google.tabs(), ["Sheet1", "API_Keys"], "neither were the other tabs made");
    desk.google.delete_tab("API_Keys");

    let secret = "sk-convergence-550e8400-e29b-41d4-a716-446655440000";
    desk.google.set_tab("API_Keys", vec![vec![json!(secret), json!("MyApp"), json!(true)]]);
    let said = desk.fails();
    assert!(said.contains("has no usable header") && said.contains("GOOGLE_SHEET_NAME"), "{said}");
    assert!(!said.contains("550e8400"), "{said}");
    assert_eq!(desk.google.writes(), 2, "only those that were refused");
    assert_eq!(desk.google.tabs(), ["Sheet1", "API_Keys"]);
}

#[tokio::test]
async fn a_change_that_was_made_although_google_answered_503_is_no_failure() {
    let desk = Desk::new().await;
    // The first request of a run is a read; which one the fault strikes is known by counting those of a dry run.
    desk.init(&["--dry-run"]);
    let reads = desk.google.requests().len();
    desk.google.inject(Fault::Slow(std::time::Duration::ZERO), Times::Next(reads));
    desk.google.inject(Fault::UnavailableAfterApplying, Times::Once);
    let said = desk.init(&[]);
    assert!(said.contains("done:"), "{said}");
    assert_eq!(desk.google.writes(), 1);
    assert_eq!(desk.google.tabs().len(), 4);
}

#[tokio::test]
async fn the_command_wants_a_spreadsheet() {
    let folder = TempDir::new().expect("a temporary folder");
    let said = |settings: &[(&str, &str)]| {
        let output = run(folder.path(), &["sheet", "init"], settings);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert!(said(&[]).contains("GOOGLE_SHEET_ID"));
    assert!(said(&[("KEYS_FILE", "keys.csv")]).contains("there is no spreadsheet"));
}
