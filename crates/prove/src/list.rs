//! The lints of the house, one literal list in the order of the manual.

use crate::{addresses, vrrp};
use component::{Invariant, Level};
use model::{Finding, Isp};

type Find = fn(&Isp) -> Vec<Finding>;

const fn error(
    code: &'static str,
    title: &'static str,
    page: &'static str,
    find: Find,
) -> Invariant {
    Invariant { code, title, level: Level::Error, page, find }
}

const fn warning(
    code: &'static str,
    title: &'static str,
    page: &'static str,
    find: Find,
) -> Invariant {
    Invariant { code, title, level: Level::Warning, page, find }
}

/// Stands for a lint that needs the day or the other findings: the engine finds what breaks it.
fn by_engine(_: &Isp) -> Vec<Finding> {
    Vec::new()
}

/// Every lint of the house, each once. Components add their own.
#[rustfmt::skip]
pub const LINTS: &[Invariant] = &[
    // Addresses and segments.
    error("N1-ADDRESS", "An address belongs to one interface", include_str!("pages/N1-ADDRESS.md"), addresses::duplicates),
    error("N1-PREFIX", "An interface's address lies in its segment", include_str!("pages/N1-PREFIX.md"), addresses::outside_segment),
    error("N1-NETWORK-ADDRESS", "No interface has a network or broadcast address", include_str!("pages/N1-NETWORK-ADDRESS.md"), addresses::reserved),
    error("N1-MAC", "An Ethernet address belongs to one interface", include_str!("pages/N1-MAC.md"), addresses::macs),
    error("N1-NIC-TWICE", "A host has one interface on a segment", include_str!("pages/N1-NIC-TWICE.md"), addresses::nics_on_one_segment),
    error("N1-SEGMENT-OVERLAP", "Segments do not share addresses", include_str!("pages/N1-SEGMENT-OVERLAP.md"), addresses::segments),
    error("N1-POOL-OVERLAP", "Pools share addresses with nothing", include_str!("pages/N1-POOL-OVERLAP.md"), addresses::pools),
    error("N1-LOOPBACK-SEGMENT", "Loopbacks lie in no segment", include_str!("pages/N1-LOOPBACK-SEGMENT.md"), addresses::loopbacks_in_segments),
    error("N1-VLAN", "A VLAN number is used once on a site", include_str!("pages/N1-VLAN.md"), addresses::vlans),
    error("N1-SPACE", "What we route is ours or private", include_str!("pages/N1-SPACE.md"), addresses::space),
    error("N1-MTU", "Every segment carries the smallest legal packet", include_str!("pages/N1-MTU.md"), addresses::mtus),
    // Virtual addresses.
    error("N4-VRID", "A VRID is used once on a segment", include_str!("pages/N4-VRID.md"), vrrp::vrids_on_segment),
    error("N4-VRID-HOST", "A host has a VRID once", include_str!("pages/N4-VRID-HOST.md"), vrrp::vrids_on_host),
    error("N4-VRID-ZERO", "A VRID is not 0", include_str!("pages/N4-VRID-ZERO.md"), vrrp::zero),
    error("N4-VIP-STATIC", "A virtual address stands on no interface", include_str!("pages/N4-VIP-STATIC.md"), vrrp::configured),
    error("N4-VIP-PREFIX", "A virtual address lies in its segment", include_str!("pages/N4-VIP-PREFIX.md"), vrrp::outside_segment),
    error("N4-VIP-EMPTY", "A VIP has an address", include_str!("pages/N4-VIP-EMPTY.md"), vrrp::empty),
    error("N4-VIP-NIC", "Every host of a VIP is on its segment", include_str!("pages/N4-VIP-NIC.md"), vrrp::hosts_elsewhere),
    error("N4-VIP-UNMANAGED", "Every host of a VIP is configured by Ketupa", include_str!("pages/N4-VIP-UNMANAGED.md"), vrrp::unmanaged),
    error("N4-VIP-GROUP", "VIPs that move together have the same hosts", include_str!("pages/N4-VIP-GROUP.md"), vrrp::groups),
    error("N4-ADVERT", "VRRP can count the interval", include_str!("pages/N4-ADVERT.md"), vrrp::adverts),
    warning("N4-VIP-ALONE", "A VIP has a second host", include_str!("pages/N4-VIP-ALONE.md"), vrrp::alone),
    // The model itself.
    error("S4-WAIVER-LINT", "A waiver names a lint", include_str!("pages/S4-WAIVER-LINT.md"), by_engine),
    warning("S4-WAIVER-EXPIRED", "A waiver still holds", include_str!("pages/S4-WAIVER-EXPIRED.md"), by_engine),
    warning("S4-WAIVER-UNUSED", "A waiver waives something", include_str!("pages/S4-WAIVER-UNUSED.md"), by_engine),
];
