//! The lints of the house, one literal list in the order of the manual.

use crate::{
    accounts, addresses, backups, bgp, capacity, costs, firewall, heard, nat, neighbors, proofs,
    routers, services, vrrp, whole,
};
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
    // Routers.
    error("N1-ROUTER-ID", "Every router has its own router id", include_str!("pages/N1-ROUTER-ID.md"), routers::router_ids),
    error("N1-LOOPBACK", "Every router has its loopbacks", include_str!("pages/N1-LOOPBACK.md"), routers::loopbacks),
    error("N1-BACKBONE", "Every router is on a backbone", include_str!("pages/N1-BACKBONE.md"), routers::backbones),
    error("N1-ROUTE-VIA", "A static route leads to a next hop that its routers reach", include_str!("pages/N1-ROUTE-VIA.md"), routers::static_routes),
    error("N1-ROUTE-HOST", "Static routes and pools are on hosts that announce them", include_str!("pages/N1-ROUTE-HOST.md"), routers::announcers),
    error("N1-GATEWAY", "Every host has a way out", include_str!("pages/N1-GATEWAY.md"), routers::gateways),
    error("N1-GATEWAY-PREFIX", "A gateway lies in its segment", include_str!("pages/N1-GATEWAY-PREFIX.md"), routers::stray_gateways),
    warning("N1-GATEWAY-TWICE", "A segment has one gateway", include_str!("pages/N1-GATEWAY-TWICE.md"), routers::two_gateways),
    warning("N1-SINGLE-EDGE", "Two routers lead to the Internet", include_str!("pages/N1-SINGLE-EDGE.md"), routers::single_edge),
    warning("N1-SINGLE-BACKBONE", "There are two backbones", include_str!("pages/N1-SINGLE-BACKBONE.md"), routers::single_backbone),
    // Neighbours and sessions.
    error("N1-BGP-SEGMENT", "A session's address is on a segment of its host", include_str!("pages/N1-BGP-SEGMENT.md"), bgp::unreachable),
    error("N1-BGP-REMOTE", "The two ends of a session agree", include_str!("pages/N1-BGP-REMOTE.md"), bgp::ends),
    error("N1-BGP-LOCAL", "A neighbour has an address of its own", include_str!("pages/N1-BGP-LOCAL.md"), bgp::to_ourselves),
    error("N1-BGP-TWICE", "Two addresses have one session", include_str!("pages/N1-BGP-TWICE.md"), bgp::twice_to_one),
    error("N1-BGP-LIMIT", "Every neighbour has limits", include_str!("pages/N1-BGP-LIMIT.md"), bgp::limits),
    error("N1-BGP-ROLE", "A session's role follows from the relation", include_str!("pages/N1-BGP-ROLE.md"), bgp::roles),
    error("N1-BGP-PASSWORD", "A password is that of its family", include_str!("pages/N1-BGP-PASSWORD.md"), bgp::passwords),
    warning("N1-BGP-PASSWORD-SAME", "IPv4 and IPv6 have their own passwords", include_str!("pages/N1-BGP-PASSWORD-SAME.md"), bgp::one_password),
    warning("N1-BGP-PASSWORD-UNUSED", "A password has a session", include_str!("pages/N1-BGP-PASSWORD-UNUSED.md"), bgp::idle_passwords),
    error("N1-BGP-HOST", "Sessions end on routers", include_str!("pages/N1-BGP-HOST.md"), bgp::speakers),
    warning("N2-EDGE", "The outside is learnt on edges", include_str!("pages/N2-EDGE.md"), bgp::on_edges),
    error("N1-ASN-SELF", "A neighbour has another AS number than we", include_str!("pages/N1-ASN-SELF.md"), neighbors::ourselves),
    error("N1-AS-ALONE", "A router of another AS has a session", include_str!("pages/N1-AS-ALONE.md"), neighbors::alone),
    error("N1-PREPEND", "We prepend five times at most", include_str!("pages/N1-PREPEND.md"), neighbors::prepends),
    error("N1-DEFAULT-ROUTE", "Only transits give a default route", include_str!("pages/N1-DEFAULT-ROUTE.md"), neighbors::default_routes),
    error("N1-TRANSIT-PREFIXES", "Transits and route servers are not fenced by a list", include_str!("pages/N1-TRANSIT-PREFIXES.md"), neighbors::fenced_transits),
    warning("N1-NEIGHBOR-TWICE", "A network is declared once", include_str!("pages/N1-NEIGHBOR-TWICE.md"), neighbors::duplicates),
    warning("N1-NEIGHBOR-SILENT", "A neighbour has a session", include_str!("pages/N1-NEIGHBOR-SILENT.md"), neighbors::silent),
    warning("N1-BLACKHOLE", "Blackholes are asked of transits, by customers", include_str!("pages/N1-BLACKHOLE.md"), neighbors::blackholes),
    warning("N1-VIEW", "Only customers have a view", include_str!("pages/N1-VIEW.md"), neighbors::views),
    // Route origins and policy.
    error("N3-CUSTOMER", "A customer's prefixes are listed", include_str!("pages/N3-CUSTOMER.md"), bgp::customers),
    error("N3-ROA-WRONG", "Our announcements are not invalid", include_str!("pages/N3-ROA-WRONG.md"), neighbors::invalid),
    error("N3-ROA-LENGTH", "A ROA's longest length is possible", include_str!("pages/N3-ROA-LENGTH.md"), neighbors::roa_lengths),
    error("N3-POLICY", "A policy takes lengths that others take", include_str!("pages/N3-POLICY.md"), neighbors::lengths),
    warning("N3-CUSTOMER-OVERLAP", "A prefix belongs to one customer", include_str!("pages/N3-CUSTOMER-OVERLAP.md"), bgp::customers_apart),
    warning("N3-ROA-MISSING", "Our announcements are signed", include_str!("pages/N3-ROA-MISSING.md"), neighbors::unsigned),
    warning("N3-VALIDATORS", "There are two validators", include_str!("pages/N3-VALIDATORS.md"), neighbors::validators),
    warning("N3-RPKI-IGNORED", "Invalid routes are refused", include_str!("pages/N3-RPKI-IGNORED.md"), neighbors::ignoring),
    warning("N3-RULE-IDLE", "A policy rule does something", include_str!("pages/N3-RULE-IDLE.md"), neighbors::idle_rules),
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
    error("N4-VRRP-DROPPED", "The hosts of a VIP hear each other", include_str!("pages/N4-VRRP-DROPPED.md"), heard::dropped),
    error("N4-ADVERT", "VRRP can count the interval", include_str!("pages/N4-ADVERT.md"), vrrp::adverts),
    warning("N4-VIP-ALONE", "A VIP has a second host", include_str!("pages/N4-VIP-ALONE.md"), vrrp::alone),
    // Firewalls.
    error("N5-ZONE-TWICE", "A segment is in one zone", include_str!("pages/N5-ZONE-TWICE.md"), firewall::segments_twice),
    error("N5-ZONE-REST", "One zone holds the rest", include_str!("pages/N5-ZONE-REST.md"), firewall::rests),
    error("N5-ZONE-EMPTY", "A zone holds something", include_str!("pages/N5-ZONE-EMPTY.md"), firewall::empty_zones),
    error("N5-RULE-SHADOWED", "No rule is hidden by one that does otherwise", include_str!("pages/N5-RULE-SHADOWED.md"), firewall::shadowed),
    error("N5-RULE-ZONE", "Rules speak of addresses in their zones", include_str!("pages/N5-RULE-ZONE.md"), firewall::outside_zones),
    error("N5-RULE-FAMILY", "A rule's two ends have a family in common", include_str!("pages/N5-RULE-FAMILY.md"), firewall::families),
    error("N5-NOTRACK", "Firewalls see tracked connections", include_str!("pages/N5-NOTRACK.md"), firewall::untracked),
    warning("N5-RULE-REDUNDANT", "Every rule adds something", include_str!("pages/N5-RULE-REDUNDANT.md"), firewall::redundant),
    warning("N5-GROUP-OVERLAP", "Groups do not contradict each other", include_str!("pages/N5-GROUP-OVERLAP.md"), firewall::contradictions),
    warning("N5-GROUP-EMPTY", "A group has rules", include_str!("pages/N5-GROUP-EMPTY.md"), firewall::empty_groups),
    warning("N5-NO-FIREWALL", "Rules have a firewall", include_str!("pages/N5-NO-FIREWALL.md"), firewall::no_firewall),
    warning("N5-SYNC", "A firewall pair shares its connections", include_str!("pages/N5-SYNC.md"), firewall::unsynchronised),
    // Translation.
    error("N5-NAT-TO", "Answers to a translated source come back", include_str!("pages/N5-NAT-TO.md"), nat::answers_elsewhere),
    error("N5-NAT-TWICE", "A source is translated in one way", include_str!("pages/N5-NAT-TWICE.md"), nat::twice),
    warning("N5-NAT-PUBLIC", "Only private sources are translated", include_str!("pages/N5-NAT-PUBLIC.md"), nat::public),
    warning("N5-NAT-IDLE", "What is translated is declared", include_str!("pages/N5-NAT-IDLE.md"), nat::idle),
    // Management.
    error("N6-MANAGEMENT-LEAK", "No route leads into management", include_str!("pages/N6-MANAGEMENT-LEAK.md"), routers::management_leaks),
    warning("N6-MANAGEMENT", "Every router has a management interface", include_str!("pages/N6-MANAGEMENT.md"), routers::management),
    warning("N9-OOB", "Management works without the routers", include_str!("pages/N9-OOB.md"), routers::out_of_band),
    // Services and backups.
    error("P3-CERTIFICATE", "A service has a certificate", include_str!("pages/P3-CERTIFICATE.md"), services::uncertified),
    error("P3-CERTIFICATE-NAMES", "A certificate covers its services' names", include_str!("pages/P3-CERTIFICATE-NAMES.md"), services::uncovered),
    error("P3-NAME", "A service's names are DNS names", include_str!("pages/P3-NAME.md"), services::bad_names),
    error("P3-NAME-TWICE", "A DNS name leads to one place", include_str!("pages/P3-NAME-TWICE.md"), services::names),
    error("P3-PORT", "A port of a host belongs to one program", include_str!("pages/P3-PORT.md"), services::ports),
    error("P3-HEALTH", "A health check asks for a path", include_str!("pages/P3-HEALTH.md"), services::health),
    warning("P3-PROXY", "Services have a proxy", include_str!("pages/P3-PROXY.md"), services::no_proxy),
    warning("P3-OWNER", "A service has an owner", include_str!("pages/P3-OWNER.md"), services::orphans),
    warning("P5-SERVICE", "Somebody can ask a service", include_str!("pages/P5-SERVICE.md"), services::unasked),
    warning("P8-SERVICE", "A service is saved", include_str!("pages/P8-SERVICE.md"), services::unsaved),
    error("P8-SAME-SITE", "Copies are kept at another site", include_str!("pages/P8-SAME-SITE.md"), backups::same_site),
    error("P8-NOTHING", "A backup saves something", include_str!("pages/P8-NOTHING.md"), backups::nothing),
    error("P8-KEEP", "There is more than one copy", include_str!("pages/P8-KEEP.md"), backups::keeps),
    // What is on hosts.
    error("P1-WAY-IN", "Whoever ssh logs in as can log in", include_str!("pages/P1-WAY-IN.md"), accounts::ways_in),
    error("P1-TWICE", "What a host has is declared once", include_str!("pages/P1-TWICE.md"), accounts::twice_on_a_host),
    // Machines and money.
    error("P12-ON", "Machines run on hypervisors", include_str!("pages/P12-ON.md"), capacity::not_hypervisors),
    error("P12-ON-CYCLE", "No machine runs on itself", include_str!("pages/P12-ON-CYCLE.md"), capacity::circles),
    error("P12-SITE", "A machine stands where its hypervisor does", include_str!("pages/P12-SITE.md"), capacity::elsewhere),
    error("P12-MEMORY", "A hypervisor has the memory of its machines", include_str!("pages/P12-MEMORY.md"), capacity::memory),
    error("P12-DISK", "A hypervisor has the disk of its machines", include_str!("pages/P12-DISK.md"), capacity::disk),
    warning("P12-UNKNOWN", "Machines say what they need", include_str!("pages/P12-UNKNOWN.md"), capacity::unknown),
    warning("P12-LOST", "A site can lose a hypervisor", include_str!("pages/P12-LOST.md"), capacity::lost),
    warning("P12-PAIR", "A pair is on two hypervisors", include_str!("pages/P12-PAIR.md"), capacity::pairs),
    warning("P16-COST", "A cost belongs to something", include_str!("pages/P16-COST.md"), costs::loose),
    warning("P16-RENTED", "What is rented is paid", include_str!("pages/P16-RENTED.md"), costs::rented),
    warning("P16-BUDGET", "Costs fit the budget", include_str!("pages/P16-BUDGET.md"), costs::budget),
    // The model itself.
    error("S4-LIST-TWICE", "A list has each name once", include_str!("pages/S4-LIST-TWICE.md"), whole::repeated),
    error("S4-INVARIANT", "An invariant says something", include_str!("pages/S4-INVARIANT.md"), whole::hollow),
    error("S4-UPGRADE", "An order of upgrade takes each host down once", include_str!("pages/S4-UPGRADE.md"), proofs::upgrades),
    error("S4-ACCEPT", "What is accepted can happen", include_str!("pages/S4-ACCEPT.md"), proofs::unknown_failures),
    warning("S4-ACCEPT-BROAD", "What is accepted is one thing", include_str!("pages/S4-ACCEPT-BROAD.md"), proofs::broad),
    warning("S4-UNUSED", "What is declared is used", include_str!("pages/S4-UNUSED.md"), whole::unused),
    error("S4-WAIVER-LINT", "A waiver names a lint", include_str!("pages/S4-WAIVER-LINT.md"), by_engine),
    warning("S4-WAIVER-EXPIRED", "A waiver still holds", include_str!("pages/S4-WAIVER-EXPIRED.md"), by_engine),
    warning("S4-WAIVER-UNUSED", "A waiver waives something", include_str!("pages/S4-WAIVER-UNUSED.md"), by_engine),
];
