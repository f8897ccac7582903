//! The systemd units to paste are units.

use std::io::ErrorKind;
use std::process::Command;

use crate::repository::{fenced, read};

const SERVICE: &str = "convergence.service";
const SOCKET: &str = "convergence.socket";

/// The unit that follows its path in the document.
fn unit(name: &str) -> String {
    let document = read("docs/self-host.md");
    let mark = format!("`/etc/systemd/system/{name}`:\n");
    let after = document.split_once(&mark).unwrap_or_else(|| panic!("docs/self-host.md has no {name}")).1;
    fenced(after, "ini").swap_remove(0)
}

fn value<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

#[test]
fn the_units_are_lines_of_sections_and_the_socket_is_the_default_address() {
    for name in [SERVICE, SOCKET] {
        let unit = unit(name);
        assert!(unit.starts_with("[Unit]\n"), "{name}");
        for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let section = line.starts_with('[') && line.ends_with(']');
            let setting = line.split_once('=').is_some_and(|(key, _)| key.chars().all(char::is_alphanumeric));
            assert!(section || setting, "{name}: {line}");
        }
    }
    let socket = unit(SOCKET);
    assert_eq!(value(&socket, "ListenStream"), Some("127.0.0.1:8000"));
    assert_eq!(value(&socket, "FileDescriptorName"), Some("public"));
    assert_eq!(value(&socket, "Accept"), None);
}

/// Where systemd is installed; elsewhere the test above has to do.
#[test]
fn systemd_finds_nothing_to_say_about_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in [SERVICE, SOCKET] {
        // It looks whether the program is there.
        let unit = unit(name).replace("/usr/local/bin/convergence", env!("CARGO_BIN_EXE_convergence"));
        std::fs::write(folder.path().join(name), unit).expect("a unit");
    }
    let paths = [SERVICE, SOCKET].map(|name| folder.path().join(name));
    match Command::new("systemd-analyze").arg("verify").args(paths).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
    }
}
