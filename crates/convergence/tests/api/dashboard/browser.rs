//! The same in Chromium, driven by Playwright: one browser for all of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::{CLIENTS, a_day, google};
use crate::support::sheet::server_of;
use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// How long all of it may take before the test is called broken.
const DEADLINE: Duration = Duration::from_mins(4);

/// What drives the browser, installed on first use.
fn tools(folder: &Path) -> PathBuf {
    let made = Command::new("sh").arg(folder.join("setup.sh")).output().expect("sh runs");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(
        made.status.success(),
        "Playwright cannot be installed, ./test.sh installs what it needs: {said}"
    );
    String::from_utf8(made.stdout).expect("a path").trim().into()
}

/// With `UPDATE_IMAGES=1` the pictures in `docs/images` are made anew; otherwise the page has to look like them.
#[tokio::test]
async fn the_page_works_and_looks_as_it_should_in_a_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let google = google().await;
    let server = server_of(&google, &[("INSTANCE", "api-1")]);
    server.until_read().await;
    a_day(&server).await;
    server.refresh().await;
    server.clock.advance(Duration::from_secs(12));
    let guarded = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("ADMIN_TOKEN", "let-me-in")]).await;
    guarded.traffic(KEY, 3).await;
    let shots = server.path("shots");
    std::fs::create_dir(&shots).expect("a folder");
    let world = json!({
        "tools": tools(&folder),
        "chromium": std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned()),
        "images": folder.join("../../../../docs/images"),
        "shots": std::env::var("SHOTS_DIR").map_or(shots, PathBuf::from),
        "update": std::env::var_os("UPDATE_IMAGES").is_some(),
        "admin": server.admin_url,
        "api": server.url,
        "guarded": guarded.admin_url,
        "token": "let-me-in",
        "key": CLIENTS[0].0,
        "sheet": google.sheet_id(),
        // What testkit calls the first tab that is made.
        "tab": 408_771_413,
        "clients": CLIENTS.len(),
    });
    let script = std::env::var("BROWSER_SCRIPT").map_or(folder.join("dashboard.mjs"), PathBuf::from);
    let mut child = tokio::process::Command::new("node")
        .arg(script)
        .arg(world.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let conversation = async {
        while let Some(line) = output.next_line().await.expect("UTF-8") {
            match &*line {
                "advance" => {
                    server.clock.advance(Duration::from_secs(3));
                    input.write_all(b"done\n").await.expect("it listens");
                }
                "done" => return,
                other => println!("{other}"),
            }
        }
        panic!("what the browser said is above");
    };
    tokio::time::timeout(DEADLINE, conversation).await.expect("the browser hangs");
    assert!(child.wait().await.expect("an end").success());
}
