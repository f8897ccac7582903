//! The program itself, started as an operator starts it: settings, signals, logs, and what it leaves behind.

#[path = "../api/support/authority.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests need more of it")]
mod authority;
mod fleet;
mod generate;
mod keys;
mod killed;
mod lexicon;
mod openai;
mod openapi;
mod restarts;
mod routes;
mod sheet_init;
mod shield;
mod tts;
mod upstream;
mod usage;
mod voice;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

const KEY: &str = "sk-convergence-abc123xyz";
const KEYS: &str =
    "api_key,client_name,is_active,rate_limit\nsk-convergence-abc123xyz,MyApp Production,TRUE,60\n";
const LONG: Duration = Duration::from_secs(20);

/// The program in a folder of its own, with no setting of this machine's environment.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convergence"));
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        // Two servers of one machine cannot have the same.
        .env("ADMIN_PORT", "0")
        .env("PATH", std::env::var("PATH").unwrap_or_default());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    program(folder, arguments).envs(settings.iter().copied()).output().expect("the program runs")
}

/// A program that serves, and its log so far.
struct Serving {
    child: Child,
    url: String,
    log: mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Serving {
    fn start(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = program(folder, arguments);
        command.envs(settings.iter().copied());
        Self::of(command)
    }

    /// What a command starts.
    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut serving = Self { child, url: String::new(), log, seen: Vec::new() };
        let line = serving.line_with("listening on ");
        let address = line.rsplit("listening on http://").next().expect("an address");
        let length =
            address.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(address.len());
        serving.url = format!("http://{}", &address[..length]);
        serving
    }

    /// Waits for a line of the log.
    fn line_with(&mut self, words: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        loop {
            let line =
                self.log.recv_timeout(LONG).unwrap_or_else(|_| panic!("no {words:?} in {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to stop and returns its exit code and the whole log.
    fn terminate(mut self) -> (Option<i32>, String) {
        let killed = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(killed.is_ok_and(|status| status.success()));
        let status = self.child.wait().expect("an exit status");
        self.seen.extend(self.log.iter());
        (status.code(), self.seen.join("\n"))
    }
}

async fn get(url: &str, key: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    client.get(url).bearer_auth(key).send().await.expect("an answer").status().as_u16()
}

fn folder_with_keys() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("keys.csv"), KEYS).expect("a keys file");
    folder
}

const GUARDED: &[(&str, &str)] = &[("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0")];

#[tokio::test]
async fn p05_flags_win_over_the_environment_and_that_over_env_files() {
    let folder = folder_with_keys();
    let env_file = "AUTH_ENABLED=true\nKEYS_FILE=keys.csv\nAPI_PORT=1\nLOG_LEVEL=error\n";
    std::fs::write(folder.path().join(".env"), env_file).expect("a .env file");
    let mut serving = Serving::start(folder.path(), &["serve", "--api-port", "0"], &[("LOG_LEVEL", "info")]);
    serving.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    assert_eq!(serving.terminate().0, Some(0));
}

#[tokio::test]
async fn p20_the_log_says_when_the_last_good_keys_are_too_old_to_decide() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("API_KEY_MAX_STALE", "1")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    std::fs::remove_file(folder.path().join("keys.csv")).expect("a file");
    let line = serving.line_with("protected paths answer 503");
    assert!(line.contains("the last good ones") && line.contains("KEYS_FILE"), "{line}");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 503);
    assert_eq!(serving.terminate().0, Some(0));
}

#[tokio::test]
async fn p05_default_credentials_are_looked_for_where_the_environment_says() {
    let google = testkit::Google::start().await;
    let row = |cells: [&str; 3]| cells.map(Into::into).to_vec();
    google.set_tab(
        "API_Keys",
        vec![row(["api_key", "client_name", "is_active"]), row([KEY, "MyApp Production", "yes"])],
    );
    let identity = testkit::Identity::start(&google).await;
    let folder = TempDir::new().expect("a temporary folder");
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("GOOGLE_SHEET_ID", google.sheet_id()),
        ("GOOGLE_SHEETS_ENDPOINT", &google.url()),
        ("GCE_METADATA_HOST", &identity.metadata_host()),
        ("API_PORT", "0"),
    ];
    let mut serving = Serving::start(folder.path(), &["serve", "--google-credentials", "adc"], &settings);
    serving.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", serving.url), KEY).await, 200);
    assert_eq!(identity.asked(testkit::Desk::Metadata), 1);
    assert_eq!(serving.terminate().0, Some(0));
}

#[test]
fn every_wrong_setting_is_named_at_once_and_none_is_shown() {
    let folder = folder_with_keys();
    let settings = [
        ("AUTH_ENABLED", "yes-sk-secret"),
        ("API_PORT", "sk-secret"),
        ("API_KEY_CACHE_DURATION", "0"),
        ("LOG_LEVEL", "sk-secret"),
        ("AUTH_FALLBACK", "sk-secret"),
        ("KEYS_FILE", "keys.csv"),
        ("GOOGLE_SHEET_ID", "sk-secret"),
        ("KEYS_TIME_ZONE", "sk-secret"),
        ("DEFAULT_RATE_LIMIT", "-1"),
        ("ADMIN_PORT", "sk-secret"),
        ("ADMIN_TOKEN", "two sk-secrets"),
        ("SHEET_WEBHOOK_SECRET", "short sk-secret"),
    ];
    let output = run(folder.path(), &["serve"], &settings);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for (variable, _) in settings {
        assert!(said.contains(variable), "{variable} is not named in {said}");
    }
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_setting_that_is_not_utf8_is_a_fault_and_other_variables_are_none() {
    use std::os::unix::ffi::OsStrExt;
    let not_utf8 = std::ffi::OsStr::from_bytes(b"secret\xff");
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = program(folder.path(), &["serve"]);
    command.env("KEYS_FILE", not_utf8).env("OTHER", not_utf8).env("HOME", not_utf8);
    let said = String::from_utf8_lossy(&command.output().expect("the program runs").stderr).into_owned();
    assert!(
        said.contains("KEYS_FILE")
            && !said.contains("OTHER")
            && !said.contains("HOME")
            && !said.contains("secret"),
        "{said}"
    );
}

#[test]
fn settings_that_nothing_reads_are_said() {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join(".env"), "AUTH_ENABELD=true\n").expect("a .env file");
    let settings = [("API_PORT", "0"), ("ALERT_WEBHOOK_URL", "http://127.0.0.1:1/secret")];
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    assert!(serving.line_with("AUTH_ENABELD").contains("WARN"));
    let without_keys = serving.line_with("ALERT_WEBHOOK_URL");
    assert!(without_keys.contains("WARN") && !without_keys.contains("secret"), "{without_keys}");
    serving.terminate();
}

#[test]
fn p21_a_closed_fallback_refuses_to_start() {
    let folder = TempDir::new().expect("a temporary folder");
    let output = run(
        folder.path(),
        &["serve"],
        &[("AUTH_ENABLED", "true"), ("AUTH_FALLBACK", "closed"), ("API_PORT", "0")],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("AUTH_FALLBACK") && said.contains("KEYS_FILE"),
        "{said}"
    );
}

#[test]
fn an_address_in_use_is_said_with_the_setting_to_change() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = TempDir::new().expect("a temporary folder");
    let output = run(folder.path(), &["serve"], &[("API_PORT", &port)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("API_PORT"), "{said}");
}

#[test]
fn an_admin_port_in_use_is_said_with_the_setting_to_change() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = TempDir::new().expect("a temporary folder");
    let output = run(folder.path(), &["serve"], &[("API_PORT", "0"), ("ADMIN_PORT", &port)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("ADMIN_PORT") && said.contains("in use"), "{said}");
}

#[test]
fn off_loopback_the_admin_listener_needs_a_token() {
    let folder = TempDir::new().expect("a temporary folder");
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let output = run(folder.path(), &["serve"], &[("API_PORT", "0"), ("ADMIN_HOST", host)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("ADMIN_TOKEN: must be set"), "{said}");
    }
    let with_token = [("API_PORT", "0"), ("ADMIN_HOST", "0.0.0.0"), ("ADMIN_TOKEN", "let-me-in")];
    let mut serving = Serving::start(folder.path(), &["serve"], &with_token);
    serving.line_with("admin at http://0.0.0.0:");
    let (code, log) = serving.terminate();
    assert!(code == Some(0) && !log.contains("let-me-in"), "{log}");
}

#[test]
fn two_servers_do_not_share_a_port() {
    let folder = TempDir::new().expect("a temporary folder");
    let first = Serving::start(folder.path(), &["serve"], &[("API_PORT", "0")]);
    let port = first.url.rsplit(':').next().expect("a port");
    let second = run(folder.path(), &["serve"], &[("API_PORT", port)]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && said.contains("API_PORT"), "{said}");
    first.terminate();
}

#[tokio::test]
async fn p01_p21_an_open_door_is_said_loudly_at_the_start() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut off = Serving::start(folder.path(), &["serve"], &[("API_PORT", "0")]);
    assert!(off.line_with("authentication is off").contains("WARN"));
    off.terminate();
    let mut fallback =
        Serving::start(folder.path(), &["serve"], &[("API_PORT", "0"), ("AUTH_ENABLED", "true")]);
    assert!(fallback.line_with("UNAUTHENTICATED").contains("WARN"));
    assert_eq!(get(&format!("{}/auth/verify", fallback.url), "any").await, 200);
    fallback.terminate();
}

#[tokio::test]
async fn p24_debug_shows_each_decision_and_never_a_key() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    let url = serving.url.clone();
    assert_eq!(get(&format!("{url}/auth/verify?key={KEY}"), KEY).await, 200);
    assert_eq!(get(&format!("{url}/by-mistake/{KEY}/{KEY}"), "sk-convergence-unknown-one").await, 401);
    let fingerprint = gate::KeyHash::of(KEY.as_bytes()).fingerprint().to_string();
    let admitted = serving.line_with("admitted");
    assert!(
        admitted.contains(&fingerprint) && admitted.contains("MyApp Production") && admitted.contains("hit"),
        "{admitted}"
    );
    assert!(admitted.contains("\"request\":"), "{admitted}");
    let refused = serving.line_with("unknown key");
    assert!(refused.contains("miss") && refused.contains("[redacted]"), "{refused}");
    let (code, log) = serving.terminate();
    assert_eq!(code, Some(0));
    assert!(log.lines().all(|line| line.starts_with('{')), "JSON lines: {log}");
    assert!(!log.contains("abc123xyz") && !log.contains("unknown-one"), "{log}");
}

#[tokio::test]
async fn a_limit_that_is_tried_out_is_spoken_of_and_lets_through() {
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active,shadow_rate_limit\nsk-convergence-a,Acme,yes,1\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    let settings = [GUARDED, &[("LOG_LEVEL", "debug")]].concat();
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    serving.line_with("keys are up to date");
    let url = format!("{}/auth/verify", serving.url);
    assert_eq!(get(&url, "sk-convergence-a").await, 200);
    assert!(!serving.line_with("admitted").contains("shadow"));
    assert_eq!(get(&url, "sk-convergence-a").await, 200);
    let line = serving.line_with("shadow=");
    assert!(line.contains("admitted") && line.contains("shadow=\"over its limit\""), "{line}");
    assert_eq!(serving.terminate().0, Some(0));
}

#[tokio::test]
async fn a_request_under_way_ends_before_the_program_does() {
    let folder = folder_with_keys();
    let mut serving = Serving::start(folder.path(), &["serve"], GUARDED);
    serving.line_with("keys are up to date");
    let url = serving.url.clone();
    let request = tokio::spawn(async move {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let body = r#"{"prompt": "A request that is under way while the server stops"}"#;
        let request = client.post(format!("{url}/convergence/generate-audio")).bearer_auth(KEY).body(body);
        request.header("content-type", "application/json").send().await.expect("an answer").status()
    });
    // The recording's folder is made when its work begins.
    let begun = folder.path().join("data/audio");
    let start = std::time::Instant::now();
    while !begun.exists() {
        assert!(start.elapsed() < LONG, "the work has not begun");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopped = tokio::task::spawn_blocking(move || serving.terminate());
    assert_eq!(request.await.expect("a task that ends"), 200);
    let (code, log) = stopped.await.expect("a task that ends");
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn the_demo_prints_a_request_that_works() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut serving =
        Serving::start(folder.path(), &["demo"], &[("API_PORT", "0"), ("GOOGLE_SHEET_ID", "ignored")]);
    serving.line_with("keys are up to date");
    let file = std::fs::read_to_string(folder.path().join("data/demo-keys.csv")).expect("the demo's keys");
    let key = file.lines().nth(1).and_then(|line| line.split(',').next()).expect("a key").to_owned();
    assert_eq!(get(&format!("{}/auth/verify", serving.url), &key).await, 200);
    let url = serving.url.clone();
    let mut stdout = serving.child.stdout.take().expect("a pipe");
    serving.terminate();
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).expect("UTF-8");
    assert!(printed.contains(&format!("curl -X POST {url}/convergence/generate-audio")), "{printed}");
    assert!(printed.contains(&format!("Authorization: Bearer {key}")), "{printed}");

    let not_set = ("ADMIN_PORT", "");
    let mut again = Serving::start(folder.path(), &["demo"], &[("API_PORT", "0"), not_set]);
    assert!(!again.line_with("admin at http://127.0.0.1:").contains(":8001"), "a demo is never in the way");
    again.line_with("keys are up to date");
    assert_eq!(get(&format!("{}/auth/verify", again.url), &key).await, 200, "the same key after a restart");
    again.terminate();
}

/// Waits until something holds; only a broken program takes `LONG`.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}: not yet");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
