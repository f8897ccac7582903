//! One fetch for all, and what a failed one leaves. Ends of tokens are set, not waited for.

use testkit::{Fault, Google, Times};

use super::*;
use crate::transport::Limits;

fn source(google: &Google) -> (TokenSource, Transport) {
    let credentials = Credentials::from_json(google.credentials_json().as_bytes()).unwrap();
    let endpoint = google.url().parse().unwrap();
    (TokenSource::new(credentials), Transport::new(&endpoint, Limits::USUAL).unwrap())
}

fn token() -> AccessToken {
    AccessToken(Arc::new(Secret::new("the same text".to_owned())))
}

/// Makes it time to renew the kept token, which ends in an hour, or has ended.
fn age(source: &TokenSource, ended: bool) {
    let now = Instant::now();
    let mut state = source.state();
    let kept = state.kept.as_mut().expect("a token is kept");
    kept.renew_at = now;
    kept.ends_at = if ended { now } else { now + Duration::from_hours(1) };
}

#[tokio::test]
async fn only_the_refused_token_is_dropped() {
    let google = Google::start().await;
    let (source, _) = source(&google);
    let (old, new) = (token(), token());
    let end = Instant::now() + RENEW_EARLY;
    source.state().kept = Some(Kept { token: new.clone(), renew_at: end, ends_at: end });

    source.forget(&old);
    assert!(source.state().fresh().is_some(), "a late refusal of the old one does not cost the new one");
    source.forget(&new);
    assert!(source.state().fresh().is_none());
}

#[tokio::test]
async fn an_outage_of_the_token_endpoint_leaves_the_present_token_in_use_until_it_ends() {
    let google = Google::start().await;
    let (source, transport) = source(&google);
    let first = source.token(&transport).await.unwrap();
    google.inject(Fault::TokenServerError, Times::Always);

    age(&source, false);
    let kept = source.token(&transport).await.unwrap();
    assert!(Arc::ptr_eq(&kept.0, &first.0));
    assert_eq!(google.token_requests(), 2, "it was tried");
    assert!(source.state().fresh().is_some(), "and is not tried again by every call");
    source.token(&transport).await.unwrap();
    assert_eq!(google.token_requests(), 2);

    age(&source, true);
    assert!(matches!(source.token(&transport).await, Err(Error::Server { .. })), "it has ended");
    google.heal();
    let second = source.token(&transport).await.unwrap();
    assert!(!Arc::ptr_eq(&second.0, &first.0));
}

#[tokio::test]
async fn whoever_has_a_working_token_does_not_wait_for_its_renewal() {
    let google = Google::start().await;
    let (source, transport) = source(&google);
    let first = source.token(&transport).await.unwrap();
    age(&source, false);
    let _renewing = source.fetching.lock().await;
    let present = source.token(&transport).await.unwrap();
    assert!(Arc::ptr_eq(&present.0, &first.0));
}

#[tokio::test]
async fn a_failed_fetch_is_the_same_error_for_all_who_waited_for_it() {
    let google = Google::start().await;
    let (source, transport) = source(&google);
    google.inject(Fault::AccountNotFound, Times::Once);
    // Joined, all twenty come before the first answer can.
    let calls = (0..20).map(|_| source.token(&transport));
    for outcome in futures_util::future::join_all(calls).await {
        assert!(matches!(outcome, Err(Error::TokenRejected(_))));
    }
    assert_eq!(google.token_requests(), 1);
    assert!(source.token(&transport).await.is_ok(), "whoever comes later tries anew");
    assert_eq!(google.token_requests(), 2);
}

#[test]
fn a_token_is_renewed_five_minutes_early() {
    let useful = |lifetime| useful_time(Duration::from_secs(lifetime)).as_secs();
    assert_eq!(useful(3599), 3299);
    assert_eq!(useful(300), 150, "a short one is not fetched for every call");
    assert_eq!(useful(0), 0);
    let issued = Issued { token: Secret::new("t".to_owned()), lifetime: Duration::MAX };
    let (start, day) = (Instant::now(), Duration::from_hours(24));
    assert_eq!(Kept::new(start, issued).ends_at, start + day, "no clock overflows");
}
