//! The API's document against the running program: Schemathesis sends what it allows and what it forbids, a client in another
//! language is made of it, and the commands of its page are pasted.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{GUARDED, KEY, Serving, folder_with_keys, run};

const TOKEN: &str = "a-token-for-the-operator";

/// What a script of this folder prints: where it has put something.
fn set_up(script: &str) -> PathBuf {
    let script = here(script);
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    PathBuf::from(String::from_utf8(output.stdout).expect("UTF-8").trim())
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/openapi").join(name)
}

/// A voice that says the first words of each line only: what is sent here is senseless, and may be long.
fn hasty_voice(folder: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let voice = folder.join("flite");
    let mut places = std::env::split_paths(&path).map(|folder| folder.join("flite"));
    let real = places.find(|file| file.is_file()).expect("Flite is installed");
    let script = format!("#!/bin/sh\nPATH=/usr/bin:/bin\nhead -c 40 | '{}' \"$@\"\n", real.display());
    std::fs::write(&voice, script).expect("a program");
    std::fs::set_permissions(&voice, std::fs::Permissions::from_mode(0o755)).expect("a program that runs");
    format!("{}:{path}", folder.display())
}

/// A server with a token on its admin listener, and where that is.
fn serving(folder: &TempDir) -> (Serving, String) {
    let path = hasty_voice(folder.path());
    let more = [
        ("ADMIN_TOKEN", TOKEN),
        ("SHEET_WEBHOOK_SECRET", "a secret of some length"),
        ("AUTH_FAILURE_LIMIT", "0"),
        ("PATH", path.as_str()),
    ];
    let unlimited =
        "api_key,client_name,is_active,rate_limit\nsk-convergence-abc123xyz,MyApp Production,TRUE,100000\n";
    std::fs::write(folder.path().join("keys.csv"), unlimited).expect("a keys file");
    let mut serving = Serving::start(folder.path(), &["serve"], &[GUARDED, &more].concat());
    let line = serving.line_with("admin at http://");
    let admin = line.rsplit("admin at ").next().expect("an address").trim().to_owned();
    serving.line_with("keys are up to date");
    (serving, admin)
}

/// The document as the server has it, in a file.
async fn served_document(admin: &str, folder: &TempDir) -> PathBuf {
    let document = fetch(&format!("{admin}/openapi.json")).await;
    let path = folder.path().join("openapi.json");
    std::fs::write(&path, document).expect("a file");
    path
}

async fn fetch(url: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(url).bearer_auth(TOKEN).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.expect("a body")
}

/// Runs a program to its end, and returns what it has printed if it succeeded.
fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_fault_in_the_server_or_the_document() {
    let program = set_up("setup.sh");
    let folder = folder_with_keys();
    let (serving, admin) = serving(&folder);
    let document = served_document(&admin, &folder).await;
    let sides = [
        (serving.url.as_str(), KEY, "--exclude-tag", "examples,coverage,stateful"),
        (admin.as_str(), TOKEN, "--include-tag", "coverage"),
    ];
    for (url, key, which, phases) in sides {
        let mut command = Command::new(&program);
        command.arg("--config-file").arg(here("schemathesis.toml")).arg("run").arg(&document);
        command.args(["--url", url, "--phases", phases, "--no-color"]);
        command.args([which, "Admin listener", "--header", &format!("Authorization: Bearer {key}")]);
        let said = succeed(command.current_dir(folder.path()));
        assert!(said.contains("No issues found"), "{said}");
    }
    let (code, log) = serving.terminate();
    assert!(code == Some(0) && !log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn a_typed_client_is_made_of_the_document_and_works() {
    let tools = set_up("client/setup.sh");
    let folder = folder_with_keys();
    let (serving, admin) = serving(&folder);
    let document = served_document(&admin, &folder).await;
    let project = TempDir::new().expect("a temporary folder");
    let project = project.path();
    for name in ["client.ts", "package.json"] {
        std::fs::copy(here("client").join(name), project.join(name)).expect("a copy");
    }
    std::os::unix::fs::symlink(tools.join("node_modules"), project.join("node_modules")).expect("a link");
    let tool = |name: &str| {
        let mut command = Command::new(tools.join("node_modules/.bin").join(name));
        command.current_dir(project);
        command
    };
    succeed(tool("openapi-typescript").arg(&document).args(["--output", "api.d.ts"]));
    // No types of Node: what the client uses of it, it says itself.
    std::fs::write(project.join("node.d.ts"), "declare const process: { argv: string[] };\n")
        .expect("a file");
    let options = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext"];
    succeed(tool("tsc").args(options).args(["--lib", "es2022,dom", "client.ts", "node.d.ts"]));
    let mut node = Command::new("node");
    let told = succeed(node.current_dir(project).arg("client.js").args([&serving.url, KEY]));
    assert_eq!(
        serde_json::from_str::<Value>(&told).expect("JSON"),
        json!({
            "status": "ok",
            "client": "MyApp Production",
            "me": ["MyApp Production", [100_000]],
            "lines": true,
            "sound": true,
            "job": [202, "done", "opus", true, 204, "not_found"],
            "wrong": [422, ["duration"]],
            "refused": [401, "unknown_api_key"],
            "said": true,
            "unsaid": [404, "model"],
        })
    );
    serving.terminate();
}

#[tokio::test]
async fn the_commands_of_the_page_do_what_it_says() {
    let folder = folder_with_keys();
    let (serving, admin) = serving(&folder);
    let page = fetch(&format!("{admin}/docs")).await;
    let document: Value = serde_json::from_str(&fetch(&format!("{admin}/openapi.json")).await).expect("JSON");
    let operations: usize = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|item| item.as_object().map_or(0, serde_json::Map::len))
        .sum();
    let commands: Vec<String> = page
        .split("<pre ")
        .skip(1)
        .filter_map(|rest| {
            let code = rest.split_once("<code>")?.1.split_once("</code>")?.0;
            Some(code.replace("&#39;", "'").replace("&#34;", "\"").replace("&#38;", "&"))
        })
        .collect();
    assert_eq!(commands.len(), operations);
    for command in commands {
        let pasted = command
            .replace("http://localhost:8000", &serving.url)
            .replace("http://localhost:8001", &admin)
            .replace("YOUR_KEY", KEY);
        let pasted = format!("{pasted} -s -o answer -w '%{{http_code}}'");
        // Where the example's file and job are not there, and where only the script can sign.
        let expected: &[&str] = match &command {
            command if command.contains("0198c0de") => &["404"],
            command if command.contains("/hooks/") => &["401"],
            _ => &["200"],
        };
        let token = format!(" -H 'Authorization: Bearer {TOKEN}'");
        let pasted = if pasted.contains(&admin) { pasted + &token } else { pasted };
        let status = succeed(Command::new("sh").current_dir(folder.path()).args(["-c", &pasted]));
        assert!(expected.contains(&status.trim()), "{pasted}: {status}");
    }
    serving.terminate();
}

#[test]
fn the_command_prints_the_document() {
    let folder = TempDir::new().expect("a temporary folder");
    let output = run(folder.path(), &["openapi"], &[]);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        std::fs::read_to_string(committed).expect("a document")
    );
}
