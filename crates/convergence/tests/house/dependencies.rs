//! Which crate may depend on which.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::read;

const OURS: [&str; 6] = ["gate", "sheets", "speech", "convergence", "testkit", "convergence-scale"];

/// The dependencies of a crate by the section of its manifest that names them.
fn manifest(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = None;
    for line in read(&format!("crates/{name}/Cargo.toml")).lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_matches(|c| c == '[' || c == ']');
            // `[dependencies.name]` is a section for one of them.
            let (kind, single) = match header.split_once("dependencies.") {
                Some((kind, single)) => (format!("{kind}dependencies"), Some(single)),
                None => (header.to_owned(), None),
            };
            section = kind.ends_with("dependencies").then_some(kind);
            if let (Some(kind), Some(single)) = (&section, single) {
                sections.entry(kind.clone()).or_default().insert(single.to_owned());
            }
        } else if let Some(kind) = &section
            && let Some((left, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let dependency = left.trim().split('.').next().unwrap_or_default();
            sections.entry(kind.clone()).or_default().insert(dependency.to_owned());
        }
    }
    sections
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// Our own crates among some dependencies.
fn ours(dependencies: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    dependencies.into_iter().flatten().filter(|name| OURS.contains(&name.as_str())).cloned().collect()
}

#[test]
fn gate_depends_on_six_crates_and_none_of_ours() {
    let mut gate = manifest("gate");
    let tests = gate.remove("dev-dependencies");
    let wanted = BTreeMap::from([
        (
            "dependencies".to_owned(),
            set(["crossbeam-utils", "hashbrown", "jiff", "sha2", "thiserror", "unicode-normalization"]),
        ),
        ("target.'cfg(loom)'.dependencies".to_owned(), set(["loom"])),
    ]);
    assert_eq!(gate, wanted, "crates/gate/Cargo.toml");
    assert_eq!(ours(tests.as_ref()), set([]), "crates/gate/Cargo.toml, dev-dependencies");
}

#[test]
fn sheets_depends_on_none_of_ours_but_testkit_in_tests() {
    for (section, dependencies) in manifest("sheets") {
        let allowed = if section == "dev-dependencies" { set(["testkit"]) } else { set([]) };
        assert!(ours(Some(&dependencies)).is_subset(&allowed), "crates/sheets/Cargo.toml, {section}");
    }
}

#[test]
fn speech_depends_on_none_of_ours() {
    for (section, dependencies) in manifest("speech") {
        assert_eq!(ours(Some(&dependencies)), set([]), "crates/speech/Cargo.toml, {section}");
    }
}

#[test]
fn testkit_is_for_tests_only_and_knows_none_of_ours() {
    let convergence = manifest("convergence");
    assert_eq!(
        ours(convergence.get("dependencies")),
        set(["gate", "sheets", "speech"]),
        "crates/convergence/Cargo.toml"
    );
    assert_eq!(ours(convergence.get("dev-dependencies")), set(["testkit"]), "crates/convergence/Cargo.toml");
    for (section, dependencies) in manifest("testkit") {
        assert_eq!(ours(Some(&dependencies)), set([]), "crates/testkit/Cargo.toml, {section}");
    }
}

#[test]
fn the_model_depends_on_nothing() {
    assert_eq!(manifest("scale"), BTreeMap::new(), "crates/scale/Cargo.toml");
}
