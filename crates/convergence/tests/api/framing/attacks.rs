//! The attacks by the names they go by, each as raw bytes.

use super::*;
use crate::support::KEY;

/// A request with the key; its first line, its other headers, and what follows them.
fn attack(line: &str, fields: &str, rest: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{fields}\r\n{rest}")
}

/// What a smuggler hides.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

fn post(fields: &str, rest: &str) -> String {
    attack("POST /a", fields, rest)
}

/// Name, bytes.
pub fn attacks() -> Vec<(&'static str, String)> {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let in_chunks = |rest: &str| post(chunked, rest);
    vec![
        ("CL.TE", post(&format!("Content-Length: 40\r\n{chunked}"), &format!("0\r\n\r\n{HIDDEN}"))),
        ("TE.CL", post(&format!("{chunked}Content-Length: 4\r\n"), &format!("5c\r\n{HIDDEN}\r\n0\r\n\r\n"))),
        ("CL.CL, different", post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello")),
        ("CL.CL, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        ("CL.CL, a list", post("Content-Length: 5, 5\r\n", "hello")),
        ("CL with a sign", post("Content-Length: +5\r\n", "hello")),
        ("CL in hexadecimal", post("Content-Length: 0x5\r\n", "hello")),
        ("CL with a blank inside", post("Content-Length: 0 5\r\n", "hello")),
        ("CL that overflows", post("Content-Length: 18446744073709551621\r\n", "hello")),
        ("CL of nothing", post("Content-Length:\r\n", "hello")),
        ("CL.0, behind a blank before the colon", post("Content-Length : 33\r\n", HIDDEN)),
        ("CL.0, folded", post("X: y\r\n Content-Length: 33\r\n", HIDDEN)),
        ("0.CL, behind a bare LF", post("X: y\nContent-Length: 33\r\n", HIDDEN)),
        ("0.CL, behind a bare CR", post("X: y\rContent-Length: 33\r\n", HIDDEN)),
        ("0.CL, behind a NUL", post("X: y\0\r\nContent-Length\0: 33\r\n", HIDDEN)),
        ("TE.TE, twice", post(&format!("{chunked}{chunked}"), "0\r\n\r\n")),
        ("TE.TE, identity last", post(&format!("{chunked}Transfer-Encoding: identity\r\n"), "0\r\n\r\n")),
        ("TE.TE, cow last", post(&format!("{chunked}Transfer-encoding: cow\r\n"), "0\r\n\r\n")),
        ("TE.TE, xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("TE.TE, a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, a tab before the colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, a vertical tab", post("Transfer-Encoding:\u{b}chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, a form feed", post("Transfer-Encoding: chunked\u{c}\r\n", "0\r\n\r\n")),
        ("TE.TE, a line before", post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, folded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, behind a bare LF", post("X: X\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, quoted", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")),
        ("TE.TE, a list of two", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
        ("TE.TE, a list with nothing", post("Transfer-Encoding: , chunked\r\n", "0\r\n\r\n")),
        ("TE.TE, a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n")),
        ("TE.TE, a long s", post("Tran\u{17f}fer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("TE of an unknown coding", post("Transfer-Encoding: gzip\r\n", "0\r\n\r\n")),
        (
            "TE in HTTP/1.0",
            format!("POST /a HTTP/1.0\r\nAuthorization: Bearer {KEY}\r\n{chunked}\r\n0\r\n\r\n"),
        ),
        ("TERM.EXT, LF in a chunk's extension", in_chunks("2;\nxx\r\n4c\r\n0\r\n\r\n")),
        ("EXT.TERM, CR in a chunk's extension", in_chunks("2;a\rxx\r\n0\r\n\r\n")),
        ("TERM.SPILL, LF behind a chunk", in_chunks("5\r\nhello\n0\r\n\r\n")),
        ("SPILL.TERM, a chunk that is longer", in_chunks("5\r\nhello, world\r\n0\r\n\r\n")),
        ("LF behind a chunk's size", in_chunks("5\nhello\r\n0\r\n\r\n")),
        ("a chunk's size with a blank", in_chunks("5 \r\nhello\r\n0\r\n\r\n")),
        ("a chunk's size with 0x", in_chunks("0x5\r\nhello\r\n0\r\n\r\n")),
        ("a chunk's size with _", in_chunks("0_5\r\nhello\r\n0\r\n\r\n")),
        ("a chunk's size that is negative", in_chunks("-5\r\nhello\r\n0\r\n\r\n")),
        ("a chunk's size that overflows", in_chunks("10000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("TR.CL, a length in the trailers", in_chunks(&format!("0\r\nContent-Length: 33\r\n\r\n{HIDDEN}"))),
        ("TR.LF, bare LF in the trailers", in_chunks(&format!("0\r\nX: y\n\r\n{HIDDEN}"))),
        ("the client's name in the trailers", in_chunks("0\r\nX-Client-Name: Admin\r\n\r\n")),
        (
            "Expect, both lengths",
            post(&format!("Expect: 100-continue\r\nContent-Length: 5\r\n{chunked}"), ""),
        ),
        ("Expect, folded", post("Expect:\r\n 100-continue\r\nContent-Length: 5\r\n", "hello")),
        ("Expect, and a chunk in error", post(&format!("Expect: 100-continue\r\n{chunked}"), "5\nhello")),
        ("two hosts", post("Host: y\r\n", "")),
        ("two hosts in one", "GET /a HTTP/1.1\r\nHost: x/ y\r\n\r\n".to_owned()),
        ("no host", "GET /a HTTP/1.1\r\n\r\n".to_owned()),
        ("a host behind a target's own", "GET http://y/ HTTP/1.1\r\nHost: x@y\r\n\r\n".to_owned()),
        ("a name of nothing", post(": y\r\n", "")),
        ("a line without a colon", post("GET /hidden HTTP/1.1\r\n", "")),
        ("a line of bare LFs", "GET /a HTTP/1.1\nHost: x\n\n".to_owned()),
        ("a target with a blank", attack("GET /a HTTP/1.1\u{b}/hidden", "", "")),
        ("a target that is a first line", attack("GET /a HTTP/1.1 /hidden", "", "")),
        ("a tab for a blank", attack("GET\t/a", "", "")),
        ("HTTP/0.9", "GET /a\r\n\r\n".to_owned()),
        ("the preface of HTTP/2 over HTTP/1", attack("PRI *", "", "SM\r\n\r\n")),
        ("what stands for a refused request", "GET bare-lf HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned()),
        (
            "an upgrade that is none, and what follows",
            attack(
                "GET /auth/verify?",
                "Connection: upgrade\r\nUpgrade: x\r\n",
                "GET /hidden HTTP/1.1\nHost: x\n\n",
            ),
        ),
    ]
}

#[tokio::test]
async fn smuggling_is_refused_with_400_and_the_connection_closed() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    for (name, bytes) in attacks() {
        let answers = exchange(connect(&server).await, &[bytes.as_bytes(), LAST].concat()).await;
        let expected: &[u16] = if name.starts_with("an upgrade") { &[200, 400] } else { &[400] };
        assert_eq!(statuses(&answers), expected, "{name}: {answers}");
        assert!(answers.contains("\"code\":\"bad_request_framing\""), "{name}: {answers}");
        assert!(answers.contains("connection: close\r\n"), "{name}: {answers}");
        assert!(answers.contains("application/problem+json"), "{name}: {answers}");
        assert!(upstream.take().is_empty(), "{name}");
    }
    // Two requests of the client were counted, and only those: the one that was upgraded to nothing, and this.
    assert_eq!(server.verify(KEY).await.header("ratelimit"), Some("\"default\";r=58;t=60"));
}

/// What the two halves are is seen by two reads, or by one: the outcome is the same.
#[tokio::test]
async fn smuggling_is_refused_however_it_is_cut() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    for (name, bytes) in attacks() {
        let mut stream = connect(&server).await;
        let _ = stream.set_nodelay(true);
        for piece in bytes.as_bytes().chunks(7) {
            let _ = stream.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        let answers = exchange(stream, LAST).await;
        assert!(statuses(&answers).iter().all(|status| matches!(status, 200 | 400)), "{name}: {answers}");
        assert!(statuses(&answers).contains(&400), "{name}: {answers}");
        // A head that came alone was passed on, and its request broken off: none came whole.
        assert!(upstream.take().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn requests_before_a_bad_one_are_answered_in_order() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    let good = attack("GET /first", "", "");
    let second = post("Content-Length: 5\r\n", "hello");
    let bad = post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello");
    let answers = exchange(connect(&server).await, [good, second, bad].concat().as_bytes()).await;
    assert_eq!(statuses(&answers), [200, 200, 400], "{answers}");
    let asked = upstream.take();
    let asked: Vec<&str> = asked.iter().map(super::recorder::Recorded::asked).collect();
    assert_eq!(asked, ["GET /first", "POST /a"]);
}

#[tokio::test]
async fn a_bad_chunk_behind_a_good_head_ends_the_request_and_the_connection() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    let endless = format!("5\r\nhello\r\n5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(5_000));
    for body in ["5\r\nhello\r\n5\nhello\r\n0\r\n\r\n", &endless] {
        let mut stream = connect(&server).await;
        let head = post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "");
        stream.write_all(head.as_bytes()).await.expect("a head");
        // The request is under way, as the server asks for its body.
        let mut answer = [0; 25];
        stream.read_exact(&mut answer).await.expect("an interim answer");
        assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
        let answers = exchange(stream, &[body.as_bytes(), LAST].concat()).await;
        assert_eq!(statuses(&answers), [400], "{answers}");
        assert!(upstream.take().is_empty(), "half a request is none");
    }
}

/// `Connection` may not take away what this server says about a request, nor how it is framed.
#[tokio::test]
async fn what_is_forged_does_not_arrive() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    for (name, fields) in [
        ("Connection: Content-Length", "Connection: close, Content-Length\r\n"),
        ("Connection: Authorization", "Connection: close, Authorization\r\n"),
        ("Connection: X-Client-Name", "Connection: close, X-Client-Name\r\nX-Client-Name: Admin\r\n"),
        ("Connection: Host", "Connection: close, Host, Transfer-Encoding\r\n"),
        ("Connection: Via", "Connection: close, Via, X-Forwarded-For, X-Forwarded-Host, X-Request-Id\r\n"),
        ("X-Client-Name twice", "Connection: close\r\nX-Client-Name: Admin\r\nx-client-name: Root\r\n"),
        ("X_Client_Name", "Connection: close\r\nX_Client_Name: Admin\r\nX-Client_Name: Root\r\n"),
        ("Transfer_Encoding", "Connection: close\r\nTransfer_Encoding: chunked\r\nContent_Length: 0\r\n"),
        ("Keep-Alive", "Connection: close, Keep-Alive\r\nKeep-Alive: timeout=9\r\n"),
    ] {
        let bytes = post(&format!("Content-Length: 33\r\n{fields}"), HIDDEN);
        let answers = exchange(connect(&server).await, bytes.as_bytes()).await;
        assert_eq!(statuses(&answers), [200], "{name}: {answers}");
        let arrived = upstream.take();
        let [request] = &arrived[..] else { panic!("{name}: one request, and {arrived:?}") };
        assert_eq!((request.asked(), &request.body[..]), ("POST /a", HIDDEN.as_bytes()), "{name}");
        assert_eq!(request.values("content-length"), ["33"], "{name}");
        assert_eq!(request.values("x-client-name"), ["MyApp Production"], "{name}");
        assert_eq!(request.values("host").len(), 1, "{name}");
        assert_eq!(request.values("x-forwarded-for"), ["127.0.0.1"], "{name}");
        for absent in ["authorization", "transfer-encoding", "keep-alive"] {
            assert!(request.values(absent).is_empty(), "{name}: {}", request.head);
        }
        for forged in ["x_client_name", "x-client_name"] {
            assert!(request.values(forged).is_empty(), "{name}: {}", request.head);
        }
    }
}

/// RFC 9112, 3.2.2: the target wins.
#[tokio::test]
async fn a_target_with_a_host_overrides_the_header() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    let bytes = attack("GET http://other/a", "Connection: close\r\n", "");
    let answers = exchange(connect(&server).await, bytes.as_bytes()).await;
    assert_eq!(statuses(&answers), [200], "{answers}");
    let arrived = upstream.take();
    assert_eq!(arrived[0].asked(), "GET /a");
    assert_eq!(arrived[0].values("x-forwarded-host"), ["other"]);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let server = TestServer::with(&[]);
    for (bytes, said) in [
        ("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "a line of the request ends in LF alone"),
        ("GET / HTTP/1.1\r\n\r\n", "the Host header is missing"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
            "the only Transfer-Encoding taken is chunked",
        ),
    ] {
        let answers = exchange(connect(&server).await, bytes.as_bytes()).await;
        assert_eq!(statuses(&answers), [400], "{bytes:?}");
        assert!(answers.contains(said), "{answers}");
    }
}
