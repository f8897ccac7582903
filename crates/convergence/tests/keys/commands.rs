//! Each command over both sources.

use serde_json::{Value, json};

use crate::support::{HEADER, Keys, ONE, TWO, TWO_KEYS, fingerprint, now, unix};

#[tokio::test]
async fn p24_a_list_shows_every_row_and_no_key() {
    let lines = &[
        TWO_KEYS,
        &[
            "sk-convergence-off,Off,,,FALSE,,,",
            "sk-convergence-gone,Gone,,2020-01-01,TRUE,,,",
            "sk-convergence-back,Back,,,TRUE,,2020-01-01,",
            "sk-convergence-bad,Bad,,soon,TRUE,,,",
            "sk-convergence-twin,Twin,,,TRUE,,,",
            "sk-convergence-twin,Twin,,,TRUE,,,",
            "sk-convergence-slip,sk-convergence-one-one-one,,,TRUE,,,",
        ],
    ]
    .concat();
    for keys in Keys::in_both(lines).await {
        let states: Vec<Value> = keys.list().into_iter().map(|row| row["state"].clone()).collect();
        let expected = [
            "active",
            "active",
            "inactive",
            "expired",
            "revoked",
            "unreadable",
            "duplicate",
            "duplicate",
            "active",
        ];
        assert_eq!(states, expected);
        let expected = json!({
            "fingerprint": fingerprint(TWO), "client_name": "Other", "state": "active", "rate_limit": null,
            "created_at": "2025-07-07T10:00:00Z", "expires_at": "2099-12-31T23:59:59Z", "revoked_at": null,
            "restrictions": {"scopes": ["write"]}, "row": 3,
        });
        assert_eq!(keys.listed(TWO), expected);

        let csv = keys.run(&["list", "--client", "MyApp", "--format", "csv"]).well();
        let row = format!("{},MyApp,active,60,2025-07-06T10:00:00Z,,,scopes read,2\n", fingerprint(ONE));
        assert_eq!(csv.out.lines().count(), 2, "{}", csv.out);
        assert!(csv.out.ends_with(&row), "{}", csv.out);
        assert!(csv.err.contains("convergence keys check"), "{}", csv.err);
    }
}

#[tokio::test]
async fn p08_a_created_key_works_and_is_shown_once() {
    for keys in Keys::in_both(TWO_KEYS).await {
        let before = now();
        let said = keys.run(&["create", "--client", "New", "--rate-limit", "5", "--expires", "30d"]).well();
        let key = said.key();
        assert!(!said.err.contains(&key), "{}", said.err);
        assert!(said.err.contains("row 4"), "{}", said.err);
        let row = keys.listed(&key);
        assert_eq!(
            (&row["client_name"], &row["rate_limit"], &row["row"]),
            (&json!("New"), &json!(5), &json!(4))
        );
        assert!((before..=now()).contains(&unix(&row["created_at"])), "{row}");
        assert_eq!(unix(&row["expires_at"]), unix(&row["created_at"]) + 30 * 86_400);
        assert_eq!(keys.rows()[3][0], key);
        assert!(keys.admits(&key));
        assert_eq!(keys.rows()[..3], Keys::in_file(TWO_KEYS).rows()[..3], "the other rows stay");
    }
}

#[tokio::test]
async fn a_key_is_created_with_restrictions_and_rotated_with_them() {
    let header = format!("{HEADER},allowed_ips,methods,environment");
    let lines = [&*header, "sk-convergence-one-one-one,MyApp,2025-07-06 10:00:00,,TRUE,60,,,,,"];
    for keys in Keys::in_both(&lines).await {
        let flags = ["--scopes", "read, jobs:write", "--allowed-ips", "10.0.0.0/8 ::1", "--methods", "get"];
        let said =
            keys.run(&[&["create", "--client", "New", "--environment", "production"], &flags[..]].concat());
        let key = said.well().key();
        let expected = json!({
            "allowed_ips": ["10.0.0.0/8", "::1"], "environment": ["production"], "methods": ["GET"],
            "scopes": ["jobs:write", "read"],
        });
        assert_eq!(keys.listed(&key)["restrictions"], expected);
        let rotated = keys.run(&["rotate", &fingerprint(&key)]).well().key();
        assert_eq!(keys.listed(&rotated)["restrictions"], expected);

        let rows = keys.rows();
        for (flag, value, words) in [
            ("--allowed-ips", "10.0.0.1/8", "--allowed-ips: \"10.0.0.1/8\" is not a list of addresses"),
            ("--methods", "*", "--methods: "),
            ("--scopes", " ", "--scopes is empty"),
            ("--environment", "a/b", "--environment: "),
        ] {
            keys.run(&["create", "--client", "New", flag, value]).badly(words);
        }
        assert_eq!(keys.rows(), rows, "nothing was written");
    }
    let without = Keys::in_file(TWO_KEYS);
    without.run(&["create", "--client", "New", "--methods", "GET"]).badly("add a header cell methods");
}

#[tokio::test]
async fn a_key_is_created_with_quotas_and_rotated_with_them() {
    let header = format!("{HEADER},rate_limit_day,rate_limit_month,shadow_rate_limit,audio_minutes_day");
    let lines = [&*header, "sk-convergence-one-one-one,MyApp,2025-07-06 10:00:00,,TRUE,60,,,,,many,lots"];
    for keys in Keys::in_both(&lines).await {
        let flags = ["--rate-limit-day", "1000", "--rate-limit-month", "20000", "--shadow-rate-limit", "30"];
        let flags = [&flags[..], &["--audio-minutes-day", "0.29"]].concat();
        let key = keys.run(&[&["create", "--client", "New"], &flags[..]].concat()).well().key();
        let limits = |key: &str| {
            let row = keys.listed(key);
            ["rate_limit_day", "rate_limit_month", "shadow_rate_limit", "audio_minutes_day"]
                .map(|column| row[column].clone())
        };
        assert_eq!(limits(&key), [json!(1_000), json!(20_000), json!(30), json!(0.29)]);
        let csv = keys.run(&["list", "--client", "New", "--format", "csv"]).well().out;
        let columns =
            "rate_limit,rate_limit_day,rate_limit_month,shadow_rate_limit,audio_minutes_day,created_at";
        assert!(csv.contains(columns) && csv.contains(",active,,1000,20000,30,0.29,2"), "{csv}");
        let rotated = keys.run(&["rotate", &fingerprint(&key)]).well().key();
        assert_eq!(limits(&rotated), limits(&key));
        let said = keys.run(&["explain", &fingerprint(&rotated)]).well().out;
        assert!(
            said.contains("1000 a day, 20000 a month, 0.29 minutes of sound a day")
                && said.contains("30 in any 60 s"),
            "{said}"
        );
        let check = keys.run(&["check"]);
        assert!(check.out.contains("shadow_rate_limit") && check.out.contains("such as 60"), "{}", check.out);
        assert!(check.out.contains("audio_minutes_day") && check.out.contains("30 or 0.5"), "{}", check.out);
        let (rows, largest) = (keys.rows(), "1000000000000000");
        for flag in [
            ["--rate-limit-day", largest],
            ["--shadow-rate-limit", "4294967296"],
            ["--audio-minutes-day", "1.125"],
            ["--audio-minutes-day", "-1"],
            ["--audio-minutes-day", "NaN"],
            ["--audio-minutes-day", "1000001"],
        ] {
            let said = keys.run(&[&["create", "--client", "New"], &flag[..]].concat());
            assert_eq!(said.code, Some(2), "{}", said.err);
        }
        assert_eq!(keys.rows(), rows, "nothing was written");
    }
    let without = Keys::in_file(TWO_KEYS);
    without
        .run(&["create", "--client", "A", "--rate-limit-day", "5"])
        .badly("add a header cell rate_limit_day");
}

#[tokio::test]
async fn p08_with_hash_no_secret_stands_in_the_table() {
    for keys in Keys::in_both(TWO_KEYS).await {
        let key = keys.run(&["create", "--client", "New", "--hash"]).well().key();
        let cell = &keys.rows()[3][0];
        assert!(cell.starts_with("sha256:") && cell.len() == 71 && !cell.contains(&key), "{cell}");
        assert!(keys.admits(&key));
    }
}

#[tokio::test]
async fn a_first_key_goes_below_the_header() {
    for keys in Keys::in_both(&["client_name,is_active,api_key"]).await {
        let key = keys.run(&["create", "--client", "First"]).well().key();
        assert_eq!(keys.rows()[1], ["First", "TRUE", &key]);
    }
}

#[tokio::test]
async fn a_client_name_is_text_whatever_it_looks_like() {
    for keys in Keys::in_both(TWO_KEYS).await {
        for client in ["=1+1", "+49 30", "@SUM(A1)", "TRUE", "007"] {
            let key = keys.run(&["create", "--client", client]).well().key();
            assert_eq!(keys.listed(&key)["client_name"], client);
        }
        assert_eq!(keys.rows()[3][1], "=1+1");
        let count = keys.rows().len();
        for client in ["#REF!", "  ", "Loading..."] {
            assert_eq!(keys.run(&["create", "--client", client]).code, Some(1), "{client}");
        }
        assert_eq!(keys.rows().len(), count, "a name that cannot be read back is not written");
    }
}

#[tokio::test]
async fn p02_a_column_that_is_needed_and_missing_is_named() {
    let lines = ["api_key,client_name,is_active", "sk-convergence-one-one-one,MyApp,TRUE"];
    for keys in Keys::in_both(&lines).await {
        let one = fingerprint(ONE);
        let add = |column: &str| format!("the table has no column {column}; add a header cell {column}");
        keys.run(&["create", "--client", "A", "--rate-limit", "5"]).badly(&add("rate_limit"));
        keys.run(&["create", "--client", "A", "--expires", "7d"]).badly(&add("expires_at"));
        keys.run(&["expire", &one, "--at", "7d"]).badly(&add("expires_at"));
        keys.run(&["rotate", &one]).badly(&add("expires_at"));
        assert_eq!(keys.rows().len(), 2);
        // Without the column for the moment a key is revoked all the same.
        let said = keys.run(&["revoke", &one]).well();
        assert!(said.err.contains("no column revoked_at"), "{}", said.err);
        assert!(!keys.admits(ONE));
    }
}

#[tokio::test]
async fn p09_a_revoked_key_is_refused_in_all_its_rows() {
    let lines = &[TWO_KEYS, &["sk-convergence-one-one-one,MyApp,,,TRUE,,,"]].concat();
    for keys in Keys::in_both(lines).await {
        let before = now();
        keys.run(&["revoke", &fingerprint(ONE)]).well();
        let (rows, listed) = (keys.rows(), keys.list());
        assert_eq!((&*rows[1][4], &*rows[3][4], &*rows[2][4]), ("FALSE", "FALSE", "TRUE"));
        for place in [0, 2] {
            let at = unix(&listed[place]["revoked_at"]);
            assert!((before..=now()).contains(&at));
        }
        assert!(!keys.admits(ONE) && keys.admits(TWO));

        let said = keys.run_with(&["revoke", "-"], &format!("{ONE}\n")).well();
        assert!(said.err.contains("revoked already"), "{}", said.err);
        assert_eq!(keys.rows(), rows, "nothing was changed");
    }
}

#[tokio::test]
async fn p09_an_expiry_is_set_moved_and_cleared() {
    for keys in Keys::in_both(TWO_KEYS).await {
        let two = fingerprint(TWO);
        keys.run(&["expire", &two, "--at", "2098-01-02 03:04:05"]).well();
        assert_eq!(keys.listed(TWO)["expires_at"], "2098-01-02T03:04:05Z");
        let rows = keys.rows();
        let said = keys.run(&["expire", &two, "--at", "2098-01-02T05:04:05+02:00"]).well();
        assert!(said.err.contains("already"), "{}", said.err);
        assert_eq!(keys.rows(), rows);
        keys.run(&["expire", &two, "--at", "2020-01-01"]).well();
        assert!(!keys.admits(TWO) && keys.admits(ONE));
        keys.run(&["expire", &two, "--at", "never"]).well();
        assert_eq!(keys.listed(TWO)["expires_at"], Value::Null);
        assert!(keys.admits(TWO));
        keys.run(&["expire", &two, "--at", "31/12/2026"]).badly("this is not a moment; give now, 24h");
    }
}

#[tokio::test]
async fn p08_sealed_keys_work_as_before() {
    let lines =
        &[TWO_KEYS, &["sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,C,,,TRUE,,,"]]
            .concat();
    for keys in Keys::in_both(lines).await {
        let before = keys.rows();
        let shown = keys.run(&["seal", "--format", "csv"]).badly("add --yes");
        let expected = format!(
            "fingerprint,client_name,row\n{},MyApp,2\n{},Other,3\n",
            fingerprint(ONE),
            fingerprint(TWO)
        );
        assert_eq!(shown.out, expected);
        assert_eq!(keys.rows(), before, "nothing happens before the answer");

        let listed = keys.list();
        keys.run(&["seal", "--yes"]).well();
        let after = keys.rows();
        assert!(after[1..].iter().all(|row| row[0].starts_with("sha256:")), "{after:?}");
        assert_eq!(keys.list(), listed);
        assert!(keys.admits(ONE) && keys.admits(TWO));
        let again = keys.run(&["seal", "--yes"]).well();
        assert!(again.err.contains("Nothing was changed"), "{}", again.err);
    }
}

#[tokio::test]
async fn p04_check_names_every_cell_that_is_wrong() {
    let good =
        [HEADER, "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,A,,,TRUE,5,,"];
    let soon = jiff::Timestamp::from_second(now() + 86_400).expect("a moment").to_string();
    let soon = format!("sk-convergence-soon,a,,{soon},TRUE,,,");
    let bad = [
        HEADER,
        "sk-convergence-one-one-one,MyApp,,soon,TRUE,lots,,",
        "sk-convergence-one-one-one,MyApp,,,TRUE,,,",
        "sk-convergence-x,,,,TRUE,,,",
        &soon,
        "sk-convergence-y,A,,,perhaps,,,",
    ];
    for (fine, keys) in Keys::in_both(&good).await.into_iter().zip(Keys::in_both(&bad).await) {
        assert_eq!(fine.run(&["check", "--format", "json"]).well().json(), json!([]));

        let said = keys.run(&["check", "--format", "json"]).badly("5 problems");
        let findings = said.json();
        let brief: Vec<String> = findings
            .as_array()
            .expect("an array")
            .iter()
            .map(|found| {
                format!(
                    "{} {}",
                    found["level"].as_str().unwrap_or("?"),
                    found["cell"].as_str().unwrap_or("-")
                )
            })
            .collect();
        let expected = [
            "refused F2",
            "refused D2",
            "warning A3",
            "refused B4",
            "warning E6",
            "note B6",
            "note D5",
            "note -",
        ];
        assert_eq!(brief, expected);
        assert!(
            findings.as_array().expect("an array").iter().all(|found| found["action"] != ""),
            "{findings}"
        );
    }
}

#[tokio::test]
async fn explain_tells_each_step_as_the_gate_decides() {
    let lines = &[TWO_KEYS, &["sk-convergence-none,None,,,TRUE,0,,", "sk-convergence-bad,Bad,,soon,TRUE,,,"]]
        .concat();
    for keys in Keys::in_both(lines).await {
        let passed = |said: &crate::support::Said| -> Vec<String> {
            let word = |step: &Value| step["passed"].as_str().expect("a word").to_owned();
            said.json().as_array().expect("an array").iter().map(word).collect()
        };
        let good = keys.run(&["explain", &fingerprint(TWO), "--format", "json"]).well();
        assert_eq!(passed(&good), ["yes", "yes", "yes", "yes", "yes", "yes", "depends", "yes", "yes"]);
        assert!(good.out.contains("scopes write"), "{}", good.out);
        assert!(good.out.contains("200, until 2100-01-01T00:00:00Z"), "{}", good.out);
        for (key, code, step) in [
            ("sk-convergence-none", "429 rate_limit_exceeded", 7),
            ("sk-convergence-bad", "401 inactive_api_key", 2),
            ("sk-convergence-unknown", "401 unknown_api_key", 1),
            ("sk convergence", "401 authentication_required", 0),
        ] {
            let said = keys.run_with(&["explain", "-", "--format", "json"], key).badly(code);
            assert_eq!(passed(&said).iter().position(|word| word == "no"), Some(step), "{}", said.out);
        }
        keys.run(&["explain", "0123456789ab"]).badly("no row holds this key");
        let bad = keys.run(&["explain", &fingerprint("sk-convergence-bad")]);
        assert!(bad.out.contains("D5 (expires_at)"), "{}", bad.out);
    }
}

#[test]
fn without_a_source_every_command_says_what_to_set() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for arguments in
        [vec!["list"], vec!["check"], vec!["create", "--client", "A"], vec!["revoke", "0123456789ab"]]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_convergence"));
        let output = command.current_dir(folder.path()).env_clear().arg("keys").args(&arguments).output();
        let output = output.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("set KEYS_FILE, or GOOGLE_CREDENTIALS_PATH and GOOGLE_SHEET_ID"), "{said}");
    }
}

#[test]
fn help_tells_how_a_key_is_given_and_what_exit_codes_mean() {
    for name in ["list", "create", "revoke", "expire", "rotate", "seal", "check", "explain"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_convergence"));
        let output = command.args(["keys", name, "--help"]).output().expect("the program runs");
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        let words: Vec<&str> = help.split_whitespace().collect();
        let help = words.join(" ");
        for said in [
            "or - to read either from standard input",
            "Exit codes: 0 done",
            "--keys-file",
            "--google-sheet-id",
        ] {
            assert!(help.contains(said), "`keys {name} --help` does not say {said:?}: {help}");
        }
        assert!(!help.contains("--api-port"), "{help}");
    }
}
