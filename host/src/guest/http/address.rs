//! Which addresses are everybody's, and which are only ours: this machine, its networks, the services that hand out its
//! cloud's credentials.
//!
//! For IPv4 all is public but what a table names; for IPv6 nothing is but the part of it that is handed out to the world,
//! less what a table names. The tables are IANA's special-purpose registries, and the metadata services of clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Network, length of its prefix, and what it is. The first that fits is said.
const IPV4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(169, 254, 169, 254), 32, METADATA),
    (Ipv4Addr::new(169, 254, 170, 2), 32, METADATA),
    (Ipv4Addr::new(100, 100, 100, 200), 32, METADATA),
    (Ipv4Addr::new(168, 63, 129, 16), 32, METADATA),
    (Ipv4Addr::new(192, 0, 0, 192), 32, METADATA),
    (Ipv4Addr::new(0, 0, 0, 0), 8, "an address of this machine"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, PRIVATE),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "an address of a provider's own network",
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(172, 16, 0, 0), 12, PRIVATE),
    (Ipv4Addr::new(192, 0, 0, 0), 24, RESERVED),
    (Ipv4Addr::new(192, 0, 2, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(192, 88, 99, 0), 24, TUNNEL),
    (Ipv4Addr::new(192, 168, 0, 0), 16, PRIVATE),
    (Ipv4Addr::new(198, 18, 0, 0), 15, BENCHMARKS),
    (Ipv4Addr::new(198, 51, 100, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(203, 0, 113, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(224, 0, 0, 0), 4, MULTICAST),
    (Ipv4Addr::BROADCAST, 32, "the broadcast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, RESERVED),
];

const IPV6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, METADATA),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, METADATA),
    (Ipv6Addr::UNSPECIFIED, 128, "an address of this machine"),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, PRIVATE),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, PRIVATE),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, MULTICAST),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, TUNNEL),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, BENCHMARKS),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, RESERVED),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, DOCUMENTATION),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, TUNNEL),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, DOCUMENTATION),
];

/// All that is handed out to the world.
const IPV6_GLOBAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// NAT64: the last four bytes are an IPv4 address, which is where it leads.
const IPV6_OF_IPV4: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

const METADATA: &str = "a cloud's metadata service";
const PRIVATE: &str = "a private address";
const LOOPBACK: &str = "a loopback address";
const LINK_LOCAL: &str = "a link-local address";
const RESERVED: &str = "a reserved address";
const DOCUMENTATION: &str = "an address for documentation";
const BENCHMARKS: &str = "an address for benchmarks";
const MULTICAST: &str = "a multicast address";
const TUNNEL: &str = "an address of a tunnel";

/// What an address is, where it is not everybody's. None where it is.
pub(super) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => IPV4
            .iter()
            .find(|(network, length, _)| same_bits(address.to_bits(), network.to_bits(), *length))
            .map(|(_, _, what)| *what),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |(network, length): (Ipv6Addr, u32)| {
        length == 0 || (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
    };
    if within(IPV6_OF_IPV4) {
        return not_public(IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() as u32)));
    }
    let special = IPV6.iter().find(|(network, length, _)| within((*network, *length)));
    match special {
        Some((_, _, what)) => Some(what),
        None if within(IPV6_GLOBAL) => None,
        None => Some(RESERVED),
    }
}

fn same_bits(a: u32, b: u32, length: u32) -> bool {
    (a ^ b).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn said(address: &str) -> Option<&'static str> {
        not_public(address.parse().unwrap())
    }

    #[test]
    fn what_is_ours_is_not_public() {
        for (what, addresses) in [
            (
                LOOPBACK,
                &[
                    "127.0.0.1",
                    "127.255.255.254",
                    "::1",
                    "::ffff:127.0.0.1",
                    "64:ff9b::127.0.0.1",
                ] as &[&str],
            ),
            (
                METADATA,
                &[
                    "169.254.169.254",
                    "100.100.100.200",
                    "fd00:ec2::254",
                    "::ffff:a9fe:a9fe",
                    "64:ff9b::a9fe:a9fe",
                    "169.254.170.2",
                    "168.63.129.16",
                    "192.0.0.192",
                    "fd20:ce::254",
                ],
            ),
            (
                PRIVATE,
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "fc00::1",
                    "fdff::1",
                    "fec0::1",
                    "::ffff:10.0.0.1",
                ],
            ),
            (LINK_LOCAL, &["169.254.0.1", "fe80::1", "febf::1"]),
            (MULTICAST, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
            (
                DOCUMENTATION,
                &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
            ),
            (BENCHMARKS, &["198.18.0.1", "198.19.255.255", "2001:2::1"]),
            (TUNNEL, &["192.88.99.1", "2002:7f00:1::", "2001::1", "2001:0:7f00:1::"]),
            (
                RESERVED,
                &[
                    "240.0.0.1",
                    "255.255.255.254",
                    "192.0.0.1",
                    "::127.0.0.1",
                    "::2",
                    "64:ff9b:1::1",
                    "100::1",
                    "5f00::1",
                    "2001:20::1",
                    "4000::1",
                ],
            ),
            (
                "an address of this machine",
                &["0.0.0.0", "0.255.255.255", "::", "::ffff:0.0.0.0"],
            ),
            (
                "an address of a provider's own network",
                &["100.64.0.1", "100.127.255.255"],
            ),
            ("the broadcast address", &["255.255.255.255"]),
        ] {
            for address in addresses {
                assert_eq!(said(address), Some(what), "{address}");
            }
        }
    }

    #[test]
    fn what_is_everybodys_is_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
            "2001:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(said(address), None, "{address}");
        }
    }
}
