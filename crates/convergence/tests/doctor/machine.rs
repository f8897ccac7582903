//! This machine: the folder and the port.

use std::net::TcpListener;
use std::process::Child;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Setup, doctor, program};

const KEYS: &str = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("keys.csv"), KEYS).expect("a keys file");
    folder
}

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn settings(port: &str) -> [(&str, &str); 4] {
    [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", port), ("ADMIN_PORT", "0")]
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port().to_string()
}

/// What an engine of containers finds out: the exit code, and what stands beside it in its log.
fn health(folder: &std::path::Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = program(folder, &["health"]).envs(settings.iter().copied()).output().expect("it runs");
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_server_of_ours_is_asked_how_it_is() {
    let folder = folder();
    let port = free_port();
    assert!(doctor(folder.path(), &settings(&port)).one("port").ends_with("is free"));
    let serving = program(folder.path(), &["serve"]).envs(settings(&port)).spawn().expect("it starts");
    let _stopped = Stopped(serving);
    let start = Instant::now();
    let line = loop {
        let line = doctor(folder.path(), &settings(&port)).one("port");
        if line.contains("mode enabled") {
            break line;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{line}");
    };
    assert!(line.starts_with("ok") && line.contains("its keys are"), "{line}");
    assert_eq!(health(folder.path(), &settings(&port)), (Some(0), String::new()));

    std::fs::write(folder.path().join("keys.csv"), "nothing\n").expect("a keys file");
    let line = loop {
        let line = doctor(folder.path(), &settings(&port)).one("port");
        if line.starts_with("note") {
            break line;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{line}");
    };
    assert!(line.contains("it says: the keys table has no usable header"), "{line}");
}

#[test]
fn a_server_with_tls_is_known_by_its_admin_listener() {
    let (folder, port, admin) = (folder(), free_port(), free_port());
    let pair = testkit::Authority::new("a").server(&["x.example"], testkit::VALID);
    std::fs::write(folder.path().join("tls.crt"), pair.certificate).expect("a file");
    std::fs::write(folder.path().join("tls.key"), pair.key).expect("a file");
    let tls = [("TLS_CERT_PATH", "tls.crt"), ("TLS_KEY_PATH", "tls.key"), ("ADMIN_PORT", &*admin)];
    let settings = [&settings(&port)[..3], &tls].concat();
    let taken = TcpListener::bind(("127.0.0.1", port.parse::<u16>().expect("a port"))).expect("it is free");
    assert!(doctor(folder.path(), &settings).one("port").contains("is taken, and no server of ours"));
    let nobody = format!("convergence: no server answers on 127.0.0.1:{admin}\n");
    assert_eq!(health(folder.path(), &settings), (Some(1), nobody));
    drop(taken);
    let serving = program(folder.path(), &["serve"]).envs(settings.clone()).spawn().expect("it starts");
    let _stopped = Stopped(serving);
    let start = Instant::now();
    loop {
        let line = doctor(folder.path(), &settings).one("port");
        if line.starts_with("ok: a server runs on ") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{line}");
    }
    assert_eq!(health(folder.path(), &settings), (Some(0), String::new()));
}

#[tokio::test]
async fn a_server_of_ours_is_asked_how_long_changes_took() {
    let setup = Setup::new().await;
    let (port, admin) = (free_port(), free_port());
    let ports = [
        ("API_PORT", &*port),
        ("ADMIN_PORT", &admin),
        ("ADMIN_TOKEN", "s3cret"),
        ("API_KEY_CACHE_DURATION", "1"),
    ];
    let mut serve = program(setup.folder.path(), &["serve"]);
    let serving = serve.envs(setup.settings()).envs(ports).spawn().expect("it starts");
    let _stopped = Stopped(serving);
    let start = Instant::now();
    let until = |check: &str, wanted: &str| loop {
        let lines = setup.doctor_with(&ports).of(check);
        if lines.iter().any(|line| line.contains(wanted)) {
            return lines;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{lines:?}");
    };
    until("port", "mode enabled");
    assert_eq!(setup.doctor_with(&ports).of("revocation").len(), 1, "nothing has changed yet");

    setup.google.set_cell("API_Keys", 1, 4, false.into());
    let lines = until("revocation", "measured since the server started");
    assert!(lines[1].starts_with("ok") && lines[1].contains("1 via poll, "), "{lines:?}");
}

#[test]
fn another_program_on_the_port_is_told_from_ours() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let hanging_up = std::thread::spawn(move || drop(taken.accept()));
    let line = doctor(folder().path(), &settings(&port)).one("port");
    assert!(line.starts_with("FAIL") && line.contains("taken by another program"), "{line}");
    hanging_up.join().expect("no panic");
}

#[test]
fn a_folder_that_cannot_be_written_is_said() {
    let folder = folder();
    let findings = doctor(folder.path(), &[&settings("0")[..], &[("DATA_DIR", "/proc/none")]].concat());
    let line = findings.one("data folder");
    assert!(line.starts_with("FAIL") && line.contains("choose another DATA_DIR"), "{line}");
    let line = doctor(folder.path(), &settings("0")).one("data folder");
    assert!(line.contains("does not exist yet"), "{line}");
    assert!(!folder.path().join("data").exists(), "nothing was made");
}
