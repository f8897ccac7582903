//! Certificates by ACME, from Let's Encrypt's own server for tests (Debian's `pebble`), which checks signatures and nonces,
//! refuses good nonces now and then, and connects to the names it is to prove.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;

use reqwest::Identity;
use tempfile::TempDir;

use super::*;

const NAMES: [&str; 2] = ["one.example", "two.example"];

/// Which ports the three programs talk on.
struct Ports {
    directory: u16,
    management: u16,
    dns: u16,
    records: u16,
}

impl Ports {
    fn free() -> Self {
        let sockets: [TcpListener; 4] =
            std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [directory, management, dns, records] =
            sockets.map(|socket| socket.local_addr().expect("an address").port());
        Self { directory, management, dns, records }
    }
}

struct Pebble(Vec<Child>);

impl Pebble {
    /// Names lead to 127.0.0.1, where they are proved on `port`.
    fn start(folder: &Path, ports: &Ports, port: u16) -> Self {
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", ports.directory),
            "managementListenAddress": format!("127.0.0.1:{}", ports.management),
            "certificate": folder.join("pebble.crt"),
            "privateKey": folder.join("pebble.key"),
            "httpPort": 1,
            "tlsPort": port,
        }});
        std::fs::write(folder.join("pebble.json"), config.to_string()).expect("a file");
        let start = |command: &mut Command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("Debian's package pebble is needed: apt-get install pebble")
        };
        let dns = format!("127.0.0.1:{}", ports.dns);
        let names = start(
            Command::new("pebble-challtestsrv")
                .args(["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &dns])
                .args(["-management", &format!("127.0.0.1:{}", ports.records)]),
        );
        let pebble = start(
            Command::new("pebble")
                .arg("-strict")
                .arg("-config")
                .arg(folder.join("pebble.json"))
                .args(["-dnsserver", &dns])
                .env("PEBBLE_VA_NOSLEEP", "1")
                .env("PEBBLE_WFE_NONCEREJECT", "20"),
        );
        Self(vec![names, pebble])
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server that is to fetch its certificate, and what it needs for that.
struct Fetching {
    server: TestServer,
    authority: Authority,
    ports: Ports,
    pebbles: TempDir,
}

impl Fetching {
    fn start(more: &[(&str, &str)]) -> Self {
        let (authority, ports) = (Authority::new("The tests' authority"), Ports::free());
        let pebbles = TempDir::new().expect("a folder");
        let own = authority.server(&["localhost", "127.0.0.1"], VALID);
        std::fs::write(pebbles.path().join("pebble.crt"), own.certificate).expect("a file");
        std::fs::write(pebbles.path().join("pebble.key"), own.key).expect("a file");
        let (names, directory) = (NAMES.join(", "), format!("https://localhost:{}/dir", ports.directory));
        let settings = [
            ("ACME_DOMAINS", &*names),
            ("ACME_CONTACT", "operator@one.example"),
            ("ACME_DIRECTORY_URL", &directory),
            ("ACME_CA_PATH", "{folder}/ca.crt"),
        ];
        let server = TestServer::with_files(&[("ca.crt", &authority.pem())], &[&settings, more].concat());
        Self { server, authority, ports, pebbles }
    }

    fn port(&self) -> u16 {
        self.server.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    fn pebble(&self, port: u16) -> Pebble {
        Pebble::start(self.pebbles.path(), &self.ports, port)
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        std::fs::read(self.server.path("data/acme/certificate.pem")).ok()
    }

    /// Who has signed what the server shows to whoever asks for a name.
    fn issuer(&self, name: &str) -> String {
        let address = self.server.url.trim_start_matches("http://").to_owned();
        let output = Command::new("openssl")
            .args(["s_client", "-servername", name, "-connect", &address])
            .stdin(Stdio::null())
            .output()
            .expect("openssl");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find_map(|line| line.strip_prefix("issuer=")).unwrap_or_default().to_owned()
    }

    /// Moves the clock by `step` between two looks.
    async fn until(&self, what: &str, step: Duration, wanted: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !wanted(self) {
            assert!(start.elapsed() < 2 * LONG, "{what}: not yet");
            self.server.clock.advance(step);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

// The client hears the server go while that is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_fetched_and_kept() {
    // Clients need a certificate of their own, which whoever proves a name has not.
    let mut fetching = Fetching::start(&[("TLS_CLIENT_CA_PATH", "{folder}/ca.crt")]);
    assert!(fetching.issuer(NAMES[0]).contains("rcgen"), "nobody's certificate until there is one");
    let _pebble = fetching.pebble(fetching.port());
    // The first try found no server, so this is the second at least.
    let second = Duration::from_secs(1);
    fetching.until("the first", 30 * second, |fetching| fetching.certificate().is_some()).await;
    fetching
        .until("it is served", second, |fetching| fetching.issuer(NAMES[1]).contains("Pebble Intermediate"))
        .await;

    let trusted = Client::builder()
        .no_proxy()
        .tls_certs_only([Certificate::from_pem(fetching.authority.pem().as_bytes()).expect("a certificate")]);
    let roots = format!("https://localhost:{}/roots/0", fetching.ports.management);
    let root = trusted.build().expect("a client").get(roots).send().await.expect("an answer");
    let root = Certificate::from_pem(&root.bytes().await.expect("a body")).expect("a certificate");
    let own = fetching.authority.client("a client");
    let own = Identity::from_pem([own.certificate, own.key].concat().as_bytes()).expect("a pair");
    let client = Client::builder().no_proxy().tls_certs_only([root]).identity(own);
    let client =
        client.resolve(NAMES[1], ([127, 0, 0, 1], fetching.port()).into()).build().expect("a client");
    let health = client.get(format!("https://{}:{}/health", NAMES[1], fetching.port())).send().await;
    assert_eq!(health.expect("an answer").status(), 200);

    let folder = fetching.server.path("data/acme");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> =
        folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(files.len(), 2, "the certificate and the account: {files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));

    let first = fetching.certificate();
    fetching.server.restart_with(&[]);
    assert!(fetching.issuer(NAMES[0]).contains("Pebble Intermediate"), "at once");
    fetching.server.clock.advance(Duration::from_hours(3));
    assert_eq!(fetching.certificate(), first, "there is no need for another");
}

#[tokio::test]
async fn a_certificate_in_its_last_third_is_renewed() {
    let fetching = Fetching::start(&[]);
    let _pebble = fetching.pebble(fetching.port());
    fetching.until("the first", Duration::from_secs(30), |fetching| fetching.certificate().is_some()).await;
    let first = fetching.certificate();
    // Pebble's are for five years, from the machine's today on.
    let month = Duration::from_hours(30 * 24);
    fetching.until("the next", month, |fetching| fetching.certificate() != first).await;
    fetching
        .until("it is served", Duration::from_secs(1), |fetching| {
            fetching.issuer(NAMES[0]).contains("Pebble")
        })
        .await;
}

#[tokio::test]
async fn a_name_that_is_not_ours_gets_nothing_and_is_tried_again() {
    let fetching = Fetching::start(&[]);
    // Where the names lead, somebody else listens.
    let stranger = TestServer::with(&[]);
    let elsewhere = stranger.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let wrong = fetching.pebble(elsewhere);
    let account = |fetching: &Fetching| {
        let mut files = fetching.server.path("data/acme").read_dir().into_iter().flatten();
        files.next().is_some()
    };
    fetching.until("an account", Duration::from_secs(30), account).await;
    assert!(fetching.certificate().is_none());
    drop(wrong);
    let _right = fetching.pebble(fetching.port());
    // Pebble forgets everything when it ends, so the account of before is unknown to it.
    fetching.until("the first", Duration::from_mins(5), |fetching| fetching.certificate().is_some()).await;
}
