//! What the network does to an answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use sheets::{ConnectFault, Error, Service, Spreadsheet};
use testkit::{Fault, Google, Times};

use crate::support::{assert_tells_no_secret, credentials, failure, spreadsheet};

#[tokio::test]
async fn half_an_answer_is_never_taken_for_a_whole_one() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![vec!["cell".into(); 20]; 20]);
    let spreadsheet = spreadsheet(&google);
    for fault in [Fault::Reset, Fault::TruncatedBody] {
        google.inject(fault.clone(), Times::Once);
        let error = failure(&google, &spreadsheet).await;
        assert!(matches!(error, Error::Interrupted { service: Service::Sheets }), "{fault:?}: {error:?}");
        assert!(error.is_transient());
        assert_eq!(spreadsheet.values("Keys").await.unwrap().len(), 20, "healed after {fault:?}");
    }
}

#[tokio::test]
async fn a_google_that_is_gone_cannot_be_connected_to() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let (spreadsheet, json) = (spreadsheet(&google), google.credentials_json());
    assert!(spreadsheet.values("Keys").await.is_ok());
    let other = Google::start().await;
    drop(google);

    let error = spreadsheet.values("Keys").await.unwrap_err();
    // The kept connection may be found dead before a new one is tried, or after.
    let gone = matches!(error, Error::Connect { .. } | Error::Interrupted { service: Service::Sheets });
    assert!(gone && error.is_transient(), "{error:?}");
    assert_tells_no_secret(&other, &error);

    // With a good token, the address that fails is the one that holds the spreadsheet's id.
    let elsewhere = Google::start().await.url();
    let gone = Spreadsheet::new(credentials(&other), other.sheet_id(), &elsewhere).unwrap();
    let error = failure(&other, &gone).await;
    assert!(matches!(error, Error::Connect { service: Service::Sheets, .. }), "{error:?}");

    let cold = sheets::Credentials::from_json(json.as_bytes()).unwrap();
    let cold = Spreadsheet::new(cold, other.sheet_id(), &other.url()).unwrap();
    let error = failure(&other, &cold).await;
    assert!(matches!(error, Error::Connect { service: Service::Token, .. }), "{error:?}");
}

/// Each step towards a connection fails for real; the name ends in a domain that never has addresses (RFC 6761).
#[tokio::test]
async fn each_step_towards_a_connection_has_its_own_words() {
    let google = Google::start().await;
    let closed = Google::start().await.url();
    let plain = google.url().replace("http://", "https://");
    for (endpoint, expected, words) in [
        (closed, ConnectFault::Refused, "refused"),
        (plain, ConnectFault::Tls, "tls failed"),
        ("https://sheets.invalid".to_owned(), ConnectFault::Dns, "check dns"),
    ] {
        let gone = Spreadsheet::new(credentials(&google), google.sheet_id(), &endpoint).unwrap();
        gone.sign_in().await.unwrap();
        let error = failure(&google, &gone).await;
        let Error::Connect { fault, .. } = &error else { panic!("{endpoint}: {error:?}") };
        assert_eq!(*fault, expected, "{endpoint}: {error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn both_clocks_are_known_from_the_first_answer_on() {
    let google = Google::start().await;
    let spreadsheet = spreadsheet(&google);
    assert_eq!(spreadsheet.clocks(), None);
    spreadsheet.sign_in().await.unwrap();
    let skew = spreadsheet.clocks().expect("an answer has come").skew();
    assert!(skew.abs() < 60, "testkit's clock is this machine's: {skew}");
    assert_eq!((google.token_requests(), google.reads()), (1, 0));
}

/// Another program on the port: a redirect is not followed, since that would hand the token to a stranger; and
/// JSON that is not Google's is not an empty sheet.
#[tokio::test]
async fn an_answer_that_is_not_googles_is_not_believed() {
    let google = Google::start().await;
    let elsewhere = format!("Location: {}/v4/spreadsheets/{}", google.url(), google.sheet_id());
    for (head, body, status) in [
        (format!("302 Found\r\n{elsewhere}"), "", 302),
        (format!("307 Temporary Redirect\r\n{elsewhere}"), r#"{"error": {"code": 307}}"#, 307),
        ("200 OK".to_owned(), r#"{"status": "ok"}"#, 200),
        ("200 OK".to_owned(), r#"{"range": "Keys!A1", "values": [[{}]]}"#, 200),
    ] {
        let stranger = one_answer(&head, body);
        let spreadsheet = Spreadsheet::new(credentials(&google), google.sheet_id(), &stranger).unwrap();
        let error = failure(&google, &spreadsheet).await;
        let refused = match error {
            Error::Unreadable { status, .. } | Error::Refused { status, .. } => status,
            other => panic!("{head}: {other:?}"),
        };
        assert_eq!(refused, status, "{head}");
    }
    assert_eq!(google.reads(), 0, "no redirect was followed");
}

/// A server that gives one answer to one request. Returns its address.
fn one_answer(head: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let length = body.len();
    let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody connects");
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut chunk).expect("a request arrives");
            request.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(answer.as_bytes()).expect("the client takes the answer");
    });
    address
}
