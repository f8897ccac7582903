//! A real Redis of the tests' own: Debian's, on a free port, with nothing on disk unless that is asked for. It can be killed,
//! started again, and stopped in the middle of whatever it does.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long it may take to start, or to do what it is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, killed when this is dropped.
pub struct Redis {
    port: u16,
    settings: Vec<String>,
    folder: PathBuf,
    child: Option<Child>,
}

impl Redis {
    /// One with Debian's defaults, which keeps its data in memory only.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One with settings as on its command line, such as `["--requirepass", "secret"]`. `@FOLDER@` is its own folder, and
    /// `@PORT@` its port.
    pub fn start_with(settings: &[&str]) -> Self {
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("testkit-redis-{}-{}", std::process::id(), number()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let filled = |word: &&str| {
            word.replace("@FOLDER@", &folder.to_string_lossy()).replace("@PORT@", &port.to_string())
        };
        let settings = settings.iter().map(filled).collect();
        let mut redis = Self { port, settings, folder, child: None };
        redis.restart();
        redis
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as a URL, without a password.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where files for its settings can be put, and where it puts its own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills it at once, without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A stopped process dies of SIGKILL as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it on the same port, and waits until it listens.
    ///
    /// # Panics
    /// There is no Redis on this machine, or it does not start.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let folder = self.folder.to_string_lossy().into_owned();
        let mut command = program();
        command.args(["--bind", "127.0.0.1", "--port", &port, "--dir", &folder, "--save", ""]);
        command.args(&self.settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("Debian's redis-tools or redis-server is installed"));
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let child = self.child.as_mut().expect("it was started");
            let ended = child.try_wait().expect("a child's status");
            assert!(ended.is_none(), "redis-server has ended with {ended:?}");
            assert!(begun.elapsed() < PATIENCE, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it in the middle of whatever it does: connections stay, and nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Gives it a command by `redis-cli`, and returns what it says.
    ///
    /// # Panics
    /// There is no `redis-cli` on this machine.
    pub fn command(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &self.port.to_string()]).args(words).stdin(Stdio::null());
        let output = command.output().expect("Debian's redis-tools is installed");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Debian's package `redis-tools` has the server already, under the name of one of the tools: which of them it is, the
/// program tells by the name that it is called by. The package `redis-server` adds that name, and a service on port 6379.
fn program() -> Command {
    let mut command = Command::new("redis-check-rdb");
    command.arg0("redis-server");
    command
}

/// One beyond which there are 10,000 more: a cluster's node has its second port there.
fn free_port() -> u16 {
    let port = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.local_addr().expect("an address").port()
    };
    std::iter::repeat_with(port).find(|port| *port < u16::MAX - 10_000).expect("there is no end of them")
}

fn number() -> usize {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    MADE.fetch_add(1, Ordering::Relaxed)
}
