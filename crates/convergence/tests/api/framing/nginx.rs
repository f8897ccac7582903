//! The same bytes to this server and to nginx, each in front of an upstream that records: what nginx refuses is refused,
//! and what both take arrives alike, but for those named here.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;
use tokio::net::UnixStream;

use super::corpus::{self, Case};
use super::*;

/// Debian's nginx in front of an upstream, on a socket of its own.
struct Nginx {
    process: Child,
    folder: TempDir,
}

impl Nginx {
    async fn in_front_of(upstream: &Recorder) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().display();
        let url = &upstream.url;
        let configuration = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/log;\n\
             events {{}}\n\
             http {{ access_log off; large_client_header_buffers 4 16k;\n\
             keepalive_timeout 1s; client_header_timeout 1s; client_body_timeout 1s;\n\
             client_body_temp_path {path}/body; proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fastcgi;\n\
             uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;\n\
             server {{ listen unix:{path}/socket; location / {{ proxy_pass {url}; proxy_http_version 1.1; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("a configuration");
        let mut command =
            Command::new(if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" });
        command.arg("-c").arg(&file).arg("-e").arg(folder.path().join("log")).arg("-p").arg(folder.path());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("nginx runs; ./test.sh installs it (the Debian package nginx-light)");
        let nginx = Self { process, folder };
        let start = Instant::now();
        while nginx.connect().await.is_err() {
            let log = std::fs::read_to_string(nginx.folder.path().join("log"));
            assert!(start.elapsed() < LONG, "nginx does not come up: {log:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        nginx
    }

    async fn connect(&self) -> std::io::Result<UnixStream> {
        UnixStream::connect(self.folder.path().join("socket")).await
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What one server made of some bytes.
#[derive(Debug)]
struct Outcome {
    statuses: Vec<u16>,
    /// The requests that arrived: what they ask, and their bodies.
    arrived: Vec<(String, Vec<u8>)>,
}

impl Outcome {
    fn is_refused(&self) -> bool {
        self.statuses.iter().any(|status| (400..=599).contains(status))
    }
}

async fn outcome(stream: impl AsyncRead + AsyncWrite + Unpin, upstream: &Recorder, bytes: &[u8]) -> Outcome {
    let answers = exchange(stream, bytes).await;
    let arrived = upstream.take().into_iter();
    let arrived = arrived.map(|request| (request.asked().to_owned(), request.body)).collect();
    Outcome { statuses: statuses(&answers), arrived }
}

/// Refused by nginx, and taken here.
const MORE_LENIENT: [(&str, &str); 6] = [
    ("invalid/003c", "a method that begins with a hyphen: nginx knows only letters, - and _ inside"),
    ("valid/031compat", "the same"),
    ("valid/031compat2", "the same"),
    ("valid/017", "If-Match twice: a list by RFC 9110, 13.1.1, of which nginx takes one line"),
    ("valid/rfc9112_target_asterisk_options_01", "OPTIONS *, which nginx does not know"),
    ("tabs around a value", "nginx takes no tab before a host"),
];

/// Taken by both, and passed on otherwise.
const OTHERWISE: [(&str, &str); 1] =
    [("valid/005", "a fragment, which no target has (RFC 9112, 3.2): it is dropped, and nginx passes it on")];

#[tokio::test]
async fn what_nginx_refuses_is_refused_and_what_both_take_arrives_alike() {
    let (before_us, before_nginx) = (Recorder::start().await, Recorder::start().await);
    let server = passing_on(&before_us);
    let nginx = Nginx::in_front_of(&before_nginx).await;
    let named = attacks::attacks().into_iter();
    let named = named.map(|(name, bytes)| Case { name: name.to_owned(), bytes: bytes.into_bytes() });
    let legal = legal().into_iter();
    let legal = legal.map(|(name, bytes)| Case { name: name.to_owned(), bytes: bytes.into_bytes() });
    let (mut wrong, mut both) = (Vec::new(), 0);
    for Case { name, bytes } in corpus::cases().into_iter().chain(named).chain(legal) {
        let bytes = [&bytes, LAST].concat();
        let ours = outcome(connect(&server).await, &before_us, &bytes).await;
        let stream = nginx.connect().await.expect("a connection");
        let theirs = outcome(stream, &before_nginx, &bytes).await;
        if theirs.is_refused() != ours.is_refused() {
            let listed = MORE_LENIENT.iter().any(|(listed, _)| *listed == name);
            // To refuse more is the aim.
            if theirs.is_refused() && !listed {
                wrong.push(format!("{name}: nginx {:?}, ours {:?}", theirs.statuses, ours.statuses));
            }
        } else if !ours.is_refused() {
            both += 1;
            let listed = OTHERWISE.iter().any(|(listed, _)| *listed == name);
            if theirs.arrived != ours.arrived && !listed {
                wrong.push(format!("{name}: nginx {:?}, ours {:?}", theirs.arrived, ours.arrived));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(both > 40, "only {both} requests were taken by both");
}

/// What has to pass, so that there is something to lay beside nginx.
fn legal() -> Vec<(&'static str, String)> {
    let chunked = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    vec![
        ("pipelined", "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nDELETE /2 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        (
            "a body that looks like a request",
            format!(
                "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                LAST.len(),
                String::from_utf8_lossy(LAST)
            ),
        ),
        ("chunks", format!("{chunked}5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n")),
        ("chunks with extensions", format!("{chunked}5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n")),
        ("chunks with trailers", format!("{chunked}5\r\nhello\r\n0\r\nX: y\r\n\r\n")),
        ("a chunk that looks like an end", format!("{chunked}7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n")),
        ("chunks and another request", format!("{chunked}5\r\nhello\r\n0\r\n\r\n{chunked}0\r\n\r\n")),
        ("one empty line first", "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("a length of zeros", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0005\r\n\r\nhello".to_owned()),
        (
            "Expect",
            "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
                .to_owned(),
        ),
        ("a target with its host", "GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("tabs around a value", "GET /a HTTP/1.1\r\nHost:\t x \t\r\nA:\r\nB: \u{e9}\r\n\r\n".to_owned()),
    ]
}
