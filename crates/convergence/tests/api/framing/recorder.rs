//! An upstream that records what it is sent, byte by byte, and answers all of it alike.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The first line and the headers, without what ends them.
    pub head: String,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The method and the target.
    pub fn asked(&self) -> &str {
        self.head.lines().next().and_then(|line| line.strip_suffix(" HTTP/1.1")).unwrap_or(&self.head)
    }

    /// The values of a header.
    pub fn values(&self, wanted: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
    }
}

pub struct Recorder {
    pub url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::default();
        let records = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(record(stream, Arc::clone(&records)));
            }
        });
        Self { url, requests }
    }

    /// What has come whole since the last look.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.requests.lock().expect("nobody panics with it"))
    }
}

async fn record(stream: TcpStream, requests: Arc<Mutex<Vec<Recorded>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let of_head = request.head.starts_with("HEAD ");
        requests.lock().expect("nobody panics with it").push(request);
        let answer = if of_head { "content-length: 2\r\n\r\n" } else { "content-length: 2\r\n\r\nok" };
        if stream.write_all(format!("HTTP/1.1 200 OK\r\n{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request, if it comes whole. What proxies send is well formed, so nothing clever is needed.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Recorded> {
    let head = lines(stream).await?;
    let mut request = Recorded { head, body: Vec::new() };
    let length = request.values("content-length").first().map_or(0, |value| value.parse().expect("a length"));
    if request.values("transfer-encoding").is_empty() {
        request.body = bytes(stream, length).await?;
        return Some(request);
    }
    assert_eq!(length, 0, "two lengths from a proxy: {}", request.head);
    loop {
        let line = line(stream).await?;
        let size = usize::from_str_radix(&line, 16).expect("a chunk's size");
        if size == 0 {
            lines(stream).await?;
            return Some(request);
        }
        request.body.extend(bytes(stream, size).await?);
        assert_eq!(self::line(stream).await?, "", "the end of a chunk");
    }
}

/// Lines up to an empty one.
async fn lines(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut all = Vec::new();
    loop {
        match line(stream).await?.as_str() {
            "" => return Some(all.join("\n")),
            line => all.push(line.to_owned()),
        }
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    stream.read_until(b'\n', &mut bytes).await.ok()?;
    let line = bytes.strip_suffix(b"\r\n")?;
    Some(String::from_utf8_lossy(line).into_owned())
}

async fn bytes(stream: &mut BufReader<TcpStream>, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}
