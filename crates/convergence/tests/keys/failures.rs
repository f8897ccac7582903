//! Google refuses, breaks off, or does what it is asked and says that it did not.

use std::sync::Arc;

use testkit::{Fault, Times};

use crate::support::{Keys, ONE, TAB, TWO, TWO_KEYS, fingerprint};

#[tokio::test]
async fn p23_a_write_that_was_applied_and_answered_503_is_not_repeated() {
    for fault in [Fault::UnavailableAfterApplying, Fault::Reset, Fault::TruncatedBody] {
        let keys = Keys::in_sheet(TWO_KEYS).await;
        keys.google().inject_into_writes(fault.clone(), Times::Once);
        let key = keys.run(&["create", "--client", "New"]).well().key();
        assert_eq!((keys.list().len(), keys.google().writes()), (3, 1), "{fault:?}");
        assert!(keys.admits(&key));

        keys.google().inject_into_writes(fault.clone(), Times::Once);
        let new = keys.run(&["rotate", &fingerprint(ONE)]).well().key();
        assert_eq!((keys.list().len(), keys.google().writes()), (4, 3), "{fault:?}");
        assert!(keys.admits(&new));

        keys.google().inject_into_writes(fault, Times::Once);
        keys.run(&["revoke", &fingerprint(TWO)]).well();
        assert_eq!(keys.google().writes(), 4);
        assert!(!keys.admits(TWO));
    }
}

#[tokio::test]
async fn a_write_that_was_not_applied_is_sent_once_more() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.google().inject_into_writes(Fault::InternalError, Times::Once);
    let key = keys.run(&["create", "--client", "New"]).well().key();
    assert_eq!((keys.list().len(), keys.google().writes()), (3, 2));
    keys.google().inject_into_writes(Fault::InternalError, Times::Once);
    keys.run(&["revoke", &fingerprint(&key)]).well();
    assert!(!keys.admits(&key));
}

#[tokio::test]
async fn a_rotation_that_breaks_off_leaves_the_client_a_key_that_works() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    let google = Arc::clone(keys.google());
    // The first write goes well; the second finds the sheet shared for reading only.
    keys.google().before_next_write(|| ());
    keys.google().before_next_write(move || google.share_for_reading());
    let said = keys.run(&["rotate", &fingerprint(ONE)]).badly("convergence keys expire");
    assert!(said.err.contains("as editor"), "{}", said.err);
    assert!(keys.admits(&said.key()) && keys.admits(ONE));
}

#[tokio::test]
async fn who_may_only_read_is_told_whom_to_share_with() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.google().share_for_reading();
    let before = keys.google().cells(TAB);
    let one = fingerprint(ONE);
    for arguments in [
        vec!["create", "--client", "New"],
        vec!["revoke", &one],
        vec!["expire", &one, "--at", "7d"],
        vec!["rotate", &one],
        vec!["seal", "--yes"],
    ] {
        let said = keys.run(&arguments).badly("nothing was written");
        let email = keys.google().client_email();
        assert!(said.err.contains(&format!("share it with {email} as editor")), "{}", said.err);
        assert!(said.out.is_empty() || arguments[0] == "seal", "{}", said.out);
    }
    assert_eq!(keys.google().cells(TAB), before);
    keys.run(&["list"]).well();
    keys.run(&["check"]).well();
}

#[tokio::test]
async fn protected_cells_are_said_to_be() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.google().protect_tab(TAB);
    keys.run(&["revoke", &fingerprint(ONE)]).badly("the cells are protected");
    keys.run(&["create", "--client", "New"]).badly("the cells are protected");
    assert!(keys.admits(ONE));
}

#[tokio::test]
async fn what_is_wrong_with_the_set_up_is_said_as_serve_says_it() {
    let keys = Keys::in_sheet(TWO_KEYS).await;
    keys.google().rename_tab(TAB, "Schlüssel");
    keys.run(&["list"]).badly("its tabs are: Sheet1, Schlüssel");
    keys.google().share(false);
    keys.run(&["list"]).badly("is not shared with the account that reads it");
    keys.google().inject(Fault::QuotaExceeded, Times::Always);
    keys.run(&["list"]).badly("google's quota");
}
