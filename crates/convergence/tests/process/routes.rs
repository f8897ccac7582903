//! `ROUTES_FILE` as an operator has it: a start that is refused, SIGHUP, and commands that do not mind.

use std::process::Command;

use super::{GUARDED, Serving, folder_with_keys, run};

const BAD: &str = "[[route]]\nprefix = \"v1\"\n\n[[route]]\nscopes = [\"read\"]\n";

fn settings<'a>() -> Vec<(&'a str, &'a str)> {
    [GUARDED, &[("ROUTES_FILE", "routes.toml")]].concat()
}

#[test]
fn a_bad_file_keeps_the_server_from_starting_and_no_command_from_working() {
    let folder = folder_with_keys();
    let missing = run(folder.path(), &["serve"], &settings());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("ROUTES_FILE: the file cannot be read"));
    std::fs::write(folder.path().join("routes.toml"), BAD).expect("a file");
    let output = run(folder.path(), &["serve"], &settings());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("ROUTES_FILE: line 2: prefix must be"), "{said}");
    assert!(said.contains("ROUTES_FILE: line 4: it has no prefix"), "{said}");
    let listed = run(folder.path(), &["keys", "list"], &settings());
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}

#[test]
fn a_hangup_reads_the_file_at_once_and_a_bad_one_is_said_and_not_used() {
    let folder = folder_with_keys();
    let file = folder.path().join("routes.toml");
    std::fs::write(&file, "[[route]]\nprefix = \"/v1\"\n").expect("a file");
    let mut serving = Serving::start(folder.path(), &["serve"], &settings());
    // The first change is found by looking, which shows that somebody looks.
    std::fs::write(&file, "[[route]]\nprefix = \"/v2\"\n").expect("a file");
    serving.line_with("routes are read");
    let hang_up = |serving: &mut Serving| {
        serving.seen.clear();
        let sent = Command::new("kill").arg("-HUP").arg(serving.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()));
    };
    hang_up(&mut serving);
    serving.line_with("routes are read");
    std::fs::write(&file, BAD).expect("a file");
    hang_up(&mut serving);
    let line = serving.line_with("line 4: it has no prefix");
    assert!(line.contains("ERROR"), "{line}");
    serving.line_with("the routes stay as they were before");
    assert_eq!(serving.terminate().0, Some(0));
}
