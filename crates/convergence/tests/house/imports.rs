//! Which file may know what: the directions of `ARCHITECTURE.md`, by the text of the files.

use crate::repository::{code, mentions, read, rust_below};

const HTTP: &str = "crates/convergence/src/http/";
const SYNC: &str = "crates/convergence/src/sync/";
const AUDIO: &str = "crates/convergence/src/audio/";
const USAGE: &str = "crates/convergence/src/usage/";

/// The file and the words of `forbidden` that its code has.
fn found(files: &[crate::repository::File], forbidden: &[&str]) -> Vec<String> {
    let of_file = |file: &crate::repository::File| -> Vec<String> {
        let code = code(&file.text);
        let there = forbidden.iter().filter(|word| mentions(&code, word));
        there.map(|word| format!("{}: {word}", file.path)).collect()
    };
    files.iter().flat_map(of_file).collect()
}

#[test]
fn gate_is_pure() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "std::io",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "tokio",
        "tracing",
        "log::",
        "http::",
        "async fn",
        "async move",
        "println!",
        "eprintln!",
        "dbg!",
    ];
    assert_eq!(found(&rust_below("crates/gate/src/"), &forbidden), [""; 0]);
}

#[test]
fn speech_is_pure() {
    let forbidden = [
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "std::time",
        "SystemTime",
        "Instant",
        "tokio",
        "tracing",
        "http::",
        "async fn",
    ];
    let mut files = rust_below("crates/speech/src/");
    assert_eq!(found(&files, &forbidden), [""; 0]);
    // The model and the voices are read from a folder that is handed in.
    files.retain(|file| file.path != "crates/speech/src/kokoro/files.rs");
    assert_eq!(found(&files, &["std::fs"]), [""; 0]);
}

#[test]
fn few_files_of_http_know_the_gate_and_one_asks_it() {
    let (mut know, mut ask) = (Vec::new(), Vec::new());
    for file in rust_below(HTTP) {
        let (name, code) = (file.path.strip_prefix(HTTP).unwrap_or_default(), code(&file.text));
        if mentions(&code, "gate::") {
            know.push(name.to_owned());
        }
        if code.contains(".admit(") {
            ask.push(name.to_owned());
        }
    }
    // One says what a request asks, in the gate's words; one names fingerprints; two ask whether a word is a key, to keep it out of the log and out
    // of the counts.
    assert_eq!(
        know,
        [
            "admit.rs",
            "admit/limits.rs",
            "asked.rs",
            "count.rs",
            "endpoint.rs",
            "record.rs",
            "redact.rs",
            "refuse.rs",
            "routes/me.rs",
            "stamp.rs"
        ]
    );
    assert_eq!(ask, ["admit.rs", "admit/limits.rs"], "and the last step of the one");
}

#[test]
fn sync_and_audio_know_no_http() {
    let mut files = rust_below(SYNC);
    files.extend(rust_below(AUDIO));
    assert_eq!(found(&files, &["crate::http", "super::http", "http::", "hyper::"]), [""; 0]);
    let beyond =
        ["hyper", "tower_http", "reqwest", "gate::", "sheets::", "crate::app", "crate::keys", "crate::sync"];
    assert_eq!(found(&rust_below(AUDIO), &beyond), [""; 0]);
}

#[test]
fn dashboard_knows_no_http() {
    let beyond = ["crate::http", "http::", "hyper", "askama"];
    assert_eq!(found(&rust_below("crates/convergence/src/dashboard"), &beyond), [""; 0]);
}

#[test]
fn providers_know_no_clients() {
    let beyond = [
        "gate::",
        "sheets::",
        "crate::http",
        "crate::app",
        "crate::keys",
        "crate::sync",
        "crate::usage",
        "hyper",
    ];
    assert_eq!(found(&rust_below("crates/convergence/src/providers"), &beyond), [""; 0]);
    // Nobody else calls servers for audio; and one file sends alerts.
    let callers: Vec<String> = rust_below("crates/convergence/src/")
        .into_iter()
        .filter(|file| mentions(&code(&file.text), "reqwest") && !file.path.contains("/providers"))
        .map(|file| file.path)
        .collect();
    let of_alerts =
        ["alerts/hook.rs", "config/alerts.rs"].map(|file| format!("crates/convergence/src/{file}"));
    assert_eq!(callers, of_alerts);
}

#[test]
fn what_alerts_decide_depends_on_facts_memory_and_time_alone() {
    let pure = ["event.rs", "look.rs", "memory.rs", "message.rs"]
        .map(|name| format!("crates/convergence/src/alerts/{name}"));
    let mut files = rust_below("crates/convergence/src/alerts/");
    assert_eq!(found(&files, &["crate::http", "crate::app", "hyper"]), [""; 0]);
    files.retain(|file| pure.contains(&file.path));
    assert_eq!(files.len(), pure.len(), "they are where they were");
    let forbidden = [
        "std::fs",
        "std::io",
        "tokio",
        "tracing",
        "SystemTime",
        "Instant",
        "Clock",
        "Gate",
        "reqwest",
        "crate::fleet",
    ];
    assert_eq!(found(&files, &forbidden), [""; 0]);
}

#[test]
fn upstream_knows_no_keys_and_nothing_of_requests() {
    let beyond =
        ["gate::", "sheets::", "crate::http", "crate::app", "crate::keys", "crate::sync", "crate::routes"];
    assert_eq!(found(&rust_below("crates/convergence/src/upstream"), &beyond), [""; 0]);
}

#[test]
fn fleet_knows_no_http() {
    let beyond =
        ["http::", "crate::app", "crate::keys", "crate::sync", "crate::usage", "sheets::", "Gate", "hyper"];
    assert_eq!(found(&rust_below("crates/convergence/src/fleet"), &beyond), [""; 0]);
}

#[test]
fn wire_knows_neither_side() {
    let beyond = ["gate::", "crate::http", "crate::upstream", "crate::app", "tokio::net", "tokio::time"];
    assert_eq!(found(&rust_below("crates/convergence/src/wire"), &beyond), [""; 0]);
}

#[test]
fn usage_knows_no_clock_and_no_network() {
    let forbidden = [
        "crate::http",
        "crate::app",
        "crate::sync",
        "crate::clock",
        "hyper",
        "tokio",
        "Spreadsheet",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
    ];
    let mut files = rust_below(USAGE);
    // Its tests measure what counting costs.
    files.retain(|file| !file.path.contains("/usage/tests/"));
    assert_eq!(found(&files, &forbidden), [""; 0]);
}

#[test]
fn the_model_knows_no_clock_and_no_network() {
    let mut files = rust_below("crates/scale/src/");
    files.retain(|file| !file.path.starts_with("crates/scale/src/measure"));
    let forbidden = ["std::time", "std::net", "std::process", "SystemTime", "Instant"];
    assert_eq!(found(&files, &forbidden), [""; 0]);
    // These are not the same on every machine.
    assert_eq!(found(&files, &["ln(", "exp(", "powf(", "sqrt(", "RandomState"]), [""; 0]);
}

#[test]
fn the_accident_guard_is_pure() {
    let pure = ["guard.rs", "roll.rs", "difference.rs", "state.rs"].map(|name| format!("{SYNC}{name}"));
    let mut files = rust_below(SYNC);
    files.retain(|file| pure.contains(&file.path));
    assert_eq!(files.len(), pure.len(), "the guard's files are where they were");
    let forbidden = ["std::fs", "std::io", "tokio", "tracing", "SystemTime", "Instant", "Clock", "Gate"];
    assert_eq!(found(&files, &forbidden), [""; 0]);
}

#[test]
fn gate_and_sheets_never_see_each_other_or_the_server() {
    assert_eq!(found(&rust_below("crates/gate/src/"), &["sheets::", "convergence::", "testkit::"]), [""; 0]);
    assert_eq!(found(&rust_below("crates/sheets/src/"), &["gate::", "convergence::", "testkit::"]), [""; 0]);
}

#[test]
fn the_program_itself_is_short() {
    let lines = read("crates/convergence/src/main.rs").lines().count();
    assert!(lines <= 60, "crates/convergence/src/main.rs has {lines} lines");
}

#[test]
fn the_checks_of_this_file_are_alive() {
    let text = "//! No std::fs here.\nuse std::net::IpAddr;\nlet x = my_tokio::y; // tokio\n\n#[cfg(test)]\nuse std::env;\n";
    let file = crate::repository::File { path: "made.rs".to_owned(), text: text.to_owned() };
    let words = ["std::fs", "std::net", "tokio", "std::env"];
    assert_eq!(found(&[file], &words), ["made.rs: std::net"]);
}
