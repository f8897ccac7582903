//! One single-threaded runtime and one listening socket for each thread; the kernel spreads connections over them
//! (`SO_REUSEPORT`, socket(7)). Nothing that a request touches moves between threads.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::LocalOptions;
use tokio::sync::watch;
use tracing::{debug, error, warn};

use super::connection::{self, Shared};
use super::date::Date;
use super::farewell;
use super::lives::Lives;
use super::tls::Tls;
use crate::app::{App, Door};

/// Connections that wait to be accepted, for each thread.
const BACKLOG: i32 = 1_024;

/// How a client is noticed that vanished while its connection may be silent: asked after a minute, then every 15 s, and
/// given up after as many probes as the system has set (9 on Linux).
const KEEP_ALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(15));

/// What a connection beyond `MAX_CONNECTIONS` is told before it is closed.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    content-length: 108\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"title\":\"Too many connections\",\"status\":503,\"detail\":\"try again in a second\",\"code\":\"too_many_connections\"}";

/// How long the connections in an inherited queue wait for a server that has no keys yet: they have come to one that had.
const FIRST_KEYS: Duration = Duration::from_secs(5);

/// How often it is looked for them, at the start only.
const LOOK_FOR_KEYS: Duration = Duration::from_millis(5);

/// The bound sockets, one for each thread.
pub(crate) struct Listeners {
    sockets: Vec<std::net::TcpListener>,
    address: SocketAddr,
    /// How long what comes at the start may wait for keys.
    patience: Duration,
}

impl Listeners {
    /// Binds `threads` sockets to one address; port 0 becomes one free port for all.
    ///
    /// # Errors
    /// The address is in use, or not this machine's.
    pub(crate) fn bind(address: SocketAddr, threads: usize) -> io::Result<Self> {
        // Two servers of one user could share a port and each get half of its connections. A socket that does not
        // share finds out whether the port is taken, or which one is free.
        let address = bind(address, Sharing::Alone)?.local_addr()?;
        let address = address.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let sockets = (0..threads).map(|_| listen(address)).collect::<io::Result<_>>()?;
        Ok(Self { sockets, address, patience: Duration::ZERO })
    }

    /// On sockets that somebody else has bound and keeps. Threads that have the same one share its queue; there is a
    /// thread for each socket at least.
    ///
    /// # Errors
    /// No socket, or an option that cannot be set.
    pub(crate) fn on(inherited: &[std::net::TcpListener], threads: usize) -> io::Result<Self> {
        let address = inherited.first().ok_or(io::ErrorKind::NotFound)?.local_addr()?;
        inherited.iter().try_for_each(|socket| set_options(&SockRef::from(socket)))?;
        let shared = inherited.iter().cycle().take(threads.max(inherited.len()));
        let sockets = shared.map(std::net::TcpListener::try_clone).collect::<io::Result<_>>()?;
        Ok(Self { sockets, address, patience: FIRST_KEYS })
    }

    /// Where they listen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the threads. Each ends after `stop` turns true and its connections have ended or run out of time.
    ///
    /// # Errors
    /// A thread cannot be made.
    pub(crate) fn serve(
        self,
        app: &Arc<App>,
        tls: Option<&Arc<Tls>>,
        stop: &watch::Receiver<bool>,
    ) -> io::Result<Vec<std::thread::JoinHandle<()>>> {
        let patience = self.patience;
        let thread = |(number, socket): (usize, std::net::TcpListener)| {
            let (app, tls, stop) = (Arc::clone(app), tls.cloned(), stop.clone());
            std::thread::Builder::new()
                .name(format!("http-{number}"))
                .spawn(move || run(socket, app, tls, stop, patience))
        };
        self.sockets.into_iter().enumerate().map(thread).collect()
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = bind(address, Sharing::WithThreads)?;
    socket.set_nonblocking(true)?;
    set_options(&SockRef::from(&socket))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepted connections inherit both (tcp(7), as Linux does it), which saves a call for each.
fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_keepalive(&KEEP_ALIVE)?;
    // An answer goes out in one write, so there is nothing to gather.
    socket.set_tcp_nodelay(true)
}

/// Whether other sockets may be bound to the same port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    WithThreads,
}

fn bind(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::WithThreads)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// One request thread. Its runtime is bound to it, so what it runs needs no locks to be passed about.
fn run(
    socket: std::net::TcpListener,
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    stop: watch::Receiver<bool>,
    patience: Duration,
) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    match runtime.enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => {
            runtime.block_on(accept(socket, app, tls, stop, patience));
            // Whatever still runs has had its time.
            runtime.shutdown_background();
        }
        // Its socket closes, and the kernel gives its connections to the other threads.
        Err(error) => error!("a request thread could not be started: {error}"),
    }
}

/// Takes connections until told to stop, then sees them out.
async fn accept(
    socket: std::net::TcpListener,
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
    let link = app.fleet.as_ref().map(|fleet| {
        let (link, keeper) = fleet.link();
        tokio::task::spawn_local(keeper);
        link
    });
    // After that time, whoever asks is told that there are no keys yet.
    tokio::select! {
        () = first_keys(&app) => {}
        () = tokio::time::sleep(patience) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    // What is shared is asked from the first request on. If it is away, that is known in a moment.
    if let Some(link) = &link {
        tokio::select! {
            () = link.tried() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
    let listener = match TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => return warn!("a listener could not be started: {error}"),
    };
    let lives = Rc::new(Lives::new(&app.listen));
    let watcher = tokio::task::spawn_local(Rc::clone(&lives).watch());
    let date = Rc::new(Date::at(app.clock.now().unix));
    let recorder = app.recorders.recorder();
    let shared = Shared { app, pool: Rc::default(), link, date, recorder };
    let timekeeper = tokio::task::spawn_local(Rc::clone(&shared.date).keep(Arc::clone(&shared.app.clock)));
    let sweeper = tokio::task::spawn_local({
        let pool = Rc::clone(&shared.pool);
        async move { pool.keep_swept().await }
    });
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => take(&shared, tls.as_ref(), &lives, stream, peer),
                Err(error) => pause_after(&error).await,
            },
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(shared.app.listen.drain_timeout, lives.drain()).await.is_err() {
        warn!("connections were cut: they had not ended within DRAIN_TIMEOUT");
    }
    watcher.abort();
    timekeeper.abort();
    sweeper.abort();
}

/// Ends once there are keys to decide by, or it is known that they cannot be read, or none are needed.
async fn first_keys(app: &App) {
    let Door::Guarded(guard) = &app.door else { return };
    while !guard.gate.decides(app.clock.now()) && guard.freshness.report().last_error.is_none() {
        tokio::time::sleep(LOOK_FOR_KEYS).await;
    }
}

fn take(shared: &Shared, tls: Option<&Arc<Tls>>, lives: &Rc<Lives>, stream: TcpStream, peer: SocketAddr) {
    let Some(slot) = shared.app.slots.take() else {
        debug!(%peer, "connection refused: MAX_CONNECTIONS are open");
        // There is nothing to say before TLS is agreed upon, which would cost what is spared here.
        if tls.is_none() {
            tokio::task::spawn_local(turn_away(stream));
        }
        return;
    };
    tokio::task::spawn_local(connection::serve(
        shared.clone(),
        tls.cloned(),
        // Here, since a stop waits only for lives that have begun.
        lives.begin(),
        stream,
        peer,
        slot,
    ));
}

/// Says why and hangs up.
async fn turn_away(stream: TcpStream) {
    let _ = tokio::time::timeout(Duration::from_secs(1), farewell::say(stream, FULL)).await;
}

/// A peer that hung up in the queue is nothing; a process out of file descriptors must not spin.
async fn pause_after(error: &io::Error) {
    if error.kind() != io::ErrorKind::ConnectionAborted {
        warn!("a connection could not be accepted: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_connection_inherits_what_is_set_on_the_listener() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        listener.set_nonblocking(false).expect("an option");
        let address = listener.local_addr().expect("an address");
        let _client = std::net::TcpStream::connect(address).expect("a connection");
        let (accepted, _) = listener.accept().expect("a connection");
        let socket = SockRef::from(&accepted);
        assert!(socket.keepalive().expect("an option") && socket.tcp_nodelay().expect("an option"));
        assert_eq!(socket.tcp_keepalive_time().expect("an option"), Duration::from_mins(1));
    }

    #[test]
    fn the_answer_to_a_connection_too_many_has_the_length_it_says() {
        let text = std::str::from_utf8(FULL).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
