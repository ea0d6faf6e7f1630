//! What must never be seen in the global table, whoever announces it.

use crate::set::AsnRange;

const fn asns(low: u32, high: u32) -> AsnRange {
    AsnRange { low, high }
}

/// ASNs that stand in no public path.
pub const BOGON_ASNS: &[AsnRange] = &[
    asns(0, 0),                         // RFC 7607
    asns(23456, 23456),                 // AS_TRANS, RFC 6793
    asns(64496, 64511),                 // documentation, RFC 5398
    asns(64512, 65534),                 // private, RFC 6996
    asns(65535, 65535),                 // last 16 bit ASN, RFC 7300
    asns(65536, 65551),                 // documentation, RFC 5398
    asns(65552, 131_071),               // IANA reserved
    asns(4_200_000_000, 4_294_967_294), // private, RFC 6996
    asns(4_294_967_295, 4_294_967_295), // last 32 bit ASN, RFC 7300
];

/// IPv4 space outside the global table, each with all its parts.
pub const BOGONS_V4: &[&str] = &[
    "0.0.0.0/8",       // this network, RFC 1122
    "10.0.0.0/8",      // private, RFC 1918
    "100.64.0.0/10",   // shared by carriers, RFC 6598
    "127.0.0.0/8",     // loopback, RFC 1122
    "169.254.0.0/16",  // link local, RFC 3927
    "172.16.0.0/12",   // private, RFC 1918
    "192.0.2.0/24",    // documentation, RFC 5737
    "192.88.99.0/24",  // 6to4 relays, RFC 7526
    "192.168.0.0/16",  // private, RFC 1918
    "198.18.0.0/15",   // benchmarks, RFC 2544
    "198.51.100.0/24", // documentation, RFC 5737
    "203.0.113.0/24",  // documentation, RFC 5737
    "224.0.0.0/4",     // multicast, RFC 5771
    "240.0.0.0/4",     // reserved, RFC 1112
];

/// IPv6 space inside `2000::/3` that is not in the global table, each with all its parts. What lies
/// outside `2000::/3` is not in the global table either.
pub const BOGONS_V6: &[&str] = &[
    "2001::/32",     // Teredo, RFC 4380
    "2001:2::/48",   // benchmarks, RFC 5180
    "2001:3::/32",   // AMT, RFC 7450
    "2001:10::/28",  // ORCHID, RFC 4843
    "2001:20::/28",  // ORCHIDv2, RFC 7343
    "2001:db8::/32", // documentation, RFC 3849
    "2002::/16",     // 6to4, RFC 7526
    "3ffe::/16",     // 6bone, RFC 3701
    "3fff::/20",     // documentation, RFC 9637
];

/// Networks that buy transit from nobody: behind anyone but our transits they are a leak.
pub const TIER1: &[u32] =
    &[174, 701, 1299, 2914, 3257, 3320, 3356, 3491, 5511, 6453, 6461, 6762, 6830, 7018, 12956];
