//! The account of the machine: tokens from the metadata server.

use sheets::{Credentials, Error, Service, TokenRejection};
use testkit::{Desk, Fault, Google, Identity, Times};

use crate::support::{failure, failure_by, spreadsheet_by, with_identity};

fn machine(identity: &Identity) -> Credentials {
    Credentials::of_machine(Some(&identity.metadata_host())).expect("a host and a port")
}

#[tokio::test]
async fn a_sheet_is_read_by_the_machines_account_whose_address_is_learnt() {
    let (google, identity) = with_identity().await;
    let spreadsheet = spreadsheet_by(&google, &identity, machine(&identity));
    for _ in 0..3 {
        spreadsheet.values("Keys").await.unwrap();
    }
    assert_eq!((identity.asked(Desk::Metadata), identity.asked(Desk::Email)), (1, 1));
    assert_eq!(identity.projects(), [None, None, None]);

    google.share(false);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(&error, Error::NotShared { client_email } if client_email == google.client_email()));
    assert_eq!(identity.complaints(), [""; 0]);
}

#[tokio::test]
async fn a_machine_whose_account_has_no_address_is_told_apart_in_words() {
    let (google, identity) = with_identity().await;
    google.share(false);
    for (status, body) in [(404, "not found"), (200, "testkit.svc.id.goog"), (200, "<b>@</b> x")] {
        identity.trouble(Desk::Email, status, body);
        let error = failure_by(&google, &identity, machine(&identity)).await;
        assert!(error.to_string().contains("share it with the service account of this machine"), "{error}");
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_about_the_vm_and_not_about_sharing() {
    let (google, identity) = with_identity().await;
    google.inject(Fault::InsufficientScope, Times::Always);
    let error = failure_by(&google, &identity, machine(&identity)).await;
    assert!(matches!(error, Error::ScopeOfMachine), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("the vm's access scopes") && !message.contains("share"), "{message}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn where_no_metadata_server_answers_there_are_no_default_credentials() {
    let (google, identity) = with_identity().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // The API's server answers in JSON, but never says that it is a metadata server.
    for host in [port.to_string(), google.url().trim_start_matches("http://").to_owned()] {
        let credentials = Credentials::of_machine(Some(&host)).unwrap();
        let error = failure_by(&google, &identity, credentials).await;
        assert!(matches!(error, Error::NoDefaultCredentials), "{error:?}");
        assert!(error.to_string().contains("GOOGLE_APPLICATION_CREDENTIALS is not set"), "{error}");
    }
}

#[tokio::test]
async fn each_refusal_of_the_metadata_server_has_its_own_words() {
    let (google, identity) = with_identity().await;
    identity.trouble(Desk::Metadata, 404, "<html>");
    let error = failure_by(&google, &identity, machine(&identity)).await;
    assert!(matches!(error, Error::TokenRejected(TokenRejection::NoMachineAccount)), "{error:?}");
    assert!(error.to_string().contains("attach one"), "{error}");

    identity.trouble(Desk::Metadata, 503, "");
    let error = failure_by(&google, &identity, machine(&identity)).await;
    assert!(error.is_transient() && error.to_string().starts_with("the metadata server answered 503"));

    identity.trouble(Desk::Metadata, 400, "");
    let error = failure_by(&google, &identity, machine(&identity)).await;
    assert!(matches!(error, Error::TokenRejected(TokenRejection::Other { status: 400 })), "{error:?}");

    identity.trouble(Desk::Metadata, 307, google.url());
    let error = failure_by(&google, &identity, machine(&identity)).await;
    assert!(matches!(error, Error::TokenRejected(TokenRejection::Other { status: 307 })), "not followed");
}

#[tokio::test]
async fn a_metadata_server_that_was_there_and_is_gone_is_an_outage() {
    let (google, identity) = with_identity().await;
    let credentials = machine(&identity);
    // It need not even have told the account's address.
    identity.trouble(Desk::Email, 503, "");
    let spreadsheet = sheets::Spreadsheet::new(credentials, google.sheet_id(), &google.url()).unwrap();
    spreadsheet.values("Keys").await.unwrap();
    drop(identity);
    google.inject(Fault::ExpireTokens, Times::Once);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(error, Error::Connect { service: Service::Metadata, .. }), "{error:?}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_token_passes_to_the_next_reader_by_the_same_credentials_and_to_no_other() {
    let (google, identity) = with_identity().await;
    let first = spreadsheet_by(&google, &identity, machine(&identity));
    first.values("Keys").await.unwrap();
    let second = spreadsheet_by(&google, &identity, machine(&identity)).with_token_of(Some(first));
    second.values("Keys").await.unwrap();
    assert_eq!(identity.asked(Desk::Metadata), 1);

    let other = Google::start().await;
    let elsewhere = Identity::start(&other).await;
    let third = spreadsheet_by(&google, &identity, machine(&elsewhere)).with_token_of(Some(second));
    let _ = third.values("Keys").await;
    assert_eq!((identity.asked(Desk::Metadata), elsewhere.asked(Desk::Metadata)), (1, 2));
}
