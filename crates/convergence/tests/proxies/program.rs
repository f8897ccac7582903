//! A proxy's program: its configuration with the ports of one test, its process, and that process's end.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a program may take to answer.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Another process may take a port in the moment between its choice and its use.
const TRIES: usize = 3;

/// Where Caddy, Envoy, Traefik and a Python with `websockets` are, installed by the first test that asks.
static INSTALLED: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxies/setup.sh");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    PathBuf::from(String::from_utf8(output.stdout).expect("UTF-8").trim())
});

/// The path of one of them.
pub fn installed(name: &str) -> PathBuf {
    INSTALLED.join(name)
}

/// A program and how it is told to read its configuration in the folder where it starts.
pub struct Proxy {
    pub name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
}

impl Proxy {
    fn of(name: &'static str, program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { name, program: program.into(), arguments }
    }

    /// One process: a worker would outlive a master that is killed.
    pub fn nginx(file: &'static str) -> Self {
        let main = "daemon off; master_process off; pid nginx.pid; error_log stderr;";
        Self::of(file, debian("nginx"), &["-p", ".", "-c", file, "-e", "stderr", "-g", main])
    }

    pub fn haproxy() -> Self {
        Self::of("haproxy", debian("haproxy"), &["-db", "-f", "haproxy.cfg"])
    }

    pub fn caddy() -> Self {
        let arguments = ["run", "--config", "Caddyfile", "--adapter", "caddyfile"];
        Self::of("caddy", installed("caddy"), &arguments)
    }

    pub fn traefik() -> Self {
        Self::of("traefik", installed("traefik"), &["--configfile=traefik.yaml"])
    }

    pub fn envoy() -> Self {
        let arguments = ["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "-l", "warn"];
        Self::of("envoy", installed("envoy"), &arguments)
    }
}

/// A program of a Debian package, which an ordinary user's path may not lead to.
fn debian(name: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let found = path.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: apt-get install {name}"))
}

/// Where the two that a proxy talks to are.
pub struct Behind {
    pub convergence: u16,
    pub ext_authz: u16,
    pub api: u16,
}

/// A proxy that runs, until this is dropped.
pub struct Running {
    pub url: String,
    child: Child,
    folder: TempDir,
}

impl Running {
    /// Returns when the proxy answers.
    pub async fn start(proxy: &Proxy, behind: &Behind) -> Self {
        for _ in 0..TRIES {
            let mut running = Self::spawn(proxy, behind);
            if running.answers().await {
                return running;
            }
            println!("{} ended at its start:\n{}", proxy.name, running.log());
        }
        panic!("{} does not start", proxy.name);
    }

    fn spawn(proxy: &Proxy, behind: &Behind) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let port = free_port();
        configure(folder.path(), port, behind);
        let log = File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(&proxy.program)
            .args(&proxy.arguments)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}", proxy.program.display()));
        Self { url: format!("http://127.0.0.1:{port}"), child, folder }
    }

    /// Whether it answers, or else has ended: its port was taken.
    async fn answers(&mut self) -> bool {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let start = Instant::now();
        loop {
            if self.child.try_wait().expect("a child").is_some() {
                return false;
            }
            // A port may be open before the routes are there.
            match client.get(&self.url).send().await {
                Ok(answer) if answer.status() == 401 => return true,
                other => assert!(start.elapsed() < DEADLINE, "{other:?}, and the log says:\n{}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the program has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("an address").port()
}

/// Copies the configurations of the documentation, with the ports of this test, and no interface but loopback.
fn configure(folder: &Path, port: u16, behind: &Behind) {
    let ports = [
        ("8080", port),
        ("8081", free_port()),
        ("8000", behind.convergence),
        ("8002", behind.ext_authz),
        ("3000", behind.api),
    ];
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/forward-auth");
    for entry in fs::read_dir(examples).expect("the examples") {
        let path = entry.expect("an example").path();
        let text = fs::read_to_string(&path).expect("text").replace("0.0.0.0", "127.0.0.1");
        // Debian's nginx has folders of its own for these, which an ordinary user may not write to.
        let text = text.replace("\nhttp {\n", &format!("\nhttp {{\n{}", own_folders(folder)));
        let name = path.file_name().expect("a name");
        fs::write(folder.join(name), with_ports(&text, &ports)).expect("a configuration");
    }
}

fn own_folders(folder: &Path) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let line = |kind: &str| format!("{kind}_temp_path {}/{kind};\n", folder.display());
    kinds.map(line).concat() + "access_log off;\n"
}

/// Every number that is one of these ports, replaced.
fn with_ports(text: &str, ports: &[(&str, u16)]) -> String {
    let replaced = text.split_inclusive(|c: char| !c.is_ascii_digit()).map(|piece| {
        let number = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        let port = ports.iter().find(|(example, _)| *example == number);
        port.map_or(piece.to_owned(), |(_, port)| piece.replacen(number, &port.to_string(), 1))
    });
    replaced.collect()
}
