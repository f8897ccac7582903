//! Keys in a file.

use tempfile::TempDir;

use crate::support::{doctor, program};

const KEYS: &str =
    "api_key,client_name,is_active,rate_limit\nsk-convergence-abc123xyz,MyApp Production,TRUE,60\n";
const SETTINGS: [(&str, &str); 3] = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0")];

fn folder(keys: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    folder
}

#[test]
fn a_keys_file_has_its_own_checks() {
    let folder = folder(KEYS);
    let findings = doctor(folder.path(), &[&SETTINGS[..], &[("KEYS_TIME_ZONE", "Europe/Paris")]].concat());
    assert_eq!(findings.code, Some(0), "{:#?}", findings.lines);
    assert!(findings.one("keys file").contains("keys.csv has 2 lines"));
    assert!(findings.one("time zone").contains("Europe/Paris"));
    assert!(findings.of("rows")[0].contains("1 key of 1 client, 1 of them valid now"));
    assert!(findings.with("skipped").is_empty() && findings.of("token").is_empty());
}

#[test]
fn each_fault_of_a_file_is_said() {
    for (keys, check, words) in [
        ("api_key,client_name\na,b,c\n", "keys file", "line 2 has 3 fields where the first has 2"),
        ("api_key,client_name\na,b\n", "columns", "the header lacks is_active"),
        ("a,b\n", "columns", "no row of the first 10 holds api_key; row 1 holds A1 \"a\""),
        ("api_key,client_name,is_active,expires_at\na,b,TRUE,soon\n", "rows", "D2 (expires_at)"),
    ] {
        let findings = doctor(folder(keys).path(), &SETTINGS);
        assert_eq!(findings.code, Some(1), "{keys}");
        assert!(findings.of(check).iter().any(|line| line.contains(words)), "{:#?}", findings.lines);
    }
    let empty = TempDir::new().expect("a temporary folder");
    let findings = doctor(empty.path(), &SETTINGS);
    assert!(findings.one("keys file").contains("cannot be read"));
    assert_eq!(findings.one("rows"), "skipped: not checked, since keys file failed");
}

#[test]
fn every_wrong_setting_is_a_line_and_none_is_shown() {
    let folder = folder(KEYS);
    let settings = [("API_PORT", "sk-secret"), ("LOG_LEVEL", "sk-secret"), ("KEYS_TIME_ZONE", "sk-secret")];
    let findings = doctor(folder.path(), &settings);
    let lines = findings.of("settings");
    assert!(settings.iter().all(|(name, _)| lines.iter().any(|line| line.contains(name))), "{lines:#?}");
    assert!(!lines.concat().contains("secret"), "{lines:#?}");
    assert_eq!(findings.code, Some(1));

    std::fs::write(folder.path().join(".env"), "AUTH_ENABELD=true\nKEYS_FILE=keys.csv\nAPI_PORT=0\n")
        .expect("a file");
    let findings = doctor(folder.path(), &[]);
    let lines = findings.of("settings");
    assert!(lines.iter().any(|line| line.contains("AUTH_ENABELD")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("AUTH_ENABLED is not true")), "{lines:#?}");
    assert!(findings.of("rows")[0].contains("1 key"), "the rest is looked at as if it were on");
    assert_eq!(findings.code, Some(0));

    std::fs::write(folder.path().join(".env"), "what is this\n").expect("a file");
    let line = doctor(folder.path(), &[]).one("settings");
    assert!(line.starts_with("FAIL") && line.contains("not NAME=value"), "{line}");
}

#[test]
fn no_source_of_keys_is_a_failure_that_says_what_would_happen() {
    let folder = TempDir::new().expect("a temporary folder");
    let findings = doctor(folder.path(), &[("AUTH_ENABLED", "true"), ("API_PORT", "0")]);
    let line = findings.one("settings");
    assert!(line.starts_with("FAIL") && line.contains("WITHOUT AUTHENTICATION"), "{line}");
    assert_eq!(findings.code, Some(1));
}

#[test]
fn the_same_findings_as_a_table_and_as_csv() {
    let folder = folder(KEYS);
    let run = |arguments: &[&str]| {
        let output = program(folder.path(), arguments).envs(SETTINGS).output().expect("the program runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let table = run(&["doctor"]);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert!(table.lines().any(|line| words(line) == "settings ok keys come from KEYS_FILE"), "{table}");
    let csv = run(&["doctor", "--format", "csv"]);
    assert!(csv.starts_with("check,result,message\nsettings,ok,keys come from KEYS_FILE\n"), "{csv}");
    assert_eq!(table.lines().count(), csv.lines().count());
    let help = run(&["doctor", "--help"]);
    assert!(help.contains("write access") && help.contains("exit code is 1"), "{help}");
}
