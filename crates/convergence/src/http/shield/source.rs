//! Whom an attempt is counted for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or the /64 of an IPv6 one: the smallest network that a customer is given, in which it can have any
/// address it likes. As the bits of an IPv6 address, in which an IPv4 one is mapped: those have something in their lower
/// half, and a /64 has not.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Source(u128);

impl Source {
    /// None for the unspecified address, which stands for one that nobody has told: who cannot be told apart cannot be
    /// held to a limit of its own.
    pub(crate) fn of(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            address if address.is_unspecified() => None,
            IpAddr::V6(address) => Some(Self(address.to_bits() >> 64 << 64)),
            IpAddr::V4(address) => Some(Self(address.to_ipv6_mapped().to_bits())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Ipv6Addr::from_bits(self.0).to_canonical() {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}
