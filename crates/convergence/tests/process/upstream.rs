//! What the log says of upstreams.

use tokio::net::TcpListener;

use crate::authority::Authority;
use crate::{KEY, LONG, Serving, folder_with_keys, get};

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_accepted_is_said_once() {
    let authority = Authority::new();
    let tls = authority.acceptor(&authority.issue_expired(), &[], false);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let refused = tokio::time::timeout(LONG, tls.accept(stream)).await.expect("an end in time");
            assert!(refused.is_err(), "a certificate that has expired is accepted");
        }
    });
    let folder = folder_with_keys();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
    let settings = [("UPSTREAM_URL", &*url), ("UPSTREAM_CA_PATH", "ca.pem"), ("API_PORT", "0")];
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    let (first, second) = (format!("{}/a", serving.url), format!("{}/b", serving.url));
    assert_eq!((get(&first, KEY).await, get(&second, KEY).await), (502, 502));
    let said = format!(
        "the upstream {url} cannot be asked: its certificate is not accepted: it has expired at 2020-01-01T00:00:00Z"
    );
    serving.line_with(&said);
    let (_, log) = serving.terminate();
    assert_eq!(log.matches("certificate").count(), 1, "{log}");
}
