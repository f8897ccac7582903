//! Files and settings that are wrong: the server does not start, and says what to do.

use convergence::config::{Config, Settings};
use convergence::server::Server;
use tempfile::TempDir;

use super::*;
use crate::support::TestClock;

/// What the server says instead of starting.
fn refusal(folder: &Path, settings: &[(&str, &str)]) -> String {
    let mut all = Settings::default();
    let path = folder.to_str().expect("UTF-8");
    all.set("API_PORT", "0").set("ADMIN_PORT", "0").set("DATA_DIR", format!("{path}/data"));
    for (name, value) in settings {
        all.set(name, value.replace("{folder}", path));
    }
    let config = match Config::read(&all) {
        Ok(config) => config,
        Err(faults) => return faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    match Server::start(config, TestClock::start()) {
        Ok(server) => {
            server.stop();
            panic!("it started");
        }
        Err(error) => format!("{error:#}"),
    }
}

/// The same with the two files as given.
fn refused(certificate: &str, key: &str) -> String {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("tls.crt"), certificate).expect("a file");
    std::fs::write(folder.path().join("tls.key"), key).expect("a file");
    refusal(folder.path(), &FILES)
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new("a");
    let (one, other) = (authority.server(&[NAME], VALID), authority.server(&[NAME], VALID));
    let damaged = one.certificate.replacen("MII", "***", 1);
    let der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let unusable = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let chain = [authority.pem(), one.certificate.clone()].concat();
    let refusals = [
        refused(&one.certificate, &other.key),
        refused(&chain, &one.key),
        refused("", &one.key),
        refused(&damaged, &one.key),
        refused(der, &one.key),
        refused(&one.certificate, ""),
        refused(&one.certificate, encrypted),
        refused(&one.certificate, unusable),
        refused(&one.key, &one.certificate),
        refusal(Path::new("/nowhere"), &FILES),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    TLS_KEY_PATH: is not the key of the first certificate in TLS_CERT_PATH; the server's own certificate comes first
    TLS_KEY_PATH: is not the key of the first certificate in TLS_CERT_PATH; the server's own certificate comes first
    TLS_CERT_PATH: holds no certificate: the file must be PEM, with -----BEGIN CERTIFICATE-----
    TLS_CERT_PATH: is not PEM throughout: a block in it is damaged
    TLS_CERT_PATH: holds a certificate that cannot be read
    TLS_KEY_PATH: holds no private key in PEM; one with a passphrase is written without it by openssl pkey
    TLS_KEY_PATH: holds no private key in PEM; one with a passphrase is written without it by openssl pkey
    TLS_KEY_PATH: holds a key that cannot be used: it must be RSA (2048 bits or more), ECDSA or Ed25519
    TLS_CERT_PATH: holds no certificate: the file must be PEM, with -----BEGIN CERTIFICATE-----
    TLS_CERT_PATH: /nowhere/tls.crt cannot be read: No such file or directory (os error 2)
    ");
}

#[test]
fn settings_that_belong_together_are_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let refusals = [
        refusal(folder.path(), &FILES[..1]),
        refusal(folder.path(), &FILES[1..]),
        refusal(folder.path(), &[("TLS_CLIENT_AUTH", "required"), ("TLS_REDIRECT_PORT", "80")]),
        refusal(folder.path(), &[FILES[0], FILES[1], ("TLS_CLIENT_AUTH", "perhaps")]),
        refusal(folder.path(), &[FILES[0], FILES[1], ("ACME_DOMAINS", "a.example")]),
        refusal(folder.path(), &[("ACME_CONTACT", "a@b.example"), ("ACME_CA_PATH", "ca.pem")]),
        refusal(
            folder.path(),
            &[
                ("ACME_DOMAINS", "*.example.com"),
                ("ACME_CONTACT", "nobody"),
                ("ACME_DIRECTORY_URL", "http://acme.example/dir"),
            ],
        ),
    ];
    insta::assert_snapshot!(refusals.join("\n--\n"), @r"
    TLS_KEY_PATH: must be set where TLS_CERT_PATH is
    --
    TLS_CERT_PATH: must be set where TLS_KEY_PATH is
    --
    TLS_CLIENT_AUTH: needs TLS: set TLS_CERT_PATH and TLS_KEY_PATH, or ACME_DOMAINS, as well
    TLS_REDIRECT_PORT: needs TLS: set TLS_CERT_PATH and TLS_KEY_PATH, or ACME_DOMAINS, as well
    TLS_CLIENT_CA_PATH: must be set where TLS_CLIENT_AUTH is
    --
    TLS_CLIENT_AUTH: must be optional or required
    TLS_CLIENT_CA_PATH: must be set where TLS_CLIENT_AUTH is
    --
    ACME_DOMAINS: cannot be set where TLS_CERT_PATH is: give a certificate, or let it be fetched
    --
    ACME_CONTACT: needs ACME_DOMAINS
    ACME_CA_PATH: needs ACME_DOMAINS
    --
    ACME_DOMAINS: must be host names with commas between, such as api.example.com,www.example.com
    ACME_CONTACT: must be an e-mail address
    ACME_DIRECTORY_URL: must be an https address
    ");
}
