//! The upstreams of a gateway.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::support::{Findings, doctor};

const KEYS: &str =
    "api_key,client_name,is_active,rate_limit\nsk-convergence-abc123xyz,MyApp Production,TRUE,60\n";

/// What the doctor says of these settings; `ca.pem` is this authority's certificate.
async fn examine(authority: &Authority, settings: &[(&str, &str)]) -> Findings {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("keys.csv"), KEYS).expect("a keys file");
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a certificate");
    let keys = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0")];
    let settings: Vec<(String, String)> =
        keys.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let run = move || {
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
        doctor(folder.path(), &settings)
    };
    // The upstreams are served meanwhile.
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

/// An upstream that answers every request with this status.
async fn upstream(tls: Option<TlsAcceptor>, status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                if let Some(tls) = tls {
                    let mut stream = tls.accept(stream).await?;
                    while stream.read(&mut request).await? > 0 {
                        stream.write_all(answer.as_bytes()).await?;
                    }
                    return Ok(());
                }
                let mut stream = stream;
                while stream.read(&mut request).await? > 0 {
                    stream.write_all(answer.as_bytes()).await?;
                }
                std::io::Result::Ok(())
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn each_upstream_has_its_line() {
    let authority = Authority::new();
    let tls = authority.acceptor(&authority.issue(), &["http/1.1"], false);
    let (plain, secure) = (upstream(None, "200 OK").await, upstream(Some(tls), "204 No Content").await);
    let urls = format!("http://{plain}, https://{secure}");
    let settings = [("UPSTREAM_URL", &*urls), ("UPSTREAM_CA_PATH", "ca.pem")];
    let findings = examine(&authority, &settings).await;
    let lines = [format!("http://{plain}"), format!("https://{secure}")];
    let lines = lines.map(|url| format!("ok: {url} is reached, and speaks HTTP/1.1"));
    assert_eq!(findings.of("upstream"), lines);
    assert_eq!(findings.code, Some(0), "{:#?}", findings.lines);

    let findings =
        examine(&authority, &[&settings[..], &[("UPSTREAM_HEALTH_PATH", "/health")]].concat()).await;
    let [plain, secure] = &*findings.of("upstream") else { panic!("{:#?}", findings.lines) };
    assert!(plain.ends_with("it answers /health with 200 OK"), "{plain}");
    assert!(secure.ends_with("it answers /health with 204 No Content"), "{secure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_an_upstream_from_being_asked_is_said() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (issued, words) in [
        (authority.issue_expired(), "it has expired at 2020-01-01T00:00:00Z"),
        (authority.issue_for("other.example"), "it is not for 127.0.0.1, but for other.example"),
        (other.issue(), "its issuer is not trusted; UPSTREAM_CA_PATH can name another authority"),
    ] {
        let address = upstream(Some(authority.acceptor(&issued, &[], false)), "200 OK").await;
        let url = format!("https://{address}");
        let findings = examine(&authority, &[("UPSTREAM_URL", &url), ("UPSTREAM_CA_PATH", "ca.pem")]).await;
        let line = findings.one("upstream");
        assert_eq!(line, format!("FAIL: {url}: its certificate is not accepted: {words}"));
        assert_eq!(findings.code, Some(1));
    }
    let plain = upstream(None, "404 Not Found").await;
    for (scheme, words) in [
        ("https", "what came is not TLS: is it an http:// address?"),
        ("h2c", "it does not speak HTTP/2; without TLS its address begins with http://"),
        ("http", "but it answers /health with 404 Not Found; look there"),
    ] {
        let url = format!("{scheme}://{plain}");
        let settings =
            [("UPSTREAM_URL", &*url), ("UPSTREAM_CA_PATH", "ca.pem"), ("UPSTREAM_HEALTH_PATH", "/health")];
        let line = examine(&authority, &settings).await.one("upstream");
        assert!(line.starts_with("FAIL") && line.contains(words), "{line}");
    }
    for (name, words) in [
        ("keys.csv", "cannot be read as PEM: no items found"),
        ("nothing.pem", "cannot be read as PEM: I/O error"),
    ] {
        let settings = [("UPSTREAM_URL", "https://localhost:1"), ("UPSTREAM_CA_PATH", name)];
        let line = examine(&authority, &settings).await.one("upstream");
        assert!(line.starts_with("FAIL: UPSTREAM_CA_PATH: ") && line.contains(words), "{line}");
    }
    let line = examine(&authority, &[("UPSTREAM_URL", "unix:/no/such/socket")]).await.one("upstream");
    assert!(line.starts_with("FAIL: unix:/no/such/socket: cannot connect"), "{line}");
    assert!(line.ends_with("; start it, or correct UPSTREAM_URL"), "{line}");
}
