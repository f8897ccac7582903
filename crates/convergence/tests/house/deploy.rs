//! What is in `deploy/` is what it says it is, to the programs of others as far as they run without a cluster or an engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use convergence::config::{Config, Settings, VARIABLES};

use crate::repository::{read, root};

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

#[test]
fn what_is_set_there_is_known_and_sound() {
    for (path, least) in [
        (DOCKERFILE, 4),
        (COMPOSE, 4),
        (KUBERNETES, 6),
        ("deploy/systemd/environment", 3),
        ("deploy/systemd/convergence.service", 2),
    ] {
        let text = read(path);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let set: Vec<(String, String)> = lines.filter_map(variable).collect();
        for (name, _) in &set {
            assert!(VARIABLES.iter().any(|variable| variable.name == name), "{path}: {name} is no setting");
        }
        assert!(set.len() >= least, "{path}: {set:?}");
        let faults = Config::read(&set.into_iter().collect::<Settings>()).err().unwrap_or_default();
        assert_eq!(faults, [], "{path}");
    }
}

/// As each format writes one: `NAME: value`, `{ name: NAME, value: ... }`, `NAME=value`, after `ENV` or `Environment=`.
fn variable(line: &str) -> Option<(String, String)> {
    let line = line.trim().trim_start_matches("ENV ").trim_start_matches("Environment=");
    let line = line.trim_start_matches("- { name: ").trim_end_matches(['}', '\\']).trim();
    let length = line.find(|c: char| !c.is_ascii_uppercase() && c != '_')?;
    let (name, rest) = line.split_at(length);
    let value = rest.strip_prefix(", value: ").or(rest.strip_prefix(": ")).or(rest.strip_prefix('='))?;
    name.contains('_').then(|| (name.to_owned(), value.trim_matches('"').to_owned()))
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
