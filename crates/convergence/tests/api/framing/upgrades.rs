//! Behind a request for an upgrade comes HTTP or something else: the answer decides.

use super::*;
use crate::support::KEY;

#[tokio::test]
async fn what_follows_an_upgrade_is_not_read_as_http() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &url)]).await;
    let mut client = connect(&server).await;
    let head = format!(
        "GET /socket HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"
    );
    // Ahead of the answer, and nothing that could be a request.
    client.write_all(&[head.as_bytes(), b"\0\n\r first"].concat()).await.expect("a request");
    let (mut upstream, _) = listener.accept().await.expect("a connection");
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(upstream.read_u8().await.expect("a request"));
    }
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: raw\r\n\r\n";
    upstream.write_all(answer).await.expect("an answer");
    let mut first = [0; 9];
    upstream.read_exact(&mut first).await.expect("what came ahead");
    assert_eq!(&first, b"\0\n\r first");
    client.write_all(b"\0\n second").await.expect("more");
    drop(client);
    let mut rest = Vec::new();
    upstream.read_to_end(&mut rest).await.expect("the rest, and the end");
    assert_eq!(rest, b"\0\n second");
}

#[tokio::test]
async fn an_upgrade_that_is_declined_leaves_http() {
    let upstream = Recorder::start().await;
    let server = guarding(&upstream).await;
    let request = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{more}\r\n")
    };
    let declined =
        request("/a", "Connection: upgrade\r\nUpgrade: h2c\r\n") + &request("/b", "Upgrade: x\r\n");
    let all = declined + &request("/c", "Connection: close\r\n");
    let answers = exchange(connect(&server).await, all.as_bytes()).await;
    assert_eq!(statuses(&answers), [200, 200, 200], "{answers}");
    let asked: Vec<String> = upstream.take().iter().map(|request| request.asked().to_owned()).collect();
    assert_eq!(asked, ["GET /a", "GET /b", "GET /c"]);
}
