//! A Redis of our own, and just enough of its protocol to ask it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port, with nothing on disk; killed when this is dropped.
pub(super) struct Redis {
    pub(super) port: u16,
    child: Child,
}

impl Redis {
    /// Debian's `redis-tools` has the server already: the program tells by its name what it is to be.
    pub(super) fn start() -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new("redis-check-rdb");
        command.arg0("redis-server").args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let redis = Self { port, child: command.spawn()? };
        let begun = Instant::now();
        while redis.connect().is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("redis-server does not listen"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(redis)
    }

    pub(super) fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        Ok(Connection { reader: BufReader::with_capacity(1 << 20, stream.try_clone()?), stream })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    reader: BufReader<TcpStream>,
}

/// A command as it is sent.
pub(super) fn packed<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

impl Connection {
    /// One command and its answer, as text.
    pub(super) fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<String> {
        self.stream.write_all(&packed(words))?;
        self.answer()
    }

    /// The next answer; of an array, its parts in lines.
    pub(super) fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (kind, rest) = line.trim_end().split_at(1);
        let length = || rest.parse::<i64>().map_err(|_| io::Error::other("no length"));
        match kind {
            "-" => Err(io::Error::other(rest.to_owned())),
            "$" => {
                let Ok(length) = usize::try_from(length()?) else { return Ok(String::new()) };
                let mut bytes = vec![0; length + 2];
                self.reader.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            "*" => {
                let parts: io::Result<Vec<String>> = (0..length()?).map(|_| self.answer()).collect();
                Ok(parts?.join("\n"))
            }
            _ => Ok(rest.to_owned()),
        }
    }

    /// Microseconds of processor time that the server has used.
    pub(super) fn cpu(&mut self) -> io::Result<f64> {
        let info = self.ask(&["INFO", "cpu"])?;
        let of = |name: &str| -> f64 {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
        };
        Ok((of("used_cpu_user") + of("used_cpu_sys")) * 1e6)
    }

    /// How often scripts were called by name since the last look, and microseconds for each.
    pub(super) fn scripts(&mut self) -> io::Result<f64> {
        let info = self.ask(&["INFO", "commandstats"])?;
        let line = info.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or_default();
        let each = line.split(',').find_map(|part| part.strip_prefix("usec_per_call="));
        self.ask(&["CONFIG", "RESETSTAT"])?;
        Ok(each.and_then(|value| value.parse().ok()).unwrap_or(0.0))
    }
}
