//! Where the documents' commands are run: a folder with the program, a Google and a server that it may ask.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::{Authority, Google, VALID};

/// A key that the server knows.
pub(crate) const KEY: &str = "sk-convergence-abc123xyz";
/// The key of the guide's example of a format.
const OTHER: &str = "sk-convergence-550e8400-e29b-41d4-a716-446655440000";
/// The fingerprint that the documents show. No key of theirs has it.
const FINGERPRINT: &str = "7093ca31a483";

/// `serve` has no end of its own: it is ended when it listens, on a port that is free. Everything else is the program itself.
const PROGRAM: &str = r#"#!/bin/sh
if [ "$1" != serve ]; then exec PROGRAM "$@"; fi
log=$(mktemp)
TLS_REDIRECT_PORT=${TLS_REDIRECT_PORT:+0} PROGRAM "$@" --api-port 0 --admin-port 0 2>"$log" &
while kill -0 $! && ! grep -q 'listening on' "$log"; do sleep 0.02; done
cat "$log" >&2
kill -TERM $! && wait $!
"#;

pub(crate) struct Desk {
    folder: TempDir,
    google: Google,
    server: Server,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let google = Google::start_on(0).expect("a port");
        let at = |name: &str| folder.path().join(name);
        for name in ["target/release", "bin", "etc", "server"] {
            fs::create_dir_all(at(name)).expect("a folder");
        }
        fs::write(at("bin/convergence"), PROGRAM.replace("PROGRAM", env!("CARGO_BIN_EXE_convergence")))
            .expect("a file");
        fs::set_permissions(at("bin/convergence"), fs::Permissions::from_mode(0o755)).expect("a mode");
        symlink(at("bin/convergence"), at("target/release/convergence")).expect("a link");
        let account = google.credentials_json();
        fs::write(at("etc/google.json"), account).expect("a file");
        let pair = Authority::new("a").server(&["api.example.com"], VALID);
        fs::write(at("etc/fullchain.pem"), pair.certificate).expect("a file");
        fs::write(at("etc/privkey.pem"), pair.key).expect("a file");
        fs::write(
            at(".env"),
            format!(
                "AUTH_ENABLED=true\nAUTH_FALLBACK=closed\nGOOGLE_CREDENTIALS_PATH=etc/google.json\n\
                 GOOGLE_SHEET_ID={}\nGOOGLE_SHEETS_ENDPOINT={}\nADMIN_PORT=0\n",
                google.sheet_id(),
                google.url()
            ),
        )
        .expect("a file");
        // It fails no transfer quietly, and asks no proxy.
        fs::write(at(".curlrc"), "fail-with-body\nsilent\nshow-error\nnoproxy = \"*\"\n").expect("a file");
        let server = Server::start(&at("server"));
        Self { folder, google, server }
    }

    /// Runs a command as it stands, but for addresses, paths and the fingerprint; what it said, if it failed.
    pub(crate) fn run(&self, command: &str) -> Result<(), String> {
        let row = |key: &str, client: &str| [key, client, "yes", "60"].map(Into::into).to_vec();
        let header = ["api_key", "client_name", "is_active", "rate_limit", "created_at", "expires_at"];
        self.google.set_tab(
            "API_Keys",
            vec![header.map(Into::into).to_vec(), row(KEY, "MyApp Production"), row(OTHER, "Other")],
        );
        let etc = format!("{}/etc/", self.folder.path().display());
        let fingerprint = gate::KeyHash::of(KEY.as_bytes()).fingerprint().to_string();
        let mut script = command.to_owned();
        for (written, here) in [
            ("http://localhost:8000", &*self.server.public),
            ("http://127.0.0.1:8000", &self.server.public),
            ("https://api.example.com", &self.server.public),
            ("http://127.0.0.1:8001", &self.server.admin),
            ("/etc/convergence/", &etc),
            // Nobody there is asked by a test.
            ("https://acme-staging-v02.api.letsencrypt.org", "https://127.0.0.1:1"),
            (FINGERPRINT, &fingerprint),
        ] {
            script = script.replace(written, here);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}/bin:{path}", self.folder.path().display()))
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        if output.status.success() { Ok(()) } else { Err(said.concat()) }
    }
}

/// A server with the keys of the documents in a file.
struct Server {
    child: Child,
    public: String,
    admin: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let keys = format!(
            "api_key,client_name,is_active,rate_limit\n{KEY},MyApp Production,TRUE,60\n{OTHER},Other,TRUE,60\n"
        );
        fs::write(folder.join("keys.csv"), keys).expect("a file");
        let settings =
            [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0"), ("ADMIN_PORT", "0")];
        let mut child = Command::new(env!("CARGO_BIN_EXE_convergence"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .envs(settings)
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut address = |words: &str| {
            let line = log.find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words:?}"));
            let (_, rest) = line.split_once(words).expect("the words");
            let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(rest.len());
            format!("http://{}", &rest[..end])
        };
        let (public, admin) = (address("listening on http://"), address("admin at http://"));
        log.find(|line| line.contains("keys are up to date")).expect("it reads its keys");
        // Whoever writes into a pipe that nobody reads comes to stand.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, public, admin }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
