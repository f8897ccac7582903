//! What is in `deploy/` is what it says it is, to the programs of others as far as they run without a cluster or an engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use convergence::config::VARIABLES;

use crate::repository::{File, files, read, root};

const DOCKERFILE: &str = "deploy/docker/Dockerfile";
const COMPOSE: &str = "deploy/docker/compose.yml";
const KUBERNETES: &str = "deploy/kubernetes/convergence.yaml";
const UNITS: [&str; 2] = ["convergence.service", "convergence.socket"];

/// Where the checkers are, installed by the first test that asks.
static CHECKERS: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/setup.sh");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    PathBuf::from(String::from_utf8(output.stdout).expect("UTF-8").trim())
});

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned()
}

/// What a checker has to say of a text, which it is given as a file of this name; `None` if all is well.
fn complaint(checker: &str, arguments: &[&str], name: &str, text: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(name), text).expect("a file");
    let mut command = Command::new(CHECKERS.join(checker));
    let output = command.args(arguments).arg(name).current_dir(folder.path()).output().expect("it runs");
    (!output.status.success()).then(|| said(&output))
}

#[test]
fn the_dockerfile_is_sound() {
    let check = |text: &str| complaint("hadolint", &[], "Dockerfile", text);
    let text = read(DOCKERFILE);
    assert_eq!(check(&text), None);
    assert!(check(&text.replace("USER 10001:10001", "USER")).is_some(), "the checker checks");
    for wanted in ["USER 10001:10001\n", "CMD [\"convergence\", \"health\"]\n", "CMD [\"serve\"]\n"] {
        assert!(text.contains(wanted), "{DOCKERFILE} has no {wanted:?}");
    }
    assert!(read("Cargo.toml").contains(&format!(
        "rust-version = \"{}\"",
        text.split_once("FROM rust:").and_then(|(_, rest)| rest.split_once("-slim")).expect("its compiler").0
    )));
}

/// The parts of the repository that the image is built from are all that cargo asks for.
#[test]
fn what_is_sent_to_the_engine_can_be_built() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ignored = read("deploy/docker/Dockerfile.dockerignore");
    let sent: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignored.lines().any(|line| line == "*") && sent.contains(&"crates"), "{sent:?}");
    for name in sent.iter().filter(|name| **name != "voices") {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).expect("a link");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]);
    let output = cargo.current_dir(folder.path()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_compose_file_is_sound() {
    let check = |text: &str| {
        complaint("check-jsonschema", &["--builtin-schema", "vendor.compose-spec"], "compose.yml", text)
    };
    let text = read(COMPOSE);
    assert_eq!(check(&text), None);
    assert!(check(&text.replace("read_only:", "readonly:")).is_some(), "the checker checks");
}

#[test]
fn the_manifest_is_sound() {
    let check = |text: &str| complaint("kubernetes-validate", &["--strict"], "convergence.yaml", text);
    let text = read(KUBERNETES);
    assert_eq!(check(&text), None);
    assert!(check(&text.replace("httpGet:", "httpget:")).is_some(), "the checker checks");
    for wanted in [
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
    ] {
        assert!(text.contains(wanted), "{KUBERNETES} has no {wanted}");
    }
}

/// As each format writes them: `NAME: value`, `{ name: NAME, value: ... }`, `ENV NAME=value`, `Environment=NAME=value`.
#[test]
fn every_variable_that_is_set_there_is_one() {
    let mut settings = 0;
    for File { path, text } in
        [".service", "environment", "Dockerfile", ".yml", ".yaml"].iter().flat_map(|end| files(&[end]))
    {
        if !["deploy/systemd/", "deploy/docker/", "deploy/kubernetes/"]
            .iter()
            .any(|folder| path.starts_with(folder))
        {
            continue;
        }
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for word in code.split(|c| !is_name(c)).filter(|word| word.contains('_') && word.len() > 3) {
            let others = ["CAP_NET_BIND_SERVICE", "AF_INET", "AF_INET6", "AF_UNIX"];
            let known = VARIABLES.iter().any(|variable| variable.name == word) || others.contains(&word);
            assert!(known, "{path}: {word} is no setting");
            settings += 1;
        }
    }
    assert!(settings >= 15, "there were {settings}");
}

fn value<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

#[test]
fn the_socket_has_the_default_address() {
    let socket = read("deploy/systemd/convergence.socket");
    assert_eq!(value(&socket, "ListenStream"), Some("127.0.0.1:8000"));
    assert_eq!(value(&socket, "FileDescriptorName"), Some("public"));
    assert_eq!(value(&socket, "Accept"), None);
}

/// Where systemd is installed. Its scale of exposure ends at 10; up to 2 it says "OK".
#[test]
fn systemd_finds_the_units_sound_and_tight() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in UNITS {
        // It looks whether the program is there.
        let unit = read(&format!("deploy/systemd/{name}"));
        let unit = unit.replace("/usr/local/bin/convergence", env!("CARGO_BIN_EXE_convergence"));
        std::fs::write(folder.path().join(name), unit).expect("a unit");
    }
    let analyze = |arguments: &[&str], names: &[&str]| {
        let paths = names.iter().map(|name| folder.path().join(name));
        match Command::new("systemd-analyze").args(arguments).args(paths).output() {
            Ok(output) => Some(output),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => panic!("{error}"),
        }
    };
    let Some(verified) = analyze(&["verify"], &UNITS) else { return };
    assert!(verified.status.success() && said(&verified).is_empty(), "{}", said(&verified));
    let tight = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"], &UNITS[..1]);
    let tight = tight.expect("it has just run");
    assert!(tight.status.success(), "{}", said(&tight));
}
