//! `convergence demo`: the whole thing with no Google account.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use uuid::Uuid;

use super::serve;
use crate::config::Settings;

/// Makes a key file unless it is there from an earlier run, serves with it, and prints requests to paste.
pub(super) fn run(mut settings: Settings) -> anyhow::Result<()> {
    let folder = PathBuf::from(settings.value("DATA_DIR").unwrap_or("./data"));
    let path = folder.join("demo-keys.csv");
    let key = match fs::read_to_string(&path) {
        Ok(text) => first_key(&text)
            .with_context(|| format!("{} has no key in its second line; delete it", path.display()))?,
        Err(_) => make(&path).with_context(|| format!("{} cannot be written", path.display()))?,
    };
    settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", path.to_string_lossy());
    for google in ["GOOGLE_CREDENTIALS_PATH", "GOOGLE_SHEET_ID"] {
        settings.set(google, "");
    }
    // A demo beside a server must not fail for the port that nobody sees.
    if settings.value("ADMIN_PORT").is_none() {
        settings.set("ADMIN_PORT", "0");
    }
    serve::serve(&settings, |address| introduce(&url(address), &key, &path))
}

/// Writes a file with one key that works and one that has expired, to try both.
fn make(path: &Path) -> std::io::Result<String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let key = || format!("sk-convergence-{}", Uuid::new_v4());
    let (works, expired) = (key(), key());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(
        file,
        "api_key,client_name,created_at,expires_at,is_active,rate_limit\n\
         {works},Demo Client,2026-01-01 00:00:00,,TRUE,60\n\
         {expired},Expired Client,2025-01-01 00:00:00,2025-12-31 23:59:59,TRUE,60\n"
    )?;
    Ok(works)
}

/// Where this machine reaches the server: "any address" is none to send a request to.
fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

fn first_key(csv: &str) -> Option<String> {
    let key = csv.lines().nth(1)?.split(',').next()?.trim();
    (!key.is_empty()).then(|| key.to_owned())
}

#[expect(clippy::print_stdout, reason = "what the demo is for: a request to paste")]
fn introduce(url: &str, key: &str, path: &Path) {
    println!(
        r#"
Convergence is up, guarded by the keys in {path}: change a row, save, try again.

A prompt becomes a spoken conversation:

  curl -X POST {url}/convergence/generate-audio \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer {key}" \
    -d '{{
      "prompt": "Two developers discussing API security",
      "duration": 10
    }}'

The same as a file to listen to:

  curl -X POST {url}/convergence/generate-audio \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer {key}" \
    -H "Accept: audio/wav" -o conversation.wav \
    -d '{{"prompt": "Two developers discussing API security"}}'

Without a key, and how authentication is doing:

  curl -i {url}/auth/verify
  curl {url}/auth/status
"#,
        path = path.display()
    );
}
