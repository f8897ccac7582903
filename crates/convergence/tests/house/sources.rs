//! What holds for every source file.

use std::process::Command;

use crate::repository::{code, files, mentions, root, rust_below};

/// The longest file that is still read with pleasure, in lines.
const LONGEST: usize = 400;

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let long: Vec<String> = files(&[".rs"])
        .iter()
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect();
    assert_eq!(long, [""; 0]);
}

#[test]
fn no_file_names_a_place_of_one_machine_or_a_registry() {
    // Put together here, so that this file does not name them either.
    let machine = [concat!("/wo", "rk/"), concat!("/ho", "me/")];
    let registries = ["crates", "pypi", "npmjs", "pythonhosted"].map(|name| [name, ".io"].concat());
    let others = ["pypi", "pythonhosted", "npmjs"].map(|name| [name, ".org"].concat());
    let mut wrong = Vec::new();
    for file in
        files(&[".rs", ".toml", ".md", ".sh", ".py", ".conf", ".lua", ".csv", ".json", ".snap", ".txt"])
    {
        let named = |words: &[String]| words.iter().any(|word| file.text.contains(word.as_str()));
        if machine.iter().any(|place| file.text.contains(place)) {
            wrong.push(format!("{}: a path of one machine", file.path));
        }
        if file.path != "deny.toml" && (named(&registries) || named(&others)) {
            wrong.push(format!("{}: a registry's host", file.path));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn nothing_that_a_tool_left_behind_is_committed() {
    let names = ["*.pending-snap", "*.snap.new", "*.orig", "*.rej", "*.rs.bk"];
    let listed = Command::new("git").arg("-C").arg(root()).args(["ls-files", "--"]).args(names).output();
    // Without git, or in an archive of the sources, nothing is committed.
    let Ok(listed) = listed else { return };
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "");
}

/// Holders of secrets, and where they are.
const SECRETS: [(&str, &str); 14] = [
    ("PresentedKey", "crates/gate/src/"),
    ("Key", "crates/gate/src/table/"),
    ("Cell", "crates/gate/src/"),
    ("Credentials", "crates/sheets/src/"),
    ("Secret", "crates/sheets/src/"),
    ("AccessToken", "crates/sheets/src/"),
    ("NewKey", "crates/convergence/src/cli/keys/"),
    ("Named", "crates/convergence/src/cli/keys/"),
    ("AdminToken", "crates/convergence/src/config/"),
    ("WebhookSecret", "crates/convergence/src/config/"),
    ("ProviderKey", "crates/convergence/src/config/"),
    ("AlertUrl", "crates/convergence/src/config/"),
    ("HttpRequest", "crates/convergence/src/http/ext_authz/"),
    ("RawHeader", "crates/convergence/src/http/ext_authz/"),
];

/// These two print what is not secret in them, in words of their own; the tests of their crates look at it.
const SHOWN_IN_PART: [&str; 2] = ["Cell", "Credentials"];

#[test]
fn no_type_that_holds_a_secret_derives_debug() {
    for (name, folder) in SECRETS {
        let sources: Vec<String> = rust_below(folder).iter().map(|file| code(&file.text)).collect();
        let (mut declared, mut implemented) = (0, 0);
        for text in &sources {
            for kind in ["struct", "enum"] {
                let declaration = format!("{kind} {name}");
                for (at, _) in text.match_indices(&declaration) {
                    if text[at + declaration.len()..].starts_with(crate::repository::is_word) {
                        continue;
                    }
                    declared += 1;
                    let item = text[..at].rsplit("\n\n").next().unwrap_or_default();
                    assert!(!item.contains("Debug"), "{name} in {folder} derives Debug");
                }
            }
            implemented += usize::from(mentions(text, &format!("Debug for {name} ")));
            implemented += usize::from(mentions(text, &format!("Debug for {name}<")));
        }
        assert_eq!(declared, 1, "{name} is declared once in {folder}");
        assert!(implemented == 0 || SHOWN_IN_PART.contains(&name), "{name} in {folder} implements Debug");
    }
}
