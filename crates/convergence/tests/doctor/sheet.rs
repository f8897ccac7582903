//! What is in the spreadsheet, and what may be done to it.

use serde_json::{Value, json};

use crate::support::{KEY, Setup, header, row};

fn texts(cells: &[&str]) -> Vec<Value> {
    cells.iter().map(|cell| Value::from(*cell)).collect()
}

#[tokio::test]
async fn what_is_not_reached_says_what_to_do() {
    let setup = Setup::new().await;
    setup.google.share(false);
    let line = setup.doctor().one("spreadsheet");
    assert!(line.contains(&format!("share it with {} as editor", setup.google.client_email())), "{line}");
    setup.google.share(true);
    let line = setup.doctor_with(&[("GOOGLE_SHEET_ID", "1ThisIsAnotherOne")]).one("spreadsheet");
    assert!(line.contains("no spreadsheet has this id"), "{line}");
    let line = setup.doctor_with(&[("GOOGLE_SHEET_ID", "https://docs.google.com/x")]).one("spreadsheet");
    assert!(line.contains("between /d/ and /edit"), "{line}");
    setup.google.set_time_zone("Middle/Earth");
    let line = setup.doctor().one("time zone");
    assert!(line.starts_with("FAIL") && line.contains("File > Settings"), "{line}");
}

#[tokio::test]
async fn a_missing_tab_lists_the_ones_there_are_and_the_nearest() {
    let setup = Setup::new().await;
    setup.google.rename_tab("API_Keys", "api keys");
    let findings = setup.doctor();
    let line = findings.one("tab");
    assert!(line.starts_with("FAIL") && line.contains("its tabs are: \"Sheet1\", \"api keys\""), "{line}");
    assert!(line.ends_with("perhaps GOOGLE_SHEET_NAME=\"api keys\" is meant"), "{line}");
    assert_eq!(findings.with("FAIL"), ["tab"]);
}

#[tokio::test]
async fn p02_a_missing_column_shows_the_header_that_was_found() {
    let setup = Setup::new().await;
    let rows =
        vec![texts(&["Our keys"]), texts(&["", "API Key", "Customer", "is_active"]), texts(&["", KEY, "A"])];
    setup.google.set_tab("API_Keys", rows);
    let findings = setup.doctor();
    let line = findings.one("columns");
    assert!(
        line.contains("the header lacks client_name; row 2 holds B2 \"API Key\", C2 \"Customer\""),
        "{line}"
    );
    // Whether it may be written does not depend on that.
    assert!(findings.one("write access").starts_with("ok"));

    let setup = Setup::with_rows(vec![]).await;
    setup.google.set_tab("API_Keys", vec![texts(&["api_key", "client_name", "is_active", "client name"])]);
    let findings = setup.doctor();
    let lines = findings.of("columns");
    assert!(lines[0].contains("header in row 1: api_key A, client_name B, is_active C"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("note: no column expires_at")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("D1 (client_name): a second column")), "{lines:#?}");
    assert!(findings.one("rows").contains("no keys yet"));
    assert_eq!(findings.code, Some(0));

    setup.google.set_tab("API_Keys", vec![]);
    let line = setup.doctor().one("columns");
    assert!(line.starts_with("FAIL: the table is empty; type api_key"), "{line}");
}

#[tokio::test]
async fn p04_bad_rows_are_named_by_cell_with_what_to_do() {
    let mut torn = row("sk-convergence-second", "Acme", json!("lots"));
    torn[3] = json!("tomorrow");
    let number = row("", "Acme", json!(1));
    let hashed = row(&format!("sha256:{}", "ab".repeat(32)), "Acme", json!(""));
    let rows = vec![row(KEY, "MyApp", json!(60)), torn, number, row(KEY, "Other", json!(5)), hashed];
    let setup = Setup::with_rows(rows).await;
    setup.google.set_cell("API_Keys", 3, 0, json!(12345));
    let findings = setup.doctor();
    let lines = findings.of("rows");
    let has = |words: &str| assert!(lines.iter().any(|line| line.contains(words)), "{words} in {lines:#?}");
    has("note: 3 keys of 2 clients, 2 of them valid now");
    has("FAIL: F3 (rate_limit): \"lots\" is not a whole number");
    has("type a number such as 60");
    has("FAIL: D3 (expires_at): \"tomorrow\" is not a date and time");
    has("FAIL: A4 (api_key): holds a number or a checkbox; format the column as plain text");
    has("note: A5 (api_key): the same key as in row 2");
    has("note: 3 keys in plain text");
    assert_eq!(findings.code, Some(1));
}

#[tokio::test]
async fn more_problems_than_fit_are_counted() {
    let rows = (0..70).map(|at| row(&format!("sk-{at}"), "Acme", json!("lots"))).collect();
    let setup = Setup::with_rows(rows).await;
    let lines = setup.doctor().of("rows");
    assert!(lines.contains(&"note: and 20 more problems".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn p06_a_viewer_and_a_protected_tab_fail_for_writing_only() {
    let setup = Setup::new().await;
    setup.google.share_for_reading();
    let findings = setup.doctor();
    let line = findings.one("write access");
    assert!(line.contains("may not write") && line.contains("no usage is written back"), "{line}");
    assert_eq!(findings.with("FAIL"), ["write access"]);

    let setup = Setup::new().await;
    setup.google.set_tab("Usage", vec![]);
    setup.google.protect_tab("Usage");
    let findings = setup.doctor();
    let lines = findings.of("write access");
    assert!(lines.iter().any(|line| line.contains("'Usage' is protected")), "{lines:#?}");
    assert_eq!(findings.with("skipped"), [""; 0]);

    // Nobody writes to the keys but the keys commands.
    let setup = Setup::new().await;
    setup.google.set_tab("Usage", vec![]);
    setup.google.protect_tab("API_Keys");
    let findings = setup.doctor();
    let lines = findings.of("write access");
    assert_eq!(lines[0], "ok: the account may write to the spreadsheet");
    assert!(lines[1].starts_with("note: 'API_Keys' is protected"), "{lines:#?}");
    assert_eq!(findings.code, Some(0));
}

#[tokio::test]
async fn p23_the_usage_tab_is_made_by_nobody_else_and_not_overwritten() {
    let setup = Setup::new().await;
    let line = setup.doctor().one("usage tab");
    assert!(line.starts_with("note") && line.contains("convergence sheet init makes it"), "{line}");
    setup.google.set_tab("Usage", vec![texts(&["Shopping list"])]);
    let line = setup.doctor().one("usage tab");
    assert!(line.starts_with("FAIL") && line.contains("GOOGLE_USAGE_SHEET_NAME"), "{line}");
    let line = setup.doctor_with(&[("GOOGLE_USAGE_SHEET_NAME", "Counts")]).one("usage tab");
    assert!(line.contains("no tab \"Counts\""), "{line}");
}

#[tokio::test]
async fn the_quota_is_reckoned_from_the_settings() {
    let setup = Setup::new().await;
    let line = setup.doctor().one("quota");
    // A read in 300 s and one for a flush each minute; ten seconds between early reads.
    assert!(
        line.starts_with("ok: 1.2 reads and 1.0 writes a minute of google's 60: room for 50 servers"),
        "{line}"
    );
    assert!(line.contains("for 8 while unknown keys keep coming"), "{line}");
    let findings = setup.doctor_with(&[("API_KEY_CACHE_DURATION", "1")]);
    let line = findings.one("quota");
    assert!(line.starts_with("FAIL") && line.contains("raise API_KEY_CACHE_DURATION"), "{line}");
    assert!(findings.one("revocation").contains("within 1 s"));
}

/// Three ranges, and the row at each boundary read twice but counted once.
#[tokio::test]
async fn p19_a_large_tab_is_read_by_ranges() {
    let rows = 45_000;
    let setup =
        Setup::with_rows((0..rows).map(|at| row(&format!("sk-{at}"), "Acme", json!(1))).collect()).await;
    assert_eq!(setup.google.cells("API_Keys")[0], header());
    let lines = setup.doctor().of("rows");
    assert!(lines[0].contains("45000 keys of 1 client"), "{lines:#?}");
    assert_eq!(setup.google.reads(), 3);
}
