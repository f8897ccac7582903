//! `convergence demo`: what it serves, and what it tells.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;

use crate::terminal::terminal;
use crate::{Serving, get, program};

const ANY_PORT: (&str, &str) = ("API_PORT", "0");
const KEYS: &str = "data/demo-keys.csv";

/// A line of the demo's keys.
fn row(folder: &Path, client: &str) -> Vec<String> {
    let file = fs::read_to_string(folder.join(KEYS)).expect("the demo's keys");
    let row = file.lines().find(|line| line.contains(client)).unwrap_or_else(|| panic!("{client}: {file}"));
    row.split(',').map(str::to_owned).collect()
}

#[tokio::test]
async fn the_demo_prints_a_request_that_works() {
    let folder = TempDir::new().expect("a temporary folder");
    let settings = [ANY_PORT, ("GOOGLE_SHEET_ID", "ignored")];
    let mut serving = Serving::start(folder.path(), &["demo", "--no-traffic"], &settings);
    serving.line_with("keys are up to date");
    let key = row(folder.path(), "Demo Client").remove(0);
    assert_eq!(get(&format!("{}/auth/verify", serving.url), &key).await, 200);
    let url = serving.url.clone();
    let mut stdout = serving.child.stdout.take().expect("a pipe");
    let admin = serving.line_with("admin at ");
    serving.terminate();
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).expect("UTF-8");
    assert!(printed.contains(&format!("curl -X POST {url}/convergence/generate-audio")), "{printed}");
    assert!(printed.contains(&format!("Authorization: Bearer {key}")), "{printed}");
    let admin = admin.rsplit("admin at ").next().expect("an address");
    assert!(printed.contains(&format!("{admin}/\n")), "{admin} is not in {printed}");
    assert!(!printed.contains("traffic") && printed.lines().count() < 25, "{printed}");

    // Whoever has the port of the dashboard keeps it.
    let taken = TcpListener::bind("127.0.0.1:8001");
    let settings = [ANY_PORT, ("ADMIN_PORT", "")];
    let mut again = Serving::start(folder.path(), &["demo", "--no-traffic"], &settings);
    assert!(!again.line_with("admin at http://127.0.0.1:").contains(":8001"));
    drop(taken);
    again.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", again.url), &key).await, 200, "the same key after a restart");
    again.terminate();
}

#[test]
fn a_minute_of_the_demo_shows_each_fate_of_a_key() {
    let folder = TempDir::new().expect("a temporary folder");
    let (theirs, mut screen) = terminal();
    let mut command = program(folder.path(), &["demo", "--length", "3"]);
    command.envs([ANY_PORT, ("LOG_LEVEL", "info")]).stdout(theirs);
    let serving = Serving::of(command);
    let shown = screen.until("The demo's own traffic has ended").to_owned();
    let told = |client: &str, words: &str| {
        let line = shown.lines().find(|line| line.contains(client) && line.contains(words));
        assert!(line.is_some(), "no line of {client} with {words:?} in {shown}");
    };
    told("Steady Client", "200  let in");
    told("Busy Client", "200  let in");
    told("Busy Client", "429  rate_limit_exceeded: this client has used up");
    told("Trial Client", "200  let in");
    told("The row of Trial Client", "it expires in 1 s");
    told("Trial Client", "401  expired_api_key");
    told("Former Client", "200  let in");
    told("The row of Former Client", "is_active FALSE");
    told("Former Client", "401  inactive_api_key, ");
    told("A stranger", "401  unknown_api_key");
    assert_eq!(shown.matches("Steady Client").count(), 1, "nothing new is not told: {shown}");
    let revoked = row(folder.path(), "Former Client");
    assert!(revoked[4] == "FALSE" && !revoked[6].is_empty(), "{:?}", &revoked[1..]);
    let (code, log) = serving.terminate();
    assert_eq!(code, Some(0), "{log}");
    let whole = screen.whole();
    for client in ["Steady Client", "Busy Client", "Trial Client", "Former Client"] {
        let key = row(folder.path(), client).remove(0);
        assert!(key.starts_with("sk-") && !whole.contains(&key), "{client}'s key is shown");
    }

    // Another run begins as this one has, with the same rows. To a pipe it tells nothing on the way.
    let mut again = Serving::start(folder.path(), &["demo", "--length", "60"], &[ANY_PORT]);
    again.line_with("keys are up to date");
    let renewed = row(folder.path(), "Former Client");
    assert!(renewed[0] == revoked[0] && renewed[4] == "TRUE" && renewed[6].is_empty(), "{:?}", &renewed[1..]);
    assert_eq!(fs::read_to_string(folder.path().join(KEYS)).expect("keys").lines().count(), 7);
    let mut stdout = again.child.stdout.take().expect("a pipe");
    assert_eq!(again.terminate().0, Some(0));
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).expect("UTF-8");
    assert!(!printed.contains("Steady Client") && printed.lines().count() < 25, "{printed}");
}
