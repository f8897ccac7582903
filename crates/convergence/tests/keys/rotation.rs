//! `keys rotate`.

use serde_json::Value;

use crate::support::{HEADER, Keys, ONE, TWO, TWO_KEYS, fingerprint, now, unix};

const DAY: i64 = 86_400;

#[tokio::test]
async fn p12_a_rotated_key_has_a_second_row_and_an_end() {
    for keys in Keys::in_both(TWO_KEYS).await {
        let one = fingerprint(ONE);
        let before = now();
        let new = keys.run(&["rotate", &one, "--grace", "2d"]).well().key();
        let (old, row) = (keys.listed(ONE), keys.listed(&new));
        assert!((before..=now()).contains(&(unix(&old["expires_at"]) - 2 * DAY)), "{old}");
        assert_eq!((&row["client_name"], &row["rate_limit"]), (&old["client_name"], &old["rate_limit"]));
        assert_eq!(row["expires_at"], Value::Null);
        assert!(unix(&row["created_at"]) >= before);
        assert_eq!(keys.rows()[3][7], "read", "what stands in other columns is copied");
        assert!(keys.admits(ONE) && keys.admits(&new));

        let rows = keys.rows();
        for grace in ["2d", "7d"] {
            let said = keys.run(&["rotate", &one, "--grace", grace]).well();
            assert!(said.out.is_empty() && said.err.contains(&fingerprint(&new)), "{}{}", said.out, said.err);
            assert_eq!(keys.rows(), rows, "run twice, it makes no third");
        }
        let third = keys.run(&["rotate", &one, "--again"]).well().key();
        assert_eq!(keys.list().len(), 4);
        assert_eq!(keys.listed(ONE)["expires_at"], old["expires_at"], "never later than it was");
        assert!(keys.admits(&third));
    }
}

#[tokio::test]
async fn every_key_of_a_client_is_rotated_by_itself() {
    let lines = &[TWO_KEYS, &["sk-convergence-three,MyApp,2025-07-06 10:00:00,,TRUE,60,,read"]].concat();
    for keys in Keys::in_both(lines).await {
        keys.run(&["rotate", &fingerprint(ONE)]).well().key();
        keys.run(&["rotate", &fingerprint("sk-convergence-three")]).well().key();
        assert_eq!(keys.list().len(), 5);
    }
}

#[tokio::test]
async fn the_new_key_ends_with_the_old_unless_it_is_told_otherwise() {
    for keys in Keys::in_both(TWO_KEYS).await {
        let new = keys.run(&["rotate", &fingerprint(TWO), "--hash"]).well().key();
        assert_eq!(keys.listed(&new)["expires_at"], "2099-12-31T23:59:59Z");
        assert!(keys.rows()[3][0].starts_with("sha256:"));
        let one = keys.run(&["rotate", &fingerprint(ONE), "--expires", "2098-01-01"]).well().key();
        assert_eq!(keys.listed(&one)["expires_at"], "2098-01-01T00:00:00Z");
    }
}

#[tokio::test]
async fn a_key_that_does_not_work_is_not_rotated() {
    let lines = [
        HEADER,
        "sk-convergence-off,A,,,FALSE,,,",
        "sk-convergence-gone,A,,2020-01-01,TRUE,,,",
        "sk-convergence-bad,A,,soon,TRUE,,,",
        "sk-convergence-twin,A,,,TRUE,,,",
        "sk-convergence-twin,A,,,TRUE,,,",
    ];
    for keys in Keys::in_both(&lines).await {
        for (key, why) in [
            ("sk-convergence-off", "is not active"),
            ("sk-convergence-gone", "has expired"),
            ("sk-convergence-bad", "cannot be read"),
            ("sk-convergence-twin", "stands in rows 5, 6"),
        ] {
            keys.run(&["rotate", &fingerprint(key)]).badly(why);
        }
        keys.run(&["rotate", &fingerprint("sk-convergence-off"), "--grace", "soon"]).badly("--grace");
        assert_eq!(keys.rows().len(), 6);
    }
}
