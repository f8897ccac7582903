//! A server that is replaced under load. The test is the service manager: it holds the socket and hands it over, as
//! systemd does (`sd_listen_fds(3)`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{GUARDED, KEY, LONG, Serving, folder_with_keys};

/// Hands its standard input over as descriptor 3, and its standard output, which the program does not use, as 4.
const HAND_OVER: &str = r#"exec 3<&0 4<&1 0</dev/null 1>/dev/null; LISTEN_PID=$$ exec "$@""#;

const ROUTES: &str = "[[route]]\nprefix = \"/v1\"\n";
const OTHER_ROUTES: &str =
    "[[route]]\nprefix = \"/v1\"\n\n[[route]]\nprefix = \"/v2\"\nscopes = [\"read\"]\n";

/// A manager's sockets.
struct Sockets {
    public: TcpListener,
    admin: TcpListener,
}

impl Sockets {
    fn bind() -> Self {
        let [public, admin] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        Self { public, admin }
    }

    fn start(&self, folder: &Path, settings: &[(&str, &str)]) -> Serving {
        Serving::of(self.command(folder, settings))
    }

    fn command(&self, folder: &Path, settings: &[(&str, &str)]) -> Command {
        let fd = |socket: &TcpListener| OwnedFd::from(socket.try_clone().expect("a descriptor"));
        let mut command = Command::new("sh");
        command.args(["-c", HAND_OVER, "sh", env!("CARGO_BIN_EXE_convergence"), "serve"]);
        command.current_dir(folder).env_clear().env("PATH", std::env::var("PATH").unwrap_or_default());
        command.envs([("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "public:admin")]);
        command.envs(settings.iter().copied());
        command.stdin(fd(&self.public)).stdout(fd(&self.admin)).stderr(Stdio::piped());
        command
    }
}

fn settings<'a>() -> Vec<(&'a str, &'a str)> {
    // Both would be refused or unheard, if they were not ignored.
    let ports = [("API_PORT", "1"), ("ADMIN_PORT", "1"), ("USAGE_FLUSH_INTERVAL", "0")];
    [GUARDED, &[("ROUTES_FILE", "routes.toml"), ("API_THREADS", "2")], &ports].concat()
}

/// Clients that ask all the time.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<usize>>,
}

impl Load {
    /// As many that keep their connection as that make a new one for each request.
    fn start(address: SocketAddr, clients: usize) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |number: usize| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            std::thread::spawn(move || {
                let mut client =
                    Client { address, kept: None, keeps: number.is_multiple_of(2), told_to_close: 0 };
                while !stop.load(Ordering::Relaxed) {
                    client.ask().unwrap_or_else(|error| panic!("client {number}: {error}"));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                client.told_to_close
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, answered, clients }
    }

    /// Waits until so many more requests have been answered.
    fn more(&self, requests: usize) {
        let (start, goal) = (std::time::Instant::now(), self.answered.load(Ordering::Relaxed) + requests);
        while self.answered.load(Ordering::Relaxed) < goal {
            assert!(start.elapsed() < LONG, "no answers any more");
            assert!(!self.clients.iter().any(JoinHandle::is_finished), "a client has given up");
            std::thread::yield_now();
        }
    }

    /// How many times a kept connection was told to end.
    fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().map(|client| client.join().expect("a client without failure")).sum()
    }
}

/// A client that forgives nothing: a connection may end after an answer that has said so, and at no other time.
struct Client {
    address: SocketAddr,
    kept: Option<BufReader<TcpStream>>,
    keeps: bool,
    told_to_close: usize,
}

impl Client {
    fn ask(&mut self) -> Result<(), String> {
        let said = |step: &'static str| move |error: std::io::Error| format!("{step}: {error}");
        let mut connection = if let Some(kept) = self.kept.take() {
            kept
        } else {
            let stream = TcpStream::connect(self.address).map_err(said("connecting"))?;
            stream.set_read_timeout(Some(LONG)).map_err(said("an option"))?;
            BufReader::new(stream)
        };
        let keep = if self.keeps { "" } else { "connection: close\r\n" };
        let request =
            format!("GET /auth/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{keep}\r\n");
        connection.get_mut().write_all(request.as_bytes()).map_err(said("sending"))?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if connection.read_line(&mut head).map_err(said("reading"))? == 0 {
                return Err(format!("closed after {head:?}"));
            }
        }
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(head);
        }
        let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length = line("content-length: ").and_then(|text| text.parse().ok()).unwrap_or(0);
        connection.read_exact(&mut vec![0; length]).map_err(said("reading the body"))?;
        if line("connection: ") == Some("close") {
            self.told_to_close += usize::from(self.keeps);
        } else if self.keeps {
            self.kept = Some(connection);
        }
        Ok(())
    }
}

/// No limit, so that each refusal is a failure.
fn folder() -> tempfile::TempDir {
    let folder = folder_with_keys();
    let keys = format!("api_key,client_name,is_active\n{KEY},MyApp Production,TRUE\n");
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    std::fs::write(folder.path().join("routes.toml"), ROUTES).expect("a routes file");
    folder
}

#[test]
fn not_one_request_fails_while_the_server_is_replaced_under_load() {
    let (folder, sockets) = (folder(), Sockets::bind());
    let mut serving = sockets.start(folder.path(), &settings());
    let log = serving.line_with("API_HOST and API_PORT have no effect");
    assert!(log.contains("LISTEN_FDS"), "{log}");
    let load = Load::start(sockets.public.local_addr().expect("an address"), 6);
    for routes in [ROUTES, OTHER_ROUTES, ROUTES, OTHER_ROUTES] {
        load.more(300);
        std::fs::write(folder.path().join("routes.toml"), routes).expect("a routes file");
        let (code, log) = serving.terminate();
        assert_eq!(code, Some(0), "{log}");
        // Whoever comes now waits in the socket.
        serving = sockets.start(folder.path(), &settings());
    }
    // The other way round: the next one takes from the same queue before the last one leaves it.
    let old = std::mem::replace(&mut serving, sockets.start(folder.path(), &settings()));
    load.more(300);
    assert_eq!(old.terminate().0, Some(0));
    load.more(300);
    let told = load.end();
    assert!(told > 0, "kept connections have been told to end");
    assert_eq!(serving.terminate().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_takes_nobody_before_there_are_keys() {
    let google = testkit::Google::start().await;
    let row = |cells: [&str; 3]| cells.map(Into::into).to_vec();
    let rows = vec![row(["api_key", "client_name", "is_active"]), row([KEY, "MyApp Production", "yes"])];
    google.set_tab("API_Keys", rows);
    google.inject(testkit::Fault::Slow(Duration::from_millis(500)), testkit::Times::Once);
    let identity = testkit::Identity::start(&google).await;
    let (folder, sockets) = (folder(), Sockets::bind());
    // It waits in the socket while there is no server, and no snapshot of keys either.
    let load = Load::start(sockets.public.local_addr().expect("an address"), 2);
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("GOOGLE_SHEET_ID", google.sheet_id()),
        ("GOOGLE_SHEETS_ENDPOINT", &google.url()),
        ("GOOGLE_CREDENTIALS", "adc"),
        ("GCE_METADATA_HOST", &identity.metadata_host()),
        ("USAGE_FLUSH_INTERVAL", "0"),
    ];
    let serving = sockets.start(folder.path(), &settings);
    load.more(10);
    load.end();
    let admin = sockets.admin.local_addr().expect("an address");
    let mut stream = TcpStream::connect(admin).expect("a connection");
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n").expect("a request");
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).expect("an answer");
    assert!(
        metrics.starts_with("HTTP/1.1 200 ") && metrics.contains("convergence_directory_keys"),
        "{metrics}"
    );
    assert_eq!(serving.terminate().0, Some(0));
}

/// HTTP/2 is told to go by a frame, and a client that has read it sends nothing more there.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_over_http2_fails_either() {
    let (folder, sockets) = (folder(), Sockets::bind());
    let mut serving = sockets.start(folder.path(), &settings());
    let url = format!("http://{}/auth/verify", sockets.public.local_addr().expect("an address"));
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let streams = [(); 4].map(|()| {
        let (stop, answered, client) = (Arc::clone(&stop), Arc::clone(&answered), client.clone());
        let url = url.clone();
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let answer = client.get(&url).bearer_auth(KEY).send().await.expect("an answer");
                assert_eq!(answer.status(), 200);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for _ in 0..3 {
        let goal = answered.load(Ordering::Relaxed) + 200;
        super::until("200 answers more", || answered.load(Ordering::Relaxed) >= goal).await;
        serving = tokio::task::block_in_place(|| {
            assert_eq!(serving.terminate().0, Some(0));
            sockets.start(folder.path(), &settings())
        });
    }
    stop.store(true, Ordering::Relaxed);
    for stream in streams {
        stream.await.expect("a client without failure");
    }
    assert_eq!(serving.terminate().0, Some(0));
}

#[test]
fn a_socket_opens_the_admin_listener_to_nobody_without_a_token() {
    let (folder, mut sockets) = (folder(), Sockets::bind());
    sockets.admin = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let output = sockets.command(folder.path(), &settings()).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("ADMIN_TOKEN: must be set"), "{said}");
}

#[test]
fn hangups_under_load_fail_no_request_and_end_no_server() {
    let folder = folder();
    for with_routes in [true, false] {
        let routes: &[_] = if with_routes { &[("ROUTES_FILE", "routes.toml")] } else { &[] };
        let settings = [GUARDED, routes].concat();
        let mut serving = Serving::start(folder.path(), &["serve"], &settings);
        serving.line_with("keys are up to date");
        let address = serving.url.strip_prefix("http://").expect("a URL").parse().expect("an address");
        let load = Load::start(address, 4);
        for text in [OTHER_ROUTES, ROUTES, OTHER_ROUTES] {
            std::fs::write(folder.path().join("routes.toml"), text).expect("a routes file");
            let sent = Command::new("kill").arg("-HUP").arg(serving.child.id().to_string()).status();
            assert!(sent.is_ok_and(|status| status.success()));
            serving.seen.clear();
            serving.line_with(if with_routes { "routes are read" } else { "there is no ROUTES_FILE" });
            load.more(100);
        }
        assert_eq!(load.end(), 0, "nobody is told to go");
        assert_eq!(serving.terminate().0, Some(0));
    }
}
