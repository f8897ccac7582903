//! The token is fetched once, kept, and replaced when it does not work.

use std::sync::Arc;
use std::time::Duration;

use sheets::Error;
use testkit::{Fault, Google, Times};

use crate::support::{failure, spreadsheet};

#[tokio::test]
async fn twenty_cold_calls_fetch_one_token() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = Arc::new(spreadsheet(&google));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let spreadsheet = Arc::clone(&spreadsheet);
        calls.spawn(async move { spreadsheet.values("Keys").await.is_ok() });
    }
    assert!(calls.join_all().await.into_iter().all(|ok| ok));
    assert_eq!((google.token_requests(), google.reads()), (1, 20));
}

#[tokio::test]
async fn a_token_that_stops_working_is_replaced_within_the_call() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = spreadsheet(&google);
    spreadsheet.values("Keys").await.unwrap();

    google.inject(Fault::ExpireTokens, Times::Once);
    spreadsheet.values("Keys").await.unwrap();
    assert_eq!((google.token_requests(), google.reads()), (2, 3), "refused once, renewed once");
    spreadsheet.properties().await.unwrap();
    assert_eq!(google.token_requests(), 2, "the new one is kept");
}

#[tokio::test]
async fn a_new_token_that_does_not_work_either_is_an_error_after_two_tries() {
    let google = Google::start().await;
    let spreadsheet = spreadsheet(&google);
    google.inject(Fault::ExpireTokens, Times::Always);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(error, Error::Unauthorised), "{error:?}");
    assert!(error.to_string().contains("check that the account is enabled"));
    assert!(!error.is_transient());
    assert_eq!((google.token_requests(), google.reads()), (2, 2));
}

#[tokio::test]
async fn many_calls_refused_at_once_renew_the_token_together() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = Arc::new(spreadsheet(&google));
    spreadsheet.values("Keys").await.unwrap();

    google.inject(Fault::ExpireTokens, Times::Once);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let spreadsheet = Arc::clone(&spreadsheet);
        calls.spawn(async move { spreadsheet.values("Keys").await.is_ok() });
    }
    assert!(calls.join_all().await.into_iter().all(|ok| ok));
    assert_eq!(google.token_requests(), 2, "whoever sees the old token refused drops only that one");
}

#[tokio::test]
async fn a_token_at_its_end_is_renewed_before_it_is_used() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    google.set_token_lifetime(Duration::ZERO);
    let spreadsheet = spreadsheet(&google);
    for _ in 0..3 {
        spreadsheet.values("Keys").await.unwrap();
    }
    assert_eq!((google.token_requests(), google.reads()), (3, 3), "none was refused");
}

#[tokio::test]
async fn a_call_given_up_lets_the_next_one_fetch() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = spreadsheet(&google);
    // Polled once, the call holds the turn to fetch; dropped, it must give it back.
    let call = spreadsheet.values("Keys");
    tokio::select! {
        biased;
        _ = call => panic!("nothing can have been answered yet"),
        () = std::future::ready(()) => {}
    }
    assert!(spreadsheet.values("Keys").await.is_ok());
}
