//! gRPC through the gateway, from an HTTP/2 client to an HTTP/2 upstream: messages both ways at once, and trailers.

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::support::api::Api;
use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// A message of gRPC: not compressed, its length, its bytes.
fn message(text: &str) -> Bytes {
    let length = u32::try_from(text.len()).expect("short").to_be_bytes();
    [&[0], &length[..], text.as_bytes()].concat().into()
}

async fn next(answers: &mut RecvStream, wanted: &Bytes) {
    let mut read = Vec::new();
    while read.len() < wanted.len() {
        let piece = answers.data().await.expect("more to come").expect("data");
        answers.flow_control().release_capacity(piece.len()).expect("no more than was taken");
        read.extend_from_slice(&piece);
    }
    assert_eq!(&read[..], &wanted[..]);
}

async fn call(server: &TestServer) -> (SendStream<Bytes>, h2::client::ResponseFuture) {
    let address = server.url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut client = client.ready().await.expect("a client");
    let request = Request::post(format!("http://{address}/echo"))
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let (answer, body) =
        client.send_request(request.body(()).expect("a request"), false).expect("it is sent");
    (body, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_streams_both_ways_and_ends_with_its_trailers() {
    let api = Api::start(true).await;
    let url = format!("h2c://{}", api.address);
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &url)]).await;
    let (mut body, answer) = call(&server).await;
    let (first, second) = (message("first"), message("second"));
    body.send_data(first.clone(), false).expect("a message");
    let (head, mut answers) = answer.await.expect("an answer").into_parts();
    assert_eq!(head.status, 200);
    assert_eq!(head.headers["x-client-name"], "MyApp Production");
    next(&mut answers, &first).await;
    body.send_data(second.clone(), false).expect("another");
    next(&mut answers, &second).await;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a number"));
    trailers.insert("x-client-name", "Forged".parse().expect("a name"));
    body.send_trailers(trailers).expect("trailers");
    assert!(answers.data().await.is_none(), "there is no more");
    let trailers = answers.trailers().await.expect("an end").expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
    assert!(!trailers.contains_key("x-client-name"), "only a head may say who asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_client_gives_up_is_given_up_at_the_upstream() {
    let api = Api::start(true).await;
    let url = format!("h2c://{}", api.address);
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &url)]).await;
    let (mut body, answer) = call(&server).await;
    body.send_data(message("first"), false).expect("a message");
    let (_, answers) = answer.await.expect("an answer").into_parts();
    body.send_reset(h2::Reason::CANCEL);
    drop(answers);
    // The connections on both sides live on.
    let (mut body, answer) = call(&server).await;
    body.send_data(message("again"), true).expect("a message");
    assert_eq!(answer.await.expect("an answer").status(), 200);
}
