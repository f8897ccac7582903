//! At which step a connection failed: the name, the way, the handshake.

use std::error::Error as StdError;
use std::io;

/// Why no connection could be made, as far as the network's own error tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The server's name has no address.
    #[error("its name cannot be resolved; check dns and the network")]
    Dns,
    /// Nothing listens there, or a firewall says no.
    #[error("the connection was refused; check the endpoint and any firewall")]
    Refused,
    /// Nothing came back in time.
    #[error("nothing answers in time; check the network and any firewall")]
    TimedOut,
    /// The address cannot be reached from here.
    #[error("there is no way to it from this machine; check the network")]
    Unreachable,
    /// The handshake failed; most often a certificate that this machine does not trust.
    #[error("tls failed; check the root certificates (package ca-certificates) and any proxy that opens tls")]
    Tls,
    /// The proxy that the environment names did not make the connection.
    #[error("the proxy did not make the connection; check HTTPS_PROXY and NO_PROXY")]
    Proxy,
    /// None of these.
    #[error("check the network, dns, proxy and root certificates")]
    Other,
}

impl ConnectFault {
    /// Reads it off the chain of causes. Their types are private to the libraries below, save the system's own, so the
    /// others are told by the words that those libraries begin them with.
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        let causes = || std::iter::successors(Some(error), |error| (*error).source());
        let says = |words: &[&str]| {
            causes().any(|cause| {
                let text = cause.to_string().to_ascii_lowercase();
                words.iter().any(|word| text.contains(word))
            })
        };
        // Before the system's errors, which are what these consist of.
        if says(&["proxy", "tunnel"]) {
            return Self::Proxy;
        }
        if says(&["dns error", "failed to lookup address"]) {
            return Self::Dns;
        }
        if says(&["certificate", "tls", "handshake", "corrupt message"]) {
            return Self::Tls;
        }
        let kinds = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
        let known = kinds.filter_map(|kind| match kind {
            io::ErrorKind::ConnectionRefused => Some(Self::Refused),
            io::ErrorKind::TimedOut => Some(Self::TimedOut),
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Some(Self::Unreachable),
            _ => None,
        });
        let timed_out = says(&["timed out", "deadline"]).then_some(Self::TimedOut);
        known.last().or(timed_out).unwrap_or(Self::Other)
    }
}
