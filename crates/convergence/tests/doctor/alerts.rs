//! Who is told of alerts.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Findings, doctor_saying};

/// What the doctor says where the webhook answers like this, and whether it was sent anything.
async fn examine(status: &'static str, arguments: &'static [&'static str]) -> (Findings, Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    // The doctor's output is looked through for this word.
    let url = format!("http://{}/abc123xyz", listener.local_addr().expect("an address"));
    let (taken, mut received) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert!(stream.read_buf(&mut request).await.expect("a request") > 0);
            }
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("it is read");
            taken.send(String::from_utf8(request).expect("UTF-8")).await.expect("room");
        }
    });
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    let run = move || {
        let set = [
            ("AUTH_ENABLED", "true"),
            ("KEYS_FILE", "keys.csv"),
            ("API_PORT", "0"),
            ("ALERT_WEBHOOK_URL", &*url),
        ];
        doctor_saying(folder.path(), arguments, &set)
    };
    // The webhook answers meanwhile.
    let findings = tokio::task::spawn_blocking(run).await.expect("no panic");
    (findings, received.try_recv().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_sent_where_somebody_wants_it_and_not_otherwise() {
    let (findings, sent) = examine("200 OK", &[]).await;
    let expected = "ok: ALERT_WEBHOOK_URL is set (slack); whether it takes messages, --send tries";
    assert_eq!((findings.one("alerts").as_str(), sent, findings.code), (expected, None, Some(0)));

    let (findings, sent) = examine("200 OK", &["--send"]).await;
    assert_eq!(findings.one("alerts"), "ok: a test was sent (slack), and taken");
    let sent = sent.expect("a request");
    assert!(sent.starts_with("POST /abc123xyz HTTP/1.1\r\n") && sent.contains("This is a test."), "{sent}");

    let (findings, _) = examine("410 Gone", &["--send"]).await;
    let expected = "FAIL: ALERT_WEBHOOK_URL has not taken a test (slack): it answers 410; look at ALERT_WEBHOOK_URL: it may \
                    have been revoked";
    assert_eq!((findings.one("alerts").as_str(), findings.code), (expected, Some(1)));
}
