//! Sockets that the service manager has bound and holds (systemd's socket activation, `sd_listen_fds(3)`). Connections that
//! come while the server is replaced wait in them. It knows nothing of what is served on them.

use std::net::TcpListener;
use std::os::fd::OwnedFd;

use rustix::io::FdFlags;

/// The listening sockets that this process was started with; none if it was started by itself.
#[derive(Default)]
pub(crate) struct Inherited {
    /// Named `public`, or not named.
    pub(crate) public: Vec<TcpListener>,
    /// Named `admin`.
    pub(crate) admin: Option<TcpListener>,
}

impl Inherited {
    /// Those that `LISTEN_FDS` counts, if `LISTEN_PID` is this process. To be called once, since it takes them over.
    ///
    /// # Errors
    /// The variables make no sense, or something else than listening TCP sockets was handed over.
    pub(crate) fn take() -> anyhow::Result<Self> {
        let passed = sd_listen_fds::get().map_err(|error| {
            anyhow::anyhow!("LISTEN_PID, LISTEN_FDS: {error}; they are the service manager's to set")
        })?;
        Self::of(passed.into_iter().map(|(name, fd)| (name, fd.into_std())))
    }

    fn of(passed: impl Iterator<Item = (Option<String>, OwnedFd)>) -> anyhow::Result<Self> {
        let mut inherited = Self::default();
        for (place, (name, fd)) in passed.enumerate() {
            let socket =
                listening(fd).map_err(|wrong| anyhow::anyhow!("LISTEN_FDS: socket {} {wrong}", place + 1))?;
            match name.as_deref() {
                Some("admin") if inherited.admin.is_some() => {
                    anyhow::bail!(
                        "LISTEN_FDNAMES: two sockets are named admin; the admin listener has one address"
                    )
                }
                Some("admin") => inherited.admin = Some(socket),
                // Without FileDescriptorName systemd gives the unit's name.
                None | Some("" | "unknown" | "public") => inherited.public.push(socket),
                Some(unit) if unit.ends_with(".socket") => inherited.public.push(socket),
                Some(other) => anyhow::bail!(
                    "LISTEN_FDNAMES: a socket is named {other:?}; FileDescriptorName= is public or admin"
                ),
            }
        }
        Ok(inherited)
    }
}

/// A socket for TCP that listens; what else it is, in words.
fn listening(fd: OwnedFd) -> Result<TcpListener, String> {
    let listens = rustix::net::sockopt::socket_acceptconn(&fd);
    let wrong = || {
        "is not a listening TCP socket; the .socket unit needs ListenStream= with a port, and Accept=no"
            .to_owned()
    };
    if !matches!(listens, Ok(true)) {
        return Err(wrong());
    }
    // Programs that this one starts are not to hold it.
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC).map_err(|error| format!("cannot be kept: {error}"))?;
    let socket = TcpListener::from(fd);
    // Only an internet socket has such an address.
    socket.local_addr().map_err(|_| wrong())?;
    socket.set_nonblocking(true).map_err(|error| format!("cannot be used: {error}"))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> OwnedFd {
        TcpListener::bind("127.0.0.1:0").expect("a free port").into()
    }

    fn of(names: &[Option<&str>]) -> anyhow::Result<Inherited> {
        Inherited::of(names.iter().map(|name| (name.map(str::to_owned), socket())))
    }

    fn fault(passed: impl Into<OwnedFd>) -> String {
        Inherited::of([(None, passed.into())].into_iter()).err().expect("a fault").to_string()
    }

    #[test]
    fn sockets_are_told_apart_by_name_and_public_without_one() {
        let inherited =
            of(&[None, Some("admin"), Some("public"), Some("convergence.socket"), Some("unknown")]);
        let inherited = inherited.expect("sockets");
        assert!(inherited.public.len() == 4 && inherited.admin.is_some());
        let none = of(&[]).expect("no sockets");
        assert!(none.public.is_empty() && none.admin.is_none());
    }

    #[test]
    fn a_name_that_nobody_serves_is_refused_and_so_are_two_admin_sockets() {
        let said = |names| of(names).err().expect("a fault").to_string();
        insta::assert_snapshot!(said(&[Some("metrics")]), @r#"LISTEN_FDNAMES: a socket is named "metrics"; FileDescriptorName= is public or admin"#);
        insta::assert_snapshot!(said(&[Some("admin"), Some("admin")]), @"LISTEN_FDNAMES: two sockets are named admin; the admin listener has one address");
    }

    #[test]
    fn what_does_not_listen_for_tcp_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let unix = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
        insta::assert_snapshot!(fault(unix), @"LISTEN_FDS: socket 1 is not a listening TCP socket; the .socket unit needs ListenStream= with a port, and Accept=no");
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        assert_eq!(fault(datagrams), fault(std::fs::File::open("/dev/null").expect("a file")));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let connected = std::net::TcpStream::connect(listener.local_addr().expect("an address"));
        assert!(fault(connected.expect("a connection")).contains("Accept=no"));
    }
}
