//! A table of keys in either source, and the program run on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gate::KeyHash;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::Google;

pub(crate) const HEADER: &str =
    "api_key,client_name,created_at,expires_at,is_active,rate_limit,revoked_at,scopes";
pub(crate) const ONE: &str = "sk-convergence-one-one-one";
pub(crate) const TWO: &str = "sk-convergence-two-two-two";

/// Two clients with a key each.
pub(crate) const TWO_KEYS: &[&str] = &[
    HEADER,
    "sk-convergence-one-one-one,MyApp,2025-07-06 10:00:00,,TRUE,60,,read",
    "sk-convergence-two-two-two,Other,2025-07-07 10:00:00,2099-12-31 23:59:59,TRUE,,,write",
];

/// The tab that the keys are in.
pub(crate) const TAB: &str = "API_Keys";

pub(crate) struct Keys {
    pub(crate) folder: TempDir,
    pub(crate) google: Option<Arc<Google>>,
    pub(crate) time_zone: &'static str,
}

/// What a run of the program left.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// It went well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{} {}", self.out, self.err);
        self
    }

    /// It did not, and said why in these words.
    #[track_caller]
    pub(crate) fn badly(self, words: &str) -> Self {
        assert_eq!(self.code, Some(1), "{} {}", self.out, self.err);
        assert!(self.err.contains(words), "{words:?} is not in {}", self.err);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The one line of standard output, which is a new key.
    #[track_caller]
    pub(crate) fn key(&self) -> String {
        let key = self.out.strip_suffix('\n').expect("a line");
        assert!(key.starts_with("sk-convergence-") && key.len() == 51, "{key} {}", self.err);
        key.to_owned()
    }
}

impl Keys {
    pub(crate) fn in_file(lines: &[&str]) -> Self {
        let keys = Self { folder: TempDir::new().expect("a folder"), google: None, time_zone: "UTC" };
        std::fs::write(keys.path(), lines.join("\n") + "\n").expect("a keys file");
        keys
    }

    /// The same lines as a tab: checkboxes and numbers as such, dates as text.
    pub(crate) async fn in_sheet(lines: &[&str]) -> Self {
        let google = Google::start().await;
        google.set_tab(TAB, lines.iter().map(|line| line.split(',').map(cell).collect()).collect());
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("account.json"), google.credentials_json()).expect("credentials");
        Self { folder, google: Some(Arc::new(google)), time_zone: "UTC" }
    }

    /// The same table in both sources.
    pub(crate) async fn in_both(lines: &[&str]) -> [Self; 2] {
        [Self::in_file(lines), Self::in_sheet(lines).await]
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("keys.csv")
    }

    pub(crate) fn google(&self) -> &Arc<Google> {
        self.google.as_ref().expect("the keys are in a sheet")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        self.program(&[&["keys"], arguments].concat(), input)
    }

    /// Any command of the program.
    pub(crate) fn program(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convergence"));
        command.current_dir(self.folder.path()).args(arguments).env_clear();
        match &self.google {
            None => command.env("KEYS_FILE", "keys.csv").env("KEYS_TIME_ZONE", self.time_zone),
            Some(google) => command
                .env("GOOGLE_CREDENTIALS_PATH", "account.json")
                .env("GOOGLE_SHEET_ID", google.sheet_id())
                .env("GOOGLE_SHEETS_ENDPOINT", google.url()),
        };
        command.env("LOG_LEVEL", "trace").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // A program that reads nothing closes its end.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        let said = Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        };
        let shown = format!("{}{}", said.out, said.err);
        assert!(!shown.contains(ONE) && !shown.contains(TWO), "a key is shown: {shown}");
        said
    }

    /// The table as it stands, every cell as text.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let text = |cell: &Value| match cell {
            Value::String(text) => text.clone(),
            Value::Bool(boolean) => boolean.to_string().to_uppercase(),
            other => other.to_string(),
        };
        if let Some(google) = &self.google {
            return google.cells(TAB).iter().map(|row| row.iter().map(text).collect()).collect();
        }
        let file = std::fs::read_to_string(self.path()).expect("the keys file");
        file.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    /// What `keys list` says of the rows.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        self.run(&["list", "--format", "json"]).well().json().as_array().expect("an array").clone()
    }

    /// The listed row of a key.
    #[track_caller]
    pub(crate) fn listed(&self, key: &str) -> Value {
        let print = fingerprint(key);
        let rows = self.list();
        rows.iter().find(|row| row["fingerprint"] == *print).unwrap_or_else(|| panic!("no {print}")).clone()
    }

    /// Whether a request with this key would be admitted, by the gate.
    pub(crate) fn admits(&self, key: &str) -> bool {
        self.run_with(&["explain", "-"], key).code == Some(0)
    }
}

pub(crate) fn fingerprint(key: &str) -> String {
    KeyHash::of(key.as_bytes()).fingerprint().to_string()
}

/// Unix seconds of an RFC 3339 text.
#[track_caller]
pub(crate) fn unix(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or_else(|| panic!("{text} is no moment"));
    text.parse::<jiff::Timestamp>().expect("RFC 3339").as_second()
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn cell(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "TRUE" => json!(true),
        "FALSE" => json!(false),
        text => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}
