//! The TLS files.

use std::path::Path;

use tempfile::TempDir;
use testkit::{Authority, Pair, VALID};

use crate::support::{Findings, doctor};

fn with(pair: &Pair, prepare: impl FnOnce(&Path)) -> Findings {
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";
    for (name, contents) in [("keys.csv", keys), ("tls.crt", &pair.certificate), ("tls.key", &pair.key)] {
        std::fs::write(folder.path().join(name), contents).expect("a file");
    }
    prepare(folder.path());
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("KEYS_FILE", "keys.csv"),
        ("API_PORT", "0"),
        ("ADMIN_PORT", "0"),
        ("TLS_CERT_PATH", "tls.crt"),
        ("TLS_KEY_PATH", "tls.key"),
    ];
    doctor(folder.path(), &settings)
}

/// Nobody else may read the key.
fn shut(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let key = folder.join("tls.key");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[test]
fn a_sound_certificate_is_named_with_its_end() {
    let authority = Authority::new("a");
    let findings = with(&authority.server(&["gateway.example", "10.0.0.1"], VALID), shut);
    let line = findings.one("certificate");
    assert!(
        line.starts_with("ok: it is for gateway.example, 10.0.0.1, until 2099-01-01T00:00:00Z: "),
        "{line}"
    );
    assert_eq!(findings.code, Some(0));
}

#[test]
fn what_clients_would_refuse_fails() {
    let authority = Authority::new("a");
    let expired = with(&authority.server(&["x.example"], (2020, 2021)), shut).one("certificate");
    assert!(expired.starts_with("FAIL: it has expired: it is for x.example, until 2021-01-01"), "{expired}");
    let early = with(&authority.server(&["x.example"], (2098, 2099)), shut).one("certificate");
    assert!(early.starts_with("FAIL: it is not valid yet"), "{early}");
    let other = authority.server(&["x.example"], VALID).key;
    let unfit = with(&Pair { key: other, ..authority.server(&["x.example"], VALID) }, shut);
    assert!(unfit.one("certificate").contains("is not the key of the first certificate"));
    assert_eq!(unfit.code, Some(1));
}

#[test]
fn what_deserves_a_look_is_noted() {
    let authority = Authority::new("a");
    let findings = with(&authority.server(&[], VALID), |_| ()).of("certificate");
    assert!(findings.iter().any(|line| line.starts_with("note: it names no host")), "{findings:?}");
    assert!(
        findings.iter().any(|line| line.starts_with("note: everybody on this machine may read")),
        "{findings:?}"
    );
}

#[test]
fn one_that_is_to_be_fetched_is_not_missed() {
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("KEYS_FILE", "keys.csv"),
        ("API_PORT", "0"),
        ("ADMIN_PORT", "0"),
        ("ACME_DOMAINS", "api.example.com"),
    ];
    let line = doctor(folder.path(), &settings).one("certificate");
    assert!(line.starts_with("note: none has been fetched yet"), "{line}");
}

#[test]
fn without_tls_there_is_nothing_to_say() {
    let folder = TempDir::new().expect("a temporary folder");
    assert!(doctor(folder.path(), &[("ADMIN_PORT", "0")]).of("certificate").is_empty());
    let settings = [("AUTH_ENABLED", "perhaps"), ("ADMIN_PORT", "0")];
    assert!(doctor(folder.path(), &settings).of("certificate").is_empty());
}
