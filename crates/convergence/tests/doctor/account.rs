//! The account's file, the clocks, the way to Google.

use std::time::Duration;

use testkit::{Fault, Google, Times};

use crate::support::Setup;

#[tokio::test]
async fn a_whole_set_up_passes_every_check() {
    let setup = Setup::new().await;
    let usage = ["date", "client_name", "requests", "admitted", "rate_limited", "failed", "audio_seconds"];
    let usage = usage.into_iter().chain(["last_used_at", "instance"]).map(Into::into).collect();
    setup.google.set_tab("Usage", vec![usage]);
    let before = (setup.google.cells("API_Keys"), setup.google.cells("Usage"), setup.google.tabs());
    let findings = setup.doctor();
    // The one thing to say: its key stands there in plain text.
    assert_eq!(findings.with("note"), ["rows"], "{:#?}", findings.lines);
    assert_eq!((findings.code, findings.with("FAIL").len(), findings.with("skipped").len()), (Some(0), 0, 0));
    let checks: Vec<&str> = findings.with("ok");
    assert_eq!(
        checks,
        [
            "settings",
            "credentials",
            "network",
            "clock",
            "token",
            "api",
            "scopes",
            "spreadsheet",
            "tab",
            "time zone",
            "columns",
            "rows",
            "write access",
            "usage tab",
            "quota",
            "revocation",
            "data folder",
            "port"
        ]
    );
    assert!(findings.one("credentials").contains(setup.google.client_email()));
    let after = (setup.google.cells("API_Keys"), setup.google.cells("Usage"), setup.google.tabs());
    assert!(before == after, "nothing was changed");
    assert_eq!(setup.google.writes(), 1, "and a write was tried");
}

#[tokio::test]
async fn each_fault_of_the_file_is_said() {
    let setup = Setup::new().await;
    let good = setup.google.credentials_json();
    setup.write_credentials(&good, 0o644);
    let findings = setup.doctor();
    assert!(findings.of("credentials")[1].contains("chmod 600 account.json"), "{:#?}", findings.lines);
    assert_eq!(findings.code, Some(0));

    for (json, words) in [
        ("{", "is not json"),
        (r#"{"type": "authorized_user"}"#, "not a service account's"),
        (r#"{"type": "service_account", "client_email": "a@b.c"}"#, "has no private_key"),
    ] {
        setup.write_credentials(json, 0o600);
        let line = setup.doctor().one("credentials");
        assert!(line.starts_with("FAIL") && line.contains(words), "{line}");
    }
    std::fs::remove_file(setup.folder.path().join("account.json")).expect("it is there");
    let findings = setup.doctor();
    let line = findings.one("credentials");
    assert!(
        line.contains("no file at GOOGLE_CREDENTIALS_PATH") && line.contains("WITHOUT AUTHENTICATION"),
        "{line}"
    );
    assert_eq!(findings.one("token"), "skipped: not checked, since credentials failed");
    let line = setup.doctor_with(&[("AUTH_FALLBACK", "closed")]).one("credentials");
    assert!(line.contains("would refuse to start"), "{line}");
}

#[tokio::test]
async fn clocks_apart_are_said_with_both_times() {
    let setup = Setup::new().await;
    for (ahead, result) in [(0, "ok"), (120, "note"), (7_200, "FAIL")] {
        setup.google.inject(Fault::TokenDate(Duration::from_secs(ahead)), Times::Once);
        let findings = setup.doctor();
        let line = findings.one("clock");
        assert!(line.starts_with(result) && line.contains("at google 20"), "{line}");
        // The token was given all the same.
        assert!(findings.one("token").starts_with("ok"), "{line}");
    }
    setup.google.inject(Fault::TokenClockSkew, Times::Once);
    let findings = setup.doctor();
    assert_eq!(findings.with("FAIL"), ["clock", "token"]);
    assert!(findings.one("token").contains("behind google's; set the clock (ntp)"));
    let line = findings.one("clock");
    assert!(line.contains(" s apart, and google refuses tokens"), "{line}");
}

#[tokio::test]
async fn each_step_towards_google_is_told_apart() {
    let setup = Setup::new().await;
    let closed = Google::start().await.url();
    let plain = setup.google.url().replace("http://", "https://");
    for (endpoint, words) in [
        (closed.as_str(), "the connection was refused"),
        (&plain, "tls failed"),
        ("https://sheets.invalid", "its name cannot be resolved"),
    ] {
        let findings = setup.doctor_with(&[("GOOGLE_SHEETS_ENDPOINT", endpoint)]);
        let line = findings.one("network");
        assert!(line.starts_with("FAIL") && line.contains(words), "{line}");
        assert_eq!(findings.one("api"), "skipped: not checked, since network failed");
    }
}
