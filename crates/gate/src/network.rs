//! An address or a range of them, as an `allowed_ips` cell lists them.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// The addresses that share the first bits of one (CIDR). IPv4 addresses mapped into IPv6 are IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// The first of them.
    address: IpAddr,
    /// How many leading bits they share.
    prefix: u32,
}

impl Network {
    /// Whether an address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.address.is_ipv4() == address.is_ipv4()
            && (bits(self.address) ^ bits(address)).leading_zeros() >= self.prefix
    }

    /// The addresses that are in both: of two ranges that meet, one lies within the other.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (wide, narrow) = if self.prefix <= other.prefix { (self, other) } else { (other, self) };
        wide.contains(narrow.address).then_some(narrow)
    }
}

/// As a number whose first bit is the address's first.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Why a text is no address and no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANetwork {
    /// It is neither an address nor one with `/` and a number of bits that it has.
    Unreadable,
    /// Bits are set behind the shared ones, as in `10.0.0.1/8`: one address may be meant, or many.
    HostBits,
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let written: IpAddr = address.parse().map_err(|_| NotANetwork::Unreadable)?;
        let mut prefix = match prefix {
            None => width(written),
            Some(digits) => {
                number(digits).filter(|prefix| *prefix <= width(written)).ok_or(NotANetwork::Unreadable)?
            }
        };
        let mut address = written.to_canonical();
        if width(address) < width(written) {
            // Fewer bits than all mapped addresses share would be IPv6 addresses beside them, which nobody means.
            prefix = prefix.checked_sub(96).ok_or(NotANetwork::Unreadable)?;
        } else {
            address = written;
        }
        let host_bits = bits(address).checked_shl(prefix).unwrap_or(0);
        if host_bits == 0 { Ok(Self { address, prefix }) } else { Err(NotANetwork::HostBits) }
    }
}

/// One to three digits without a sign and without a zero ahead of others.
fn number(digits: &str) -> Option<u32> {
    let is_plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if is_plain { digits.parse().ok() } else { None }
}

/// As it is read back: a range, or an address alone.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == width(self.address) {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}
