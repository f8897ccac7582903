//! What one HTTP/2 connection may cost, and its way out.

use crate::support::TestServer;
use crate::support::frames::*;

#[tokio::test]
async fn a_preface_may_come_in_pieces_and_half_of_one_has_the_header_time() {
    let server = TestServer::with(&[("HEADER_TIMEOUT", "1"), ("IDLE_TIMEOUT", "600")]);
    let mut frames = Frames::silent(&server.url).await;
    for byte in PREFACE {
        frames.raw(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    frames.send(SETTINGS, 0, 0, &[]).await;
    frames.until(|frame| frame.kind == SETTINGS).await;
    let mut half = Frames::silent(&server.url).await;
    half.raw(&PREFACE[..12]).await;
    assert!(half.next().await.is_none(), "closed without a word");
}

#[tokio::test]
async fn an_idle_connection_is_told_goodbye() {
    let server = TestServer::with(&[("IDLE_TIMEOUT", "1"), ("HEADER_TIMEOUT", "1")]);
    let mut frames = Frames::connect(&server.url).await;
    frames.send(HEADERS, END_STREAM | END_HEADERS, 1, &block("GET", "/health", &[])).await;
    frames.until(|frame| frame.kind == DATA && frame.stream == 1 && frame.flags & END_STREAM != 0).await;
    assert_eq!(frames.end().await, Some(NO_ERROR));
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_takes_no_more() {
    let mut server = TestServer::with(&[("DRAIN_TIMEOUT", "15"), ("BODY_TIMEOUT", "15")]);
    let mut frames = Frames::connect(&server.url).await;
    let json = [("content-type", "application/json")];
    let head = block("POST", "/convergence/generate-audio", &json);
    frames.send(HEADERS, END_HEADERS, 1, &head).await;
    frames.send(PING, 0, 0, b"received").await;
    frames.until(|frame| frame.kind == PING && frame.flags & ACK != 0).await;
    let stopping = std::thread::spawn(move || server.stop());
    frames.until(|frame| frame.kind == GOAWAY && frame.error() == NO_ERROR).await;
    let ping = frames.until(|frame| frame.kind == PING && frame.flags & ACK == 0).await;
    frames.send(PING, ACK, 0, &ping.payload).await;
    frames.send(DATA, END_STREAM, 1, b"{}").await;
    frames.until(|frame| frame.stream == 1 && frame.kind == HEADERS).await;
    frames.until(|frame| frame.stream == 1 && frame.flags & END_STREAM != 0).await;
    frames.end().await;
    stopping.join().expect("a stop without panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_the_size_that_they_have_over_http_1() {
    let server = TestServer::with(&[("MAX_HEADER_BYTES", "2048")]);
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let ask = |length: usize| {
        client.get(format!("{}/health", server.url)).header("x-long", "x".repeat(length)).send()
    };
    assert_eq!(ask(1_500).await.expect("an answer").status(), 200);
    assert_eq!(ask(3_000).await.expect("an answer").status(), 431);
    assert_eq!(ask(1_500).await.expect("the connection is still good").status(), 200);
}

#[tokio::test]
async fn floods_end_the_connection() {
    let server = TestServer::with(&[]);
    // CVE-2023-44487: requests that are taken back at once.
    let mut frames = Frames::connect(&server.url).await;
    let mut flood = Vec::new();
    for stream in (1..4_001_u32).step_by(2) {
        let head = block("GET", "/health", &[]);
        let length = u8::try_from(head.len()).expect("a short block");
        flood.extend([&[0, 0, length, HEADERS, END_HEADERS][..], &stream.to_be_bytes(), &head].concat());
        flood.extend([&[0, 0, 4, RST_STREAM, 0][..], &stream.to_be_bytes(), &[0, 0, 0, 8]].concat());
    }
    frames.raw(&flood).await;
    assert_eq!(frames.end().await, Some(ENHANCE_YOUR_CALM));
    // CVE-2024-27316: headers that never end.
    let mut frames = Frames::connect(&server.url).await;
    frames.send(HEADERS, END_STREAM, 1, &block("GET", "/health", &[])).await;
    for _ in 0..2_000 {
        frames.send(CONTINUATION, 0, 1, &block("GET", "/", &[("x-more", &"x".repeat(1_000))])[9..]).await;
    }
    assert!(matches!(frames.end().await, Some(ENHANCE_YOUR_CALM | COMPRESSION_ERROR | PROTOCOL_ERROR)));
}

#[tokio::test]
async fn requests_beyond_the_streams_of_a_connection_are_refused_and_the_rest_are_not() {
    let server = TestServer::with(&[]);
    let mut frames = Frames::connect(&server.url).await;
    let head = block("POST", "/convergence/generate-audio", &[("content-type", "application/json")]);
    for stream in (1..=201_u32).step_by(2) {
        frames.send(HEADERS, END_HEADERS, stream, &head).await;
    }
    let refused = frames.until(|frame| frame.kind == RST_STREAM).await;
    assert_eq!((refused.stream, refused.error()), (201, 7), "REFUSED_STREAM: safe to try again");
    frames.send(DATA, END_STREAM, 1, b"{}").await;
    frames.until(|frame| frame.kind == HEADERS && frame.stream == 1).await;
}

#[tokio::test]
async fn whoever_leaves_an_answer_untaken_is_cut() {
    let server = TestServer::with(&[("IDLE_TIMEOUT", "1"), ("HEADER_TIMEOUT", "1")]);
    let mut frames = Frames::silent(&server.url).await;
    frames.raw(PREFACE).await;
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: the body may not be sent, ever.
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
    frames.send(HEADERS, END_STREAM | END_HEADERS, 1, &block("GET", "/health", &[])).await;
    frames.until(|frame| frame.kind == HEADERS && frame.stream == 1).await;
    while frames.next().await.is_some() {}
}
