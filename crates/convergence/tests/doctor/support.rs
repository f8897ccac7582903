//! A Google with keys, and the program run once beside it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::Google;

pub const KEY: &str = "sk-convergence-abc123xyz";

/// What must stand in no output: the key, the private key, a token, the raw words of Google's answers.
const SECRETS: [&str; 8] = [
    "abc123xyz",
    "PRIVATE KEY",
    "ya29.",
    "Bearer ",
    "{\"error",
    "PERMISSION_DENIED",
    "INVALID_ARGUMENT",
    "<html",
];

/// The findings of one run.
pub struct Findings {
    pub code: Option<i32>,
    /// Check, result and message of each line.
    pub lines: Vec<[String; 3]>,
}

impl Findings {
    /// The lines of one check, as `result: message`.
    pub fn of(&self, check: &str) -> Vec<String> {
        let lines = self.lines.iter().filter(|[name, ..]| name == check);
        lines.map(|[_, result, message]| format!("{result}: {message}")).collect()
    }

    /// The only line of a check.
    pub fn one(&self, check: &str) -> String {
        let lines = self.of(check);
        assert_eq!(lines.len(), 1, "{check}: {lines:#?}");
        lines[0].clone()
    }

    /// The checks with this result.
    pub fn with(&self, wanted: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|[_, result, _]| result == wanted);
        lines.map(|[check, ..]| &**check).collect()
    }
}

/// Runs the program in a folder, with no setting of this machine's environment, and reads its JSON.
pub fn doctor(folder: &Path, settings: &[(&str, &str)]) -> Findings {
    doctor_saying(folder, &[], settings)
}

/// The same with more arguments.
pub fn doctor_saying(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Findings {
    let mut command = program(folder, &[&["doctor", "--format", "json"], arguments].concat());
    let output = command.envs(settings.iter().copied()).output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let said = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    let lines: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {said}"));
    let word = |line: &Value, name: &str| line[name].as_str().expect("a word").to_owned();
    let lines = lines.iter().map(|line| ["check", "result", "message"].map(|name| word(line, name)));
    Findings { code: output.status.code(), lines: lines.collect() }
}

pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convergence"));
    command.current_dir(folder).args(arguments).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A set-up with a Google of its own.
pub struct Setup {
    pub google: Google,
    pub folder: TempDir,
}

impl Setup {
    /// A spreadsheet with one good key, shared, in `API_Keys`.
    pub async fn new() -> Self {
        Self::with_rows(vec![row(KEY, "MyApp Production", json!(60))]).await
    }

    pub async fn with_rows(rows: Vec<Vec<Value>>) -> Self {
        let google = Google::start().await;
        google.set_tab("API_Keys", [vec![header()], rows].concat());
        let folder = TempDir::new().expect("a temporary folder");
        let setup = Self { google, folder };
        setup.write_credentials(&setup.google.credentials_json(), 0o600);
        setup
    }

    pub fn write_credentials(&self, json: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join("account.json");
        std::fs::write(&path, json).expect("a credentials file");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its rights");
    }

    pub fn doctor(&self) -> Findings {
        self.doctor_with(&[])
    }

    pub fn doctor_with(&self, more: &[(&str, &str)]) -> Findings {
        let settings = self.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        doctor(self.folder.path(), &[&settings, more].concat())
    }

    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = [
            ("AUTH_ENABLED", "true".to_owned()),
            ("GOOGLE_CREDENTIALS_PATH", "account.json".to_owned()),
            ("GOOGLE_SHEET_ID", self.google.sheet_id().to_owned()),
            ("GOOGLE_SHEETS_ENDPOINT", self.google.url()),
            ("API_PORT", "0".to_owned()),
        ];
        settings.into()
    }
}

pub fn header() -> Vec<Value> {
    let names =
        ["api_key", "client_name", "created_at", "expires_at", "is_active", "rate_limit", "revoked_at"];
    names.map(Value::from).to_vec()
}

pub fn row(key: &str, client: &str, limit: Value) -> Vec<Value> {
    vec![key.into(), client.into(), json!(45844.4), "".into(), true.into(), limit, "".into()]
}
