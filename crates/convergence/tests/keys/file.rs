//! What becomes of the file itself.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::support::{Keys, ONE, TWO_KEYS, fingerprint};

#[test]
fn every_byte_but_the_cells_that_change_stays() {
    let keys = Keys::in_file(TWO_KEYS);
    let file = "\u{feff}Notes;api_key;Client Name;is_active;;expires_at\r\n\r\n\
        \"a;\"\"b\"\"\r\nc\";sk-convergence-one-one-one;\" MyApp\";yes;  ;\"2099-01-01\"\r\n\
        ;sk-convergence-two-two-two;Other;TRUE;x;\r\n\r\n";
    std::fs::write(keys.path(), file).expect("a keys file");
    keys.run(&["revoke", &fingerprint(ONE)]).well();
    keys.run(&["expire", &fingerprint(ONE), "--at", "2098-01-01"]).well();
    let expected = file.replace("yes", "FALSE").replace("\"2099-01-01\"", "2098-01-01 00:00:00");
    assert_eq!(std::fs::read_to_string(keys.path()).expect("the file"), expected);

    let key = keys.run(&["create", "--client", "A; B"]).well().key();
    let expected = format!("{expected};{key};\"A; B\";TRUE;;\r\n");
    assert_eq!(std::fs::read_to_string(keys.path()).expect("the file"), expected);
}

#[test]
fn a_last_line_without_an_end_gets_one() {
    let keys = Keys::in_file(&[]);
    std::fs::write(keys.path(), "api_key,client_name,is_active").expect("a keys file");
    let key = keys.run(&["create", "--client", "A"]).well().key();
    let file = std::fs::read_to_string(keys.path()).expect("the file");
    assert_eq!(file, format!("api_key,client_name,is_active\n{key},A,TRUE\n"));
}

#[test]
fn the_file_keeps_its_permissions_and_a_link_stays_a_link() {
    let keys = Keys::in_file(TWO_KEYS);
    let real = keys.folder.path().join("real.csv");
    std::fs::rename(keys.path(), &real).expect("a rename");
    std::os::unix::fs::symlink("real.csv", keys.path()).expect("a link");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("permissions");
    keys.run(&["revoke", &fingerprint(ONE)]).well();
    assert!(keys.path().is_symlink());
    assert_eq!(std::fs::metadata(&real).expect("the file").mode() & 0o777, 0o640);
    let left: Vec<_> = std::fs::read_dir(keys.folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 2, "no temporary file is left");
}

#[test]
fn p03_times_are_written_on_the_files_own_clocks() {
    let mut keys = Keys::in_file(TWO_KEYS);
    keys.time_zone = "Europe/Paris";
    keys.run(&["expire", &fingerprint(ONE), "--at", "2099-07-01T10:00:00Z"]).well();
    assert_eq!(keys.rows()[1][3], "2099-07-01 12:00:00");
    // The clocks show 02:30 twice that night; this is the second time.
    keys.run(&["expire", &fingerprint(ONE), "--at", "2026-10-25T01:30:00Z"]).well();
    assert_eq!(keys.rows()[1][3], "2026-10-25T01:30:00Z");
}

#[test]
fn a_broken_file_is_not_touched() {
    let keys = Keys::in_file(&[TWO_KEYS[0], "sk-convergence-one-one-one,MyApp"]);
    let before = std::fs::read(keys.path()).expect("the file");
    keys.run(&["revoke", &fingerprint(ONE)]).badly("line 2 has 2 fields where the first has 8");
    keys.run(&["create", "--client", "A"]).badly("the keys file is broken");
    assert_eq!(std::fs::read(keys.path()).expect("the file"), before);
    std::fs::remove_file(keys.path()).expect("it was there");
    keys.run(&["list"]).badly("cannot be read");
}

#[test]
fn many_at_once_lose_nothing() {
    let keys = Keys::in_file(TWO_KEYS);
    let made = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| keys.run(&["create", "--client", "A"]))).collect();
        let done = runs.into_iter().map(|run| run.join().expect("a run"));
        let made: Vec<String> = done.filter(|said| said.code == Some(0)).map(|said| said.key()).collect();
        made
    });
    assert!(!made.is_empty());
    assert_eq!(keys.list().len(), 2 + made.len(), "every key that was printed is there, and no other");
    assert!(made.iter().all(|key| keys.admits(key)));
}
