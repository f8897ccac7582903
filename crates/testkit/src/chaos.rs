//! A TCP proxy that can be told to misbehave, between whoever is tested and whatever it depends on.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What it does with every byte, from this moment on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Passes it on.
    #[default]
    Fair,
    /// Passes it on later.
    Slow(Duration),
    /// Keeps it, without a word, until the weather changes: a cable that is cut. Connections stay, and new ones are taken.
    Silent,
    /// Ends every connection, and each new one at once.
    Cut,
    /// Passes it on with one word in place of another, if both are in one piece. For answers only.
    Lying(&'static str, &'static str),
}

/// The proxy; it ends when this is dropped, and its connections with it.
pub struct Chaos {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

impl Chaos {
    /// Before whatever listens at this port of the loopback address.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let weather = watch::Sender::new(Weather::Fair);
        let watched = weather.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, port, watched.clone()));
            }
        });
        Self { address, weather, task }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes the weather for every connection.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, in both directions, until either side or the weather ends it.
async fn pass(client: TcpStream, port: u16, mut weather: watch::Receiver<Weather>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = carry(from_client, to_server, weather.clone(), false);
    let back = carry(from_server, to_client, weather.clone(), true);
    tokio::select! {
        _ = there => {}
        _ = back => {}
        _ = weather.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut weather: watch::Receiver<Weather>,
    answers: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut piece = buffer[..length].to_vec();
        let now = weather.wait_for(|weather| *weather != Weather::Silent).await;
        let now = now.map_err(|_| io::ErrorKind::BrokenPipe)?.clone();
        match now {
            Weather::Slow(by) => tokio::time::sleep(by).await,
            Weather::Lying(said, instead) if answers => piece = replaced(&piece, said, instead),
            _ => {}
        }
        to.write_all(&piece).await?;
    }
}

/// With every `said` replaced, by a word of the same length.
fn replaced(piece: &[u8], said: &str, instead: &str) -> Vec<u8> {
    assert_eq!(said.len(), instead.len(), "lengths are announced before the words");
    let (mut out, mut rest) = (Vec::with_capacity(piece.len()), piece);
    while let Some(&first) = rest.first() {
        if let Some(after) = rest.strip_prefix(said.as_bytes()) {
            out.extend_from_slice(instead.as_bytes());
            rest = after;
        } else {
            out.push(first);
            rest = &rest[1..];
        }
    }
    out
}
