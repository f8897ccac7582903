//! Rules of RFC 9113 and RFC 7541 that a client may break, each with the answer that they ask for. Our own table: no
//! registry carries a conformance suite for servers.

use crate::support::TestServer;
use crate::support::frames::*;

/// What is sent after a connection has begun as it should.
type Fault = (&'static str, &'static [(u8, u8, u32, &'static [u8])], u32);

/// RFC 9113 has a code for each of these; h2 has this one for any frame that it cannot read.
const UNREADABLE: u32 = PROTOCOL_ERROR;

/// `:method: GET`, `:scheme: http`, `:path: /`.
const GET: &[u8] = &[0x82, 0x86, 0x84];

/// Of the static table.
const STATUS_200: u8 = 0x88;
const STATUS_400: u8 = 0x8c;

/// Faults of the connection: it ends with GOAWAY and this code.
const FAULTS: &[Fault] = &[
    ("4.2 a frame larger than agreed", &[(DATA, 0, 1, &[0; 16_385])], FRAME_SIZE_ERROR),
    ("4.3 headers that are no HPACK", &[(HEADERS, 5, 1, &[0x80])], UNREADABLE),
    ("5.1 data on an idle stream", &[(DATA, END_STREAM, 1, b"x")], PROTOCOL_ERROR),
    ("5.1 a window for an idle stream", &[(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])], PROTOCOL_ERROR),
    ("5.1 a reset of an idle stream", &[(RST_STREAM, 0, 1, &[0, 0, 0, 8])], PROTOCOL_ERROR),
    ("5.1.1 a stream with an even number", &[(HEADERS, 5, 2, GET)], PROTOCOL_ERROR),
    ("5.1.1 a stream with a lower number", &[(HEADERS, 5, 5, GET), (HEADERS, 5, 3, GET)], PROTOCOL_ERROR),
    ("6.1 data for stream 0", &[(DATA, 0, 0, b"x")], PROTOCOL_ERROR),
    ("6.1 more padding than there is", &[(HEADERS, 4, 1, GET), (DATA, 8, 1, &[9, 0])], PROTOCOL_ERROR),
    ("6.2 headers for stream 0", &[(HEADERS, 5, 0, GET)], PROTOCOL_ERROR),
    ("6.2 headers within headers", &[(HEADERS, 0, 1, GET), (HEADERS, 5, 3, GET)], PROTOCOL_ERROR),
    ("6.4 a reset of stream 0", &[(RST_STREAM, 0, 0, &[0, 0, 0, 8])], PROTOCOL_ERROR),
    ("6.5 settings for a stream", &[(SETTINGS, 0, 1, &[])], PROTOCOL_ERROR),
    ("6.5 an acknowledgement with settings", &[(SETTINGS, ACK, 0, &[0, 4, 0, 0, 0, 1])], UNREADABLE),
    ("6.5 half a setting", &[(SETTINGS, 0, 0, &[0, 4, 0])], UNREADABLE),
    ("6.5.2 push that is neither on nor off", &[(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2])], PROTOCOL_ERROR),
    ("6.5.2 a window too large", &[(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0])], UNREADABLE),
    ("6.5.2 frames too small", &[(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1])], PROTOCOL_ERROR),
    ("6.6 a promise by a client", &[(5, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])], PROTOCOL_ERROR),
    ("6.7 a ping for a stream", &[(PING, 0, 1, &[0; 8])], PROTOCOL_ERROR),
    ("6.7 a ping of seven bytes", &[(PING, 0, 0, &[0; 7])], UNREADABLE),
    ("6.8 a goodbye for a stream", &[(GOAWAY, 0, 1, &[0; 8])], PROTOCOL_ERROR),
    ("6.9 a window of nothing", &[(WINDOW_UPDATE, 0, 0, &[0; 4])], PROTOCOL_ERROR),
    ("6.9 a window of three bytes", &[(WINDOW_UPDATE, 0, 0, &[0; 3])], UNREADABLE),
    ("6.9.1 a window too large", &[(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])], FLOW_CONTROL_ERROR),
    ("6.10 a continuation of nothing", &[(CONTINUATION, 4, 1, GET)], PROTOCOL_ERROR),
    ("6.10 data within headers", &[(HEADERS, 0, 1, GET), (DATA, 0, 1, b"x")], PROTOCOL_ERROR),
];

#[tokio::test]
async fn a_fault_of_the_connection_ends_it_with_its_code() {
    let server = TestServer::with(&[]);
    for (what, sent, code) in FAULTS {
        let mut frames = Frames::connect(&server.url).await;
        for (kind, flags, stream, payload) in *sent {
            frames.send(*kind, *flags, *stream, payload).await;
        }
        assert_eq!(frames.end().await, Some(*code), "{what}");
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_and_nothing_behind_it_is_harmed() {
    let server = TestServer::with(&[]);
    let field = |name, value| block("GET", "/health", &[(name, value)]);
    let faults = [
        ("8.2.1 a name in capitals", field("X-Upper", "x")),
        ("8.2.1 a line feed", field("x-name", "a\nb: c")),
        ("8.2.2 a field of the connection", field("connection", "close")),
        ("8.2.2 chunks", field("transfer-encoding", "chunked")),
        ("8.2.2 te that is not trailers", field("te", "gzip")),
        ("8.3 a second path", field(":path", "/")),
        ("8.3 an unknown pseudo-field", field(":unknown", "x")),
        ("8.3 an answer's pseudo-field", field(":status", "200")),
        ("8.3.1 no method", vec![0x86, 0x84]),
        ("8.3.1 no scheme", vec![0x82, 0x84]),
        ("8.3.1 an empty path", block("GET", "", &[])),
        ("8.1.1 a length that is none", field("content-length", "x")),
    ];
    for (what, block) in faults {
        let mut frames = Frames::connect(&server.url).await;
        frames.send(HEADERS, END_STREAM | END_HEADERS, 1, &block).await;
        let answer = frames.until(|frame| frame.stream == 1 || frame.kind == GOAWAY).await;
        match answer.kind {
            // Stricter than need be: h2 ends the connection where a field cannot be a field.
            GOAWAY | RST_STREAM => assert_eq!(answer.error(), PROTOCOL_ERROR, "{what}"),
            _ => assert_eq!(answer.payload[0], STATUS_400, "{what}"),
        }
        if answer.kind != GOAWAY {
            healthy(&mut frames, 3).await;
        }
    }
}

#[tokio::test]
async fn a_body_of_another_length_than_was_said_is_no_request() {
    let server = TestServer::with(&[]);
    let mut frames = Frames::connect(&server.url).await;
    for (stream, body) in [(1, &b"123"[..]), (3, b"12345")] {
        let head = block("POST", "/convergence/generate-audio", &[("content-length", "4")]);
        frames.send(HEADERS, END_HEADERS, stream, &head).await;
        frames.send(DATA, END_STREAM, stream, body).await;
        let answer = frames.until(|frame| frame.stream == stream && frame.kind == RST_STREAM).await;
        assert_eq!(answer.error(), PROTOCOL_ERROR, "{}", body.len());
    }
    healthy(&mut frames, 5).await;
}

async fn healthy(frames: &mut Frames, stream: u32) {
    frames.send(HEADERS, END_STREAM | END_HEADERS, stream, &block("GET", "/health", &[])).await;
    let answer = frames.until(|frame| frame.stream == stream).await;
    assert_eq!((answer.kind, answer.payload[0]), (HEADERS, STATUS_200));
}

#[tokio::test]
async fn what_is_unknown_is_no_fault() {
    let server = TestServer::with(&[]);
    let mut frames = Frames::connect(&server.url).await;
    frames.send(0x2a, 0xff, 0, b"a frame of a kind to come").await;
    frames.send(SETTINGS, 0, 0, &[0x12, 0x34, 0, 0, 0, 1]).await;
    frames.send(2, 0, 1, &[0, 0, 0, 0, 15]).await;
    frames.send(HEADERS, 0xc0 | END_STREAM | END_HEADERS, 1, &block("GET", "/health", &[])).await;
    let answer = frames.until(|frame| frame.stream == 1).await;
    assert_eq!(answer.kind, HEADERS);
}
