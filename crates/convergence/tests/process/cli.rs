//! The command line itself: exit codes, the nearest right word, terminals and pipes, completions and manual pages.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Fault, Google, Times};

use crate::terminal::{terminal, terminal_of_width};
use crate::{folder_with_keys, program, run};

const IN_FILE: &[(&str, &str)] = &[("KEYS_FILE", "keys.csv")];
/// Of the key in `folder_with_keys`.
const FINGERPRINT: &str = "21ac998e1a33";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn each_exit_code_means_what_the_manual_says() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32);
    let folder = folder_with_keys();
    let broken = "api_key,client_name,is_active\nsk-convergence-x,,TRUE\n";
    std::fs::write(folder.path().join("broken.csv"), broken).expect("a file");
    let in_broken: &[(&str, &str)] = &[("KEYS_FILE", "broken.csv")];
    let cases: [Case<'_>; 14] = [
        (&["--version"], &[], 0),
        (&["keys", "revoke", "--help"], &[], 0),
        (&["keys", "list"], IN_FILE, 0),
        (&["keys", "check"], IN_FILE, 0),
        (&["keys", "check"], in_broken, 1),
        (&["keys", "explain", FINGERPRINT], IN_FILE, 0),
        (&["keys", "explain", "sk-convergence-nobodys"], IN_FILE, 1),
        (&["keys", "list"], &[("KEYS_FILE", "nowhere.csv")], 1),
        (&["usage"], IN_FILE, 1),
        (&["serve"], &[("API_PORT", "no port")], 1),
        (&["doctor"], &[("KEYS_FILE", "nowhere.csv")], 1),
        (&[], &[], 2),
        (&["serve", "--no-such-flag"], &[], 2),
        (&["keys", "create"], IN_FILE, 2),
    ];
    for (arguments, settings, code) in cases {
        let output = run(folder.path(), arguments, settings);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let is_told = output.stdout.is_empty() || code != 2;
        assert!(is_told && (code == 0 || !output.stderr.is_empty() || arguments == ["doctor"]), "{output:?}");
    }
}

#[test]
fn a_misspelt_word_is_answered_with_the_right_one() {
    let folder = folder_with_keys();
    let cases: [(&[&str], &str); 6] = [
        (&["kyes"], "'keys'"),
        (&["keys", "revok", FINGERPRINT], "'revoke'"),
        (&["keys", "create", "--client", "X", "--rate-limt", "6"], "'--rate-limit'"),
        (&["usage", "--by", "endpiont"], "'endpoint'"),
        (&["completions", "bsh"], "'bash'"),
        (&["keys", "list", "--client", "MyApp Prodution"], "did you mean MyApp Production?"),
    ];
    for (arguments, right) in cases {
        let said = text(&run(folder.path(), arguments, IN_FILE).stderr);
        assert!(said.contains(right), "{arguments:?}: {said}");
    }

    let env_file = "KEYS_FILE=misspelt.csv\nRATE_LIMT=60\nADMIN_PORT=0\nDATABASE_URL=x\n";
    std::fs::write(folder.path().join(".env"), env_file).expect("a file");
    let header = "api_key,client_name,is_active,rate_limt,colour\nsk-convergence-x,A,TRUE,,blue\n";
    std::fs::write(folder.path().join("misspelt.csv"), header).expect("a file");
    let findings = json(&run(folder.path(), &["doctor", "--format", "json", "--api-port", "0"], &[]));
    let findings = findings.as_array().expect("an array").iter();
    let said: Vec<&str> = findings.filter_map(|finding| finding["message"].as_str()).collect();
    let said = said.join("\n");
    assert!(
        said.contains("RATE_LIMT in .env") && said.contains("did you mean DEFAULT_RATE_LIMIT?"),
        "{said}"
    );
    assert!(said.contains("D1 \"rate_limt\" is no column that is read; did you mean rate_limit?"), "{said}");
    assert!(!said.contains("\"colour\"") && said.contains("DATABASE_URL in .env"), "{said}");

    std::fs::write(folder.path().join("misspelt.csv"), "api_key,client_nmae,is_active\n").expect("a file");
    let said = text(&run(folder.path(), &["doctor"], &[]).stdout);
    assert!(said.contains("did you mean client_name by"), "{said}");
}

#[test]
fn tables_fit_a_terminal_and_are_whole_in_a_pipe() {
    let folder = TempDir::new().expect("a folder");
    let name = "The department of the very long names that nobody can remember";
    let keys = format!("api_key,client_name,is_active,rate_limit\nsk-convergence-x,{name},TRUE,60\n");
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a file");
    let piped = run(folder.path(), &["keys", "list"], IN_FILE);
    let piped = text(&piped.stdout);
    assert!(piped.contains(name) && piped.contains("revoked_at") && !piped.contains('\u{1b}'), "{piped}");

    let shown = |settings: &[(&str, &str)]| {
        let (theirs, screen) = terminal_of_width(70);
        let mut command = program(folder.path(), &["keys", "list"]);
        command.envs(IN_FILE.iter().chain(settings).copied()).stdout(theirs);
        let status = command.status().expect("the program runs");
        drop(command);
        assert!(status.success());
        screen.whole()
    };
    let plain = shown(&[("TERM", "xterm"), ("NO_COLOR", "1")]);
    assert!(plain.contains('…') && !plain.contains(name) && !plain.contains("revoked_at"), "{plain}");
    assert!(plain.lines().all(|line| line.chars().count() <= 70) && !plain.contains('\u{1b}'), "{plain}");
    let coloured = shown(&[("TERM", "xterm")]);
    assert!(coloured.contains("\u{1b}[32mactive\u{1b}[0m"), "{coloured:?}");
    let forced = run(folder.path(), &["keys", "list"], &[IN_FILE, &[("CLICOLOR_FORCE", "1")]].concat());
    assert!(text(&forced.stdout).contains("\u{1b}[32mactive\u{1b}[0m"));
}

#[tokio::test]
async fn what_takes_long_says_so_on_a_terminal_and_is_silent_elsewhere() {
    let google = Google::start().await;
    let row = |cells: [&str; 3]| cells.map(Into::into).to_vec();
    google.set_tab(
        "API_Keys",
        vec![row(["api_key", "client_name", "is_active"]), row(["sk-convergence-x", "MyApp", "yes"])],
    );
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("account.json"), google.credentials_json()).expect("a file");
    let settings = [
        ("GOOGLE_CREDENTIALS_PATH", "account.json"),
        ("GOOGLE_SHEET_ID", google.sheet_id()),
        ("GOOGLE_SHEETS_ENDPOINT", &google.url()),
    ];
    google.inject(Fault::Slow(Duration::from_millis(400)), Times::Once);
    let (theirs, mut screen) = terminal();
    let mut command = program(folder.path(), &["keys", "list"]);
    command.envs(settings).env("TERM", "xterm").stderr(theirs);
    let mut child = command.spawn().expect("the program starts");
    drop(command);
    screen.until("reading the keys, ");
    assert!(child.wait().expect("it ends").success());
    let whole = screen.whole();
    let last = whole.rsplit("\u{1b}[2K").next().unwrap_or_default();
    assert!(!last.contains("reading"), "the line goes: {whole:?}");

    let output = run(folder.path(), &["keys", "list"], &settings);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn what_is_done_to_keys_is_told_as_json() {
    let folder = folder_with_keys();
    // Without created_at, by which a key that is newer could not be told within the same second.
    let file = "api_key,client_name,expires_at,is_active,rate_limit,revoked_at\n";
    std::fs::write(folder.path().join("keys.csv"), file).expect("a file");
    let json = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["keys"], arguments, &["--format", "json"]].concat(), IN_FILE);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        json(&output)
    };
    let made = json(&["create", "--client", "MyApp", "--expires", "2099-12-31"]);
    assert!(made["key"].as_str().is_some_and(|key| key.starts_with("sk-convergence-")), "{made}");
    assert_eq!((&made["client_name"], &made["rows"]), (&"MyApp".into(), &Value::from(vec![2])));
    assert!(made["expires_at"].as_str().is_some_and(|at| at.starts_with("2099-12-31T")), "{made}");
    let first = made["fingerprint"].as_str().expect("a fingerprint");

    let rotated = json(&["rotate", first, "--grace", "7d"]);
    assert!(rotated["key"].is_string() && rotated["replaces"]["fingerprint"] == first, "{rotated}");
    assert_eq!(rotated["expires_at"], made["expires_at"]);
    let again = json(&["rotate", first, "--grace", "7d"]);
    assert!(again["key"].is_null() && again["fingerprint"] == rotated["fingerprint"], "{again}");
    assert_eq!(again["replaces"], rotated["replaces"]);

    let second = rotated["fingerprint"].as_str().expect("a fingerprint");
    assert!(json(&["expire", second, "--at", "never"])["expires_at"].is_null());
    assert_eq!(json(&["revoke", second])["rows"], Value::from(vec![3]));
    assert_eq!(json(&["revoke", second])["rows"], Value::from(Vec::<u32>::new()), "it is done already");
}

#[test]
fn many_keys_are_rotated_one_after_the_other() {
    let folder = folder_with_keys();
    let keys = "api_key,client_name,expires_at,is_active\n\
                sk-convergence-a,A,,TRUE\nsk-convergence-b,B,,TRUE\nsk-convergence-c,C,,FALSE\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a file");
    let all = "sk-convergence-a\n\nsk-convergence-b\nsk-convergence-c\n";
    std::fs::write(folder.path().join("all"), all).expect("a file");
    let (theirs, screen) = terminal();
    let mut command = program(folder.path(), &["keys", "rotate", "-"]);
    command.envs(IN_FILE.iter().copied()).env("TERM", "xterm").stderr(theirs);
    command.stdin(std::fs::File::open(folder.path().join("all")).expect("a file"));
    let output = command.spawn().expect("it starts").wait_with_output().expect("it ends");
    drop(command);
    let said = screen.whole();
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(1), 2), "{said}");
    assert!(
        said.contains("2 of 3 keys were rotated before this one: key ") && said.contains("is not active"),
        "{said}"
    );
    let file = std::fs::read_to_string(folder.path().join("keys.csv")).expect("a file");
    assert_eq!((file.lines().count(), file.matches(",A,").count(), file.matches(",B,").count()), (6, 2, 2));
}

/// What a shell says to a script.
fn shell(name: &str, folder: &Path, script: &str) -> String {
    let output = Command::new(name).current_dir(folder).args(["-c", script]).output().expect("a shell");
    assert!(output.status.success() && output.stderr.is_empty(), "{script}: {output:?}");
    text(&output.stdout)
}

#[test]
fn bash_completes_commands_flags_and_words() {
    let folder = folder_with_keys();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(folder.path(), &["completions", shell], &[]);
        assert!(script.status.success() && text(&script.stdout).contains("rotate"), "{shell}");
        std::fs::write(folder.path().join(shell), script.stdout).expect("a file");
    }
    let completed = |words: &str, last: usize| {
        let script = format!(
            "source ./bash; COMP_WORDS=({words}); COMP_CWORD={last}; \
             _convergence convergence \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; \
             echo \"${{COMPREPLY[@]}}\""
        );
        shell("bash", folder.path(), &script).trim().to_owned()
    };
    assert_eq!(completed("convergence keys rev", 2), "revoke");
    assert_eq!(completed("convergence serve --api-p", 2), "--api-port");
    assert_eq!(completed("convergence usage --by ho", 3), "hour");
}

#[test]
fn there_is_a_manual_page_for_each_command_without_a_fault() {
    let folder = TempDir::new().expect("a folder");
    let first = run(folder.path(), &["man"], &[]);
    assert!(first.status.success());
    assert!(run(folder.path(), &["man", "."], &[]).status.success());
    let entries = folder.path().read_dir().expect("a folder");
    let mut pages: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    pages.sort();
    for page in
        ["convergence.1", "convergence-serve.1", "convergence-keys-rotate.1", "convergence-sheet-init.1"]
    {
        assert!(pages.iter().any(|there| there == page), "{page} is not among {pages:?}");
    }
    assert_eq!(std::fs::read(folder.path().join("convergence.1")).expect("a page"), first.stdout);
    let mut lint = Command::new("mandoc");
    lint.current_dir(folder.path()).args(["-T", "lint", "-W", "warning"]).args(&pages);
    let lint = lint.stdin(Stdio::null()).output().expect("mandoc");
    assert_eq!(text(&lint.stdout) + &text(&lint.stderr), "");
    let page = Command::new("mandoc").current_dir(folder.path()).arg("convergence-keys-create.1").output();
    let page = text(&page.expect("mandoc").stdout);
    assert!(page.contains("--client") && page.contains("Examples:"), "{page}");

    let nowhere = run(folder.path(), &["man", "no/folder"], &[]);
    assert!(nowhere.status.code() == Some(1) && text(&nowhere.stderr).contains("cannot write no/folder/"));
}

#[test]
fn the_examples_of_the_manual_run() {
    let document = include_str!("../../../../docs/cli.md");
    let folder = folder_with_keys();
    let keys = "api_key,client_name,created_at,expires_at,is_active,rate_limit,revoked_at,scopes,allowed_ips\n\
                sk-convergence-abc123xyz,MyApp Production,2026-01-01,,TRUE,60,,,\n";
    let bin = Path::new(env!("CARGO_BIN_EXE_convergence")).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let needs_more = ["keys accept", "keys rollback", "keys revoke -"];
    let lines = document.lines().filter(|line| line.starts_with("convergence keys "));
    let mut ran = 0;
    for line in lines.filter(|line| needs_more.iter().all(|other| !line.contains(other))) {
        std::fs::write(folder.path().join("keys.csv"), keys).expect("a file");
        std::fs::write(folder.path().join("fingerprints.txt"), FINGERPRINT).expect("a file");
        let line = line.replace("7093ca31a483", FINGERPRINT);
        let mut command = Command::new("sh");
        command.current_dir(folder.path()).args(["-c", &line]).env_clear();
        let output = command.envs([("PATH", &*path), ("KEYS_FILE", "keys.csv")]).output().expect("a shell");
        assert!(output.status.success(), "{line}: {output:?}");
        ran += 1;
    }
    assert!(ran >= 12, "{ran}");
}
