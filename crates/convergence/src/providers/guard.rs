//! Which addresses on the internet anybody may be sent to. All others are somebody's own network, a machine's own services, or
//! a way into one of these.
//!
//! By IANA's registries of special-purpose addresses; of IPv6, only what IANA has given out as global unicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is a public one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = [
        ([0, 0, 0, 0], 8),        // this network
        ([10, 0, 0, 0], 8),       // private
        ([100, 64, 0, 0], 10),    // shared by a provider's customers
        ([127, 0, 0, 0], 8),      // loopback
        ([168, 63, 129, 16], 32), // Azure's own services, on each of its machines
        ([169, 254, 0, 0], 16),   // link-local: most clouds' metadata
        ([172, 16, 0, 0], 12),    // private
        ([192, 0, 0, 0], 24),     // protocols, and Oracle's metadata
        ([192, 0, 2, 0], 24),     // documentation
        ([192, 88, 99, 0], 24),   // 6to4 relays
        ([192, 168, 0, 0], 16),   // private
        ([198, 18, 0, 0], 15),    // benchmarks
        ([198, 51, 100, 0], 24),  // documentation
        ([203, 0, 113, 0], 24),   // documentation
        ([224, 0, 0, 0], 3),      // multicast, reserved, broadcast
    ];
    let bits = u32::from(address);
    special.iter().all(|(network, length)| (bits ^ u32::from(Ipv4Addr::from(*network))) >> (32 - length) != 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = [
        ([0x2001, 0, 0], 23),         // protocols, Teredo among them
        ([0x2001, 0xdb8, 0], 32),     // documentation
        ([0x2002, 0, 0], 16),         // 6to4: an IPv4 address inside
        ([0x2620, 0x4f, 0x8000], 48), // AS112
        ([0x3fff, 0, 0], 20),         // documentation
    ];
    let top = |[a, b, c]: [u16; 3]| u128::from(a) << 112 | u128::from(b) << 96 | u128::from(c) << 80;
    let bits = u128::from(address);
    // 2000::/3 has none of ::, ::1, ::ffff:0:0/96, 64:ff9b::/96, fc00::/7, fe80::/10 and ff00::/8.
    let is_global = bits >> 125 == 1;
    is_global && special.iter().all(|(network, length)| (bits ^ top(*network)) >> (128 - length) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2a00::1",
            "3ffe::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2620:4f:8000::1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
