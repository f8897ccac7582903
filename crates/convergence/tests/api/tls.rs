//! TLS on the public listener, by clients of several makers.

mod acme;
mod clients;
mod reload;
mod wrong;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, ClientBuilder, Version};
use testkit::{Authority, Pair, VALID};

use crate::support::TestServer;

const NAME: &str = "gateway.example";
const LONG: Duration = Duration::from_secs(20);

const FILES: [(&str, &str); 2] =
    [("TLS_CERT_PATH", "{folder}/tls.crt"), ("TLS_KEY_PATH", "{folder}/tls.key")];

/// A server with a certificate for `NAME` and 127.0.0.1, and who has signed it.
struct Secure {
    server: TestServer,
    authority: Authority,
}

impl Secure {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(settings: &[(&str, &str)]) -> Self {
        let authority = Authority::new("The tests' authority");
        let pair = authority.server(&[NAME, "127.0.0.1"], VALID);
        let ca = authority.pem();
        let files = [("tls.crt", &*pair.certificate), ("tls.key", &pair.key), ("ca.crt", &ca)];
        Self { server: TestServer::with_files(&files, &[&FILES, settings].concat()), authority }
    }

    fn save(&self, pair: &Pair) {
        write(&self.server.path("tls.crt"), &pair.certificate);
        write(&self.server.path("tls.key"), &pair.key);
    }

    fn address(&self) -> &str {
        self.server.url.trim_start_matches("http://")
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address())
    }

    fn client(&self) -> ClientBuilder {
        let trusted = Certificate::from_pem(self.authority.pem().as_bytes()).expect("a certificate");
        Client::builder().no_proxy().tls_certs_only([trusted])
    }

    /// `openssl s_client`, with nothing to say: what it prints, and whether it was content.
    fn openssl(&self, arguments: &[&str]) -> (String, bool) {
        let ca = self.server.path("ca.crt");
        let output = Command::new("openssl")
            .args(["s_client", "-verify_return_error", "-servername", NAME, "-connect", self.address()])
            .arg("-CAfile")
            .arg(ca)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("openssl");
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.success())
    }
}

/// As a careful program does it: whole at once.
fn write(path: &Path, contents: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, contents).expect("a file");
    std::fs::rename(new, path).expect("a rename");
}

#[tokio::test]
async fn http_2_and_1_are_agreed_upon() {
    let secure = Secure::start();
    for (client, version) in
        [(secure.client(), Version::HTTP_2), (secure.client().http1_only(), Version::HTTP_11)]
    {
        let client = client.build().expect("a client");
        let answer = client.get(secure.url("/health")).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        let answer = client.get(secure.url("/auth/verify")).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
    }
}

#[test]
fn curl_and_openssl_are_content() {
    let secure = Secure::start();
    let curl = |more: &[&str]| {
        let output = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--max-time", "20"])
            .args(["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}", "--cacert"])
            .arg(secure.server.path("ca.crt"))
            .args(more)
            .arg(secure.url("/health"))
            .output()
            .expect("curl");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(curl(&[]), "2 200");
    assert_eq!(curl(&["--http1.1"]), "1.1 200");
    assert_eq!(curl(&["--tls-max", "1.2"]), "2 200");
    assert_eq!(curl(&["--no-alpn"]), "1.1 200");
    let (text, good) = secure.openssl(&["-tls1_3", "-alpn", "h2,http/1.1"]);
    assert!(good && text.contains("ALPN protocol: h2") && text.contains("TLSv1.3"), "{text}");
    let (text, good) = secure.openssl(&["-tls1_2", "-alpn", "http/1.1"]);
    assert!(good && text.contains("ALPN protocol: http/1.1") && text.contains("TLSv1.2"), "{text}");
}

#[test]
fn old_versions_and_weak_ciphers_are_refused() {
    let secure = Secure::start();
    // OpenSSL itself would not offer them at its usual level of security.
    for old in ["-tls1", "-tls1_1"] {
        let (text, good) = secure.openssl(&[old, "-cipher", "ALL:@SECLEVEL=0"]);
        assert!(!good && text.contains(" alert "), "{old}: {text}");
    }
    let (text, good) = secure.openssl(&["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"]);
    assert!(!good && text.contains("handshake failure"), "{text}");
    let (text, good) = secure.openssl(&["-alpn", "spdy/3"]);
    assert!(!good && text.contains("no application protocol"), "{text}");
}

#[test]
fn a_session_is_resumed_on_any_thread() {
    let secure = Secure::with(&[("API_THREADS", "2")]);
    let session = secure.server.path("session");
    let session = session.to_str().expect("UTF-8");
    for version in ["-tls1_2", "-tls1_3"] {
        // TLS 1.3 gives its tickets after the handshake, so one has to stay for an answer.
        let request = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let speak = |how: &str| {
            let connect = format!(
                "openssl s_client -quiet -no_ign_eof -servername {NAME} {version} -connect {} {how} {session}",
                secure.address()
            );
            let command = format!("(printf '{request}'; sleep 0.3) | {connect} 2>&1");
            let output = Command::new("sh").args(["-c", &command]).output().expect("a shell");
            assert!(String::from_utf8_lossy(&output.stdout).contains("200 OK"), "{output:?}");
        };
        speak("-sess_out");
        for _ in 0..4 {
            let (text, good) = secure.openssl(&[version, "-sess_in", session]);
            assert!(good && text.contains("Reused, "), "{version}: {text}");
        }
    }
}

#[tokio::test]
async fn a_handshake_has_the_header_time() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let secure = Secure::with(&[("HEADER_TIMEOUT", "1"), ("IDLE_TIMEOUT", "600")]);
    for beginning in
        [&b""[..], b"\x16\x03\x01\x02", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on"]
    {
        let mut stream = tokio::net::TcpStream::connect(secure.address()).await.expect("a connection");
        stream.write_all(beginning).await.expect("a beginning");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await;
        drop(closed.expect("the server closes"));
    }
    // And so has a client that says nothing after it.
    let start = Instant::now();
    let (_, _) = secure.openssl(&["-ign_eof"]);
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let secure = Secure::start();
    let answer = secure.server.get("/health").await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "tls_required"));
}

#[tokio::test]
async fn a_redirect_keeps_the_place_and_says_nothing_else() {
    let secure = Secure::with(&[("TLS_REDIRECT_PORT", "0"), ("TLS_PUBLIC_PORT", "443")]);
    let plain = secure.server.redirect_address().expect("a second listener");
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = client.resolve(NAME, plain).build().expect("a client");
    let request =
        client.post(format!("http://{NAME}:{}/auth/verify?a=b", plain.port())).bearer_auth("secret");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.headers()["location"], format!("https://{NAME}/auth/verify?a=b"));
    assert!(answer.headers().get("x-client-name").is_none());
}
