//! An HTTP/2 client that sends any frames it is told to, right or wrong (RFC 9113), and says what comes back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const ACK: u8 = 1;

/// The error code of a GOAWAY.
pub const NO_ERROR: u32 = 0;
pub const PROTOCOL_ERROR: u32 = 1;
pub const FLOW_CONTROL_ERROR: u32 = 3;
pub const FRAME_SIZE_ERROR: u32 = 6;
pub const COMPRESSION_ERROR: u32 = 9;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// Longer than any time-out of these tests.
const LONG: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a GOAWAY or a `RST_STREAM`.
    pub fn error(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }
}

pub struct Frames(TcpStream);

impl Frames {
    /// A connection on which nothing has been said.
    pub async fn silent(url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// One that has begun as it should, and knows the server's settings.
    pub async fn connect(url: &str) -> Self {
        let mut frames = Self::silent(url).await;
        frames.raw(PREFACE).await;
        frames.send(SETTINGS, 0, 0, &[]).await;
        frames.until(|frame| frame.kind == SETTINGS && frame.flags & ACK == 0).await;
        frames.send(SETTINGS, ACK, 0, &[]).await;
        frames
    }

    /// Bytes as they are. The server may have hung up: what it said before is read later.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    pub async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.raw(&[&head, payload].concat()).await;
    }

    /// The next frame; none at the end.
    pub async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        let read = tokio::time::timeout(LONG, self.0.read_exact(&mut head)).await;
        read.expect("something, or the end").ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("a small frame")];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(head[5..].try_into().expect("four bytes"));
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The first frame like this; the others before it are left out.
    pub async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.next().await.expect("the connection is open");
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// The error code with which the server hangs up.
    pub async fn end(&mut self) -> Option<u32> {
        let mut error = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                error = Some(frame.error());
            }
        }
        error
    }
}

/// A request's header block, without compression (RFC 7541): `GET` or `POST`, a path, and more fields.
pub fn block(method: &str, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![if method == "GET" { 0x82 } else { 0x83 }, 0x86];
    // Literal values for names of the static table: 4 is `:path`, 1 is `:authority`.
    for (index, value) in [(4, path), (1, "x")] {
        block.push(index);
        text(&mut block, value);
    }
    for (name, value) in fields {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    block
}

/// A string literal: its length, with seven bits to begin with, and its bytes.
fn text(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).expect("less than 127"));
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128 + 128).expect("a byte"));
            length /= 128;
        }
        block.push(u8::try_from(length).expect("less than 128"));
    }
    block.extend_from_slice(text.as_bytes());
}
