//! The service account that the emulated Google knows, and the key pair that proves it.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// Mail address of the account: a spreadsheet is shared with it like with a person.
pub(super) const CLIENT_EMAIL: &str = "convergence@testkit-123456.iam.gserviceaccount.com";

/// Id of the key, as Google prints it: 40 hex digits.
const PRIVATE_KEY_ID: &str = "5e2b628a3c1f4d0e9b7a8c6d5e4f3a2b1c0d9e8f";

/// One key for the whole process: making an RSA key costs some hundred milliseconds, and no test needs two.
fn key_pair() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).expect("the system gives random numbers"))
}

/// The credentials file as the Google Cloud console hands it out, with `token_uri` at this server.
pub(super) fn credentials_json(base: &str) -> String {
    let credentials = json!({
        "type": "service_account",
        "project_id": "testkit-123456",
        "private_key_id": PRIVATE_KEY_ID,
        "private_key": private_key_pem(),
        "client_email": CLIENT_EMAIL,
        "client_id": "123456789012345678901",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": format!("{base}/token"),
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{CLIENT_EMAIL}"),
        "universe_domain": "googleapis.com",
    });
    format!("{credentials:#}")
}

/// Whether `signature` is the account's RS256 signature of `message`.
pub(super) fn signed_by_account(message: &[u8], signature: &[u8]) -> bool {
    let public_key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key_pair().public_key());
    public_key.verify(message, signature).is_ok()
}

/// The private key as PKCS#8 in PEM with lines of 64, which is the form in Google's files.
fn private_key_pem() -> String {
    let der: Pkcs8V1Der<'_> = key_pair().as_der().expect("a key that was just made can be written");
    let text = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
