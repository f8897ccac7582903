//! What an upstream of HTTP/2 may do wrong, and how it says goodbye.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{connect, gateway, until};
use crate::support::TestServer;
use crate::support::api::Api;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_HEADERS: u8 = 4;
const END_STREAM_AND_HEADERS: u8 = 5;

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn no_content(stream: u32) -> Vec<u8> {
    // The static table's 204 (RFC 7541, Appendix A).
    frame(HEADERS, END_STREAM_AND_HEADERS, stream, &[0x89])
}

/// The head of an answer whose body is to come.
fn ok(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &[0x88])
}

fn goaway(last: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat())
}

fn reset(stream: u32, reason: u8) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &[0, 0, 0, reason])
}

/// What answers a request on this stream.
type Answer = fn(u32) -> Vec<u8>;

/// An upstream that answers the requests of its first connection like this, and all others with 204. Counts its
/// connections.
async fn scripted(first: &'static [Answer]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("h2c://{}", listener.local_addr().expect("an address"));
    let connections = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let connections = Arc::clone(&connections);
        async move {
            let mut script = first;
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, std::mem::take(&mut script)));
            }
        }
    });
    (url, connections)
}

async fn serve(mut stream: TcpStream, script: &'static [Answer]) -> std::io::Result<()> {
    let mut script = script.iter();
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            PING if head[4] == 0 => stream.write_all(&frame(PING, 1, 0, &payload)).await?,
            HEADERS => {
                let answer = script.next().map_or_else(|| no_content(id), |answer| answer(id));
                if answer.is_empty() {
                    return Ok(());
                }
                stream.write_all(&answer).await?;
            }
            _ => {}
        }
    }
}

fn server(url: &str) -> TestServer {
    TestServer::with(&[("UPSTREAM_URL", url), ("API_THREADS", "1"), ("UPSTREAM_TIMEOUT", "1")])
}

async fn ask(server: &TestServer, method: Method) -> u16 {
    server.send(server.request(method, "/a")).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_processed_is_sent_again_on_another_connection() {
    const GONE: &[Answer] = &[no_content, |_| goaway(1)];
    const REFUSED: &[Answer] = &[no_content, |id| reset(id, 7)];
    for script in [GONE, REFUSED] {
        let (url, connections) = scripted(script).await;
        let server = server(&url);
        for made in [1, 2, 2] {
            assert_eq!(ask(&server, Method::POST).await, 204);
            assert_eq!(connections.load(Ordering::SeqCst), made);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_processed_is_sent_again_only_if_that_does_no_harm() {
    const HANGS_UP: &[Answer] = &[no_content, |_| Vec::new()];
    for (method, status) in [(Method::POST, 502), (Method::PUT, 204)] {
        let (url, connections) = scripted(HANGS_UP).await;
        let server = server(&url);
        assert_eq!(ask(&server, Method::POST).await, 204);
        assert_eq!(ask(&server, method).await, status);
        assert_eq!(ask(&server, Method::POST).await, 204);
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_reset_has_failed_and_the_connection_stays() {
    const INTERNAL_ERROR: &[Answer] = &[no_content, |id| reset(id, 2), |id| reset(id, 2)];
    let (url, connections) = scripted(INTERNAL_ERROR).await;
    let server = server(&url);
    let mut statuses = Vec::new();
    for method in [Method::GET, Method::GET, Method::POST, Method::GET] {
        statuses.push(ask(&server, method).await);
    }
    assert_eq!((statuses, connections.load(Ordering::SeqCst)), (vec![204, 502, 502, 204], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_not_answer_is_not_used_again() {
    // A frame that says nothing: the window is larger by one.
    const SILENT: &[Answer] = &[no_content, |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])];
    let (url, connections) = scripted(SILENT).await;
    let server = server(&url);
    assert_eq!(ask(&server, Method::GET).await, 204);
    assert_eq!(ask(&server, Method::GET).await, 504);
    assert_eq!(ask(&server, Method::GET).await, 204);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_no_whole_one() {
    const BREAKS_OFF: &[Answer] = &[
        |id| [ok(id), frame(DATA, 0, id, b"half of it")].concat(),
        |id| [reset(1, 2), no_content(id)].concat(),
    ];
    let (url, connections) = scripted(BREAKS_OFF).await;
    let server = server(&url);
    let mut answer = server.request(Method::GET, "/a").send().await.expect("its head");
    assert_eq!(answer.chunk().await.expect("a piece").expect("not the end"), "half of it");
    assert_eq!(ask(&server, Method::GET).await, 204);
    assert!(answer.chunk().await.is_err());
    let broken = "convergence_upstream_failures_total{reason=\"bad_answer\"}";
    assert_eq!(server.metric(broken).await, Some(1.0));
    assert_eq!((ask(&server, Method::GET).await, connections.load(Ordering::SeqCst)), (204, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stands_still_is_given_up() {
    let (url, _) = scripted(&[ok]).await;
    let server = server(&url);
    let mut answer = server.request(Method::GET, "/a").send().await.expect("its head");
    assert!(answer.chunk().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_http_2_is_no_answer() {
    let api = Api::start(false).await;
    let answer = server(&format!("h2c://{}", api.address)).get("/a").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_unreachable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_does_not_switch_protocols() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let mut stream = connect(&server).await;
    let request = "GET /switch HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("a request");
    let answer = until(&mut stream, "\"upstream_cannot_upgrade\"").await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}
