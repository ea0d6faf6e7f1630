//! Questions about an ISP that several stages ask. What follows from the declaration is derived
//! here once, so that no two stages can answer differently.

use crate::kinds::{
    Backup, Host, Neighbor, Nic, Policy, Pool, Relation, Role, Segment, SegmentKind, Service,
    Session, StaticRoute, Target, View, Vip, Zone,
};
use crate::load::Isp;
use crate::table::{Id, Named as _};
use crate::value::Asn;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both, in the order in which they are always written.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The family of a prefix.
    pub fn of_net(prefix: IpNet) -> Self {
        Self::of(prefix.addr())
    }

    /// `4` or `6`.
    pub fn digit(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

impl Host {
    /// The AS that it speaks for.
    pub fn asn(&self, isp: &Isp) -> Asn {
        self.asn.unwrap_or(isp.about.asn)
    }

    /// Its BGP and OSPF router id.
    pub fn router_id(&self) -> Option<Ipv4Addr> {
        self.router_id.or(self.loopback4)
    }

    /// Its loopback address of a family.
    pub fn loopback(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.loopback4.map(IpAddr::V4),
            Family::V6 => self.loopback6.map(IpAddr::V6),
        }
    }

    /// Its interface on a segment.
    pub fn nic_on(&self, segment: Id<Segment>) -> Option<&Nic> {
        self.nic.iter().find(|nic| nic.segment == segment)
    }

    /// Every address that it always has: loopbacks first, then interfaces by name.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let loopbacks = Family::BOTH.into_iter().filter_map(|family| self.loopback(family));
        let nics = self
            .nic
            .iter()
            .flat_map(|nic| Family::BOTH.into_iter().filter_map(|family| nic.address(family)));
        loopbacks.chain(nics).collect()
    }

    /// The address by which it is known: its loopback, or its first interface that is not
    /// management, synchronisation or out-of-band.
    pub fn main_address(&self, isp: &Isp, family: Family) -> Option<IpAddr> {
        let public = |nic: &&Nic| {
            let kind = isp.segments[nic.segment].kind;
            !matches!(kind, SegmentKind::Management | SegmentKind::Sync | SegmentKind::OutOfBand)
        };
        let first = || self.nic.iter().filter(public).find_map(|nic| nic.address(family));
        self.loopback(family).or_else(first)
    }
}

impl Nic {
    /// Its address of a family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.ipv4.map(IpAddr::V4),
            Family::V6 => self.ipv6.map(IpAddr::V6),
        }
    }
}

impl Segment {
    /// Its prefix of a family.
    pub fn prefix(&self, family: Family) -> Option<IpNet> {
        match family {
            Family::V4 => self.ipv4.map(IpNet::V4),
            Family::V6 => self.ipv6.map(IpNet::V6),
        }
    }

    /// Its declared gateway of a family.
    pub fn gateway(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.gateway4.map(IpAddr::V4),
            Family::V6 => self.gateway6.map(IpAddr::V6),
        }
    }
}

impl Vip {
    /// Its address of a family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.ipv4.map(IpAddr::V4),
            Family::V6 => self.ipv6.map(IpAddr::V6),
        }
    }

    /// VRRP priority of one of its hosts: 150 for the first, 10 less for each further one.
    pub fn priority(&self, host: Id<Host>) -> Option<u8> {
        let position = self.hosts.iter().position(|own| *own == host)?;
        let step = u8::try_from(position).ok()?.checked_mul(10)?;
        150u8.checked_sub(step).filter(|priority| *priority > 0)
    }
}

impl Neighbor {
    /// What it hears from us, if it is a customer. With a private ASN it has no other way out.
    pub fn told(&self) -> View {
        self.view.unwrap_or(if self.asn.is_private() { View::Default } else { View::Full })
    }

    /// Those of its prefixes that are more than any one network has: shorter than what the global
    /// table holds.
    pub fn boundless_prefixes(&self) -> impl Iterator<Item = &IpNet> {
        let least = |prefix: &IpNet| if prefix.addr().is_ipv4() { 8 } else { 16 };
        self.prefixes.iter().filter(move |prefix| prefix.prefix_len() < least(prefix))
    }
}

impl Session {
    /// The name of its BIRD protocol for a family, the same in configuration, probes and metrics.
    pub fn protocol(&self, neighbor: &Neighbor, family: Family) -> String {
        let words = format!("{}_{}_{}", neighbor.name, self.name, family.digit());
        format!("bgp_{}", words.replace('-', "_"))
    }

    /// The neighbour's address of a family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.ipv4.map(IpAddr::V4),
            Family::V6 => self.ipv6.map(IpAddr::V6),
        }
    }

    /// Our interface towards the neighbour: the one whose segment holds its address.
    pub fn nic<'a>(&self, isp: &'a Isp, family: Family) -> Option<&'a Nic> {
        let remote = self.address(family)?;
        let holds = |nic: &&Nic| {
            isp.segments[nic.segment].prefix(family).is_some_and(|prefix| prefix.contains(&remote))
        };
        isp.hosts[self.host].nic.iter().find(holds)
    }

    /// Our address of a family on the segment that we share with the neighbour.
    pub fn local(&self, isp: &Isp, family: Family) -> Option<IpAddr> {
        self.nic(isp, family)?.address(family)
    }
}

impl Isp {
    /// The hosts with a role, by name.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = (Id<Host>, &Host)> {
        self.hosts.iter().filter(move |(_, host)| host.role == role)
    }

    /// The sessions that end on a host of ours, with their neighbour; by neighbour, then name.
    pub fn sessions_of(&self, host: Id<Host>) -> Vec<(&Neighbor, &Session)> {
        self.sessions().filter(|(_, session)| session.host == host).collect()
    }

    /// Every session with another network.
    pub fn sessions(&self) -> impl Iterator<Item = (&Neighbor, &Session)> {
        self.neighbors
            .values()
            .flat_map(|neighbor| neighbor.session.iter().map(move |s| (neighbor, s)))
    }

    /// The routers that a router speaks internal BGP with: all others, because what one learns from
    /// another by internal BGP it tells no third (RFC 4271 section 9.2). Edges give core and access
    /// everything, each other only our own aggregates and blackholes. Hosts of another AS take part
    /// by a declared neighbour instead.
    pub fn internal_peers(&self, host: Id<Host>) -> Vec<(Id<Host>, &Host)> {
        let own = &self.hosts[host];
        if !self.speaks_internal(own) {
            return Vec::new();
        }
        self.hosts.iter().filter(|(id, peer)| *id != host && self.speaks_internal(peer)).collect()
    }

    fn speaks_internal(&self, host: &Host) -> bool {
        host.role.routes() && host.asn(self) == self.about.asn && host.loopback4.is_some()
    }

    /// The policy for a neighbour: its own, or the ISP's, or the built-in one.
    pub fn policy_for(&self, neighbor: &Neighbor) -> Policy {
        let chosen = neighbor.policy.or(self.about.policy);
        chosen.map_or_else(Policy::default, |id| self.policies[id].clone())
    }

    /// The VIPs that a host may hold, by name.
    pub fn vips_of(&self, host: Id<Host>) -> impl Iterator<Item = &Vip> {
        self.vips.values().filter(move |vip| vip.hosts.contains(&host))
    }

    /// The default gateway of a host: the first interface, in the order of the names, on whose
    /// segment there is a VIP that the host does not hold itself, or a declared gateway.
    /// Routers that learn their routes by BGP have none.
    pub fn gateway_of(&self, id: Id<Host>, family: Family) -> Option<IpAddr> {
        let host = &self.hosts[id];
        let told = || self.sessions().any(|(_, session)| session.remote == Some(id));
        if matches!(host.role, Role::Edge | Role::Core | Role::Access) || told() {
            return None;
        }
        let data = |nic: &&Nic| {
            let kind = self.segments[nic.segment].kind;
            !matches!(kind, SegmentKind::Management | SegmentKind::Sync)
        };
        host.nic.iter().filter(data).find_map(|nic| self.gateway_on(nic.segment, id, family))
    }

    fn gateway_on(&self, segment: Id<Segment>, host: Id<Host>, family: Family) -> Option<IpAddr> {
        let by_others = |vip: &&Vip| vip.segment == segment && !vip.hosts.contains(&host);
        let of_gateways = |vip: &&Vip| vip.hosts.iter().all(|id| self.hosts[*id].role.forwards());
        // A segment with the VIPs of routers and of firewalls leads to the routers for firewalls.
        let mut vips = self.vips.values().filter(by_others).filter(of_gateways);
        let address = vips.find_map(|vip| vip.address(family));
        address.or_else(|| self.segments[segment].gateway(family))
    }

    /// The routers of a LAN: hosts with an interface on it that forward packets.
    pub fn routers_on(
        &self,
        segment: Id<Segment>,
    ) -> impl Iterator<Item = (Id<Host>, &Host, &Nic)> {
        self.hosts.iter().filter_map(move |(id, host)| {
            let nic = host.nic_on(segment).filter(|_| host.role.forwards())?;
            Some((id, host, nic))
        })
    }

    /// The static routes that a router holds.
    pub fn routes_of(&self, host: Id<Host>) -> impl Iterator<Item = &StaticRoute> {
        self.routes.values().filter(move |route| route.hosts.contains(&host))
    }

    /// The pools that a host routes.
    pub fn pools_of(&self, host: Id<Host>) -> impl Iterator<Item = &Pool> {
        self.pools.values().filter(move |pool| pool.hosts.contains(&host))
    }

    /// The services that run on a host.
    pub fn services_on(&self, host: Id<Host>) -> impl Iterator<Item = &Service> {
        self.services.values().filter(move |service| service.hosts.contains(&host))
    }

    /// Every host that a backup saves: its own, and those of its services.
    pub fn saved(&self, backup: &Backup) -> BTreeSet<Id<Host>> {
        let of_services = backup.services.iter().flat_map(|id| self.services[*id].hosts.iter());
        backup.hosts.iter().chain(of_services).copied().collect()
    }

    /// The zone of a segment: the one that names it, or the one for the rest.
    pub fn zone_of(&self, segment: Id<Segment>) -> Option<&Zone> {
        let named = self.zones.values().find(|zone| zone.segments.contains(&segment));
        named.or_else(|| self.zones.values().find(|zone| zone.rest))
    }

    /// The full DNS name of a host.
    pub fn dns_name(&self, host: &Host) -> String {
        format!("{}.{}", host.name(), self.about.domain)
    }

    /// The prefixes that are connected to our routers, held by them or routed by them: what is
    /// announced inside our network by a host.
    pub fn announced_by(&self, id: Id<Host>) -> Vec<IpNet> {
        let host = &self.hosts[id];
        let lans = host.nic.iter().filter(|_| host.role.routes()).flat_map(|nic| {
            let segment = &self.segments[nic.segment];
            let ours = segment.kind == SegmentKind::Lan;
            Family::BOTH.into_iter().filter_map(move |f| segment.prefix(f).filter(|_| ours))
        });
        let routes = self.routes_of(id).flat_map(|route| route.prefixes.iter().copied());
        let pools = self.pools_of(id).flat_map(|pool| pool.prefixes.iter().copied());
        let mut all: Vec<IpNet> = lans.chain(routes).chain(pools).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether a prefix lies in the address space that the provider announces.
    pub fn is_ours(&self, prefix: IpNet) -> bool {
        self.about.prefixes().any(|own| own.contains(&prefix))
    }

    /// The neighbours of a relation.
    pub fn neighbors_of(&self, relation: Relation) -> impl Iterator<Item = &Neighbor> {
        self.neighbors.values().filter(move |neighbor| neighbor.relation == relation)
    }

    /// Whether a router judges routes by validated origins: an edge, from its first day on, and
    /// whoever else meets another network.
    pub fn validates(&self, id: Id<Host>) -> bool {
        let host = &self.hosts[id];
        let meets =
            || self.sessions_of(id).into_iter().any(|(_, session)| session.remote.is_none());
        host.asn(self) == self.about.asn && (host.role == Role::Edge || meets())
    }

    /// The RTR caches that our routers ask for validated route origins, with their port; by name.
    pub fn rtr_servers(&self) -> Vec<(Id<Host>, u16)> {
        self.with_role(Role::Validator).map(|(id, host)| (id, host.rtr.port())).collect()
    }

    /// What a target stands for, in one family: sorted, none inside another.
    pub fn prefixes_of(&self, target: &Target, family: Family) -> Vec<IpNet> {
        let all: Vec<IpNet> = match target {
            Target::Host(id) => self.hosts[*id].addresses().into_iter().map(IpNet::from).collect(),
            Target::Vip(id) => {
                self.vips[*id].address(family).map(IpNet::from).into_iter().collect()
            }
            Target::Segment(id) => self.segments[*id].prefix(family).into_iter().collect(),
            Target::Pool(id) => self.pools[*id].prefixes.clone(),
            Target::Zone(id) => self.prefixes_in(&self.zones[*id], family),
            Target::Neighbor(id) => self.neighbors[*id].prefixes_behind(family),
            Target::Service(id) => {
                self.front_of(&self.services[*id]).into_iter().map(IpNet::from).collect()
            }
            Target::Prefix(prefix) => vec![*prefix],
        };
        IpNet::aggregate(&all.into_iter().filter(|p| Family::of_net(*p) == family).collect())
    }

    /// Whose addresses may be the source of what comes in from a LAN: those of the LAN itself,
    /// and what its hosts hold or route: loopbacks, pools, static routes, customers' prefixes.
    /// Management, synchronisation and out-of-band segments lead nowhere else.
    pub fn sources_on(&self, segment: Id<Segment>, family: Family) -> Vec<IpNet> {
        let on = |id: &Id<Host>| self.hosts[*id].nic_on(segment).is_some();
        let lan = self.segments[segment].prefix(family);
        let mut all: Vec<IpNet> = lan.into_iter().collect();
        let kind = self.segments[segment].kind;
        if matches!(kind, SegmentKind::Management | SegmentKind::Sync | SegmentKind::OutOfBand) {
            return all;
        }
        let there = self.hosts.values().filter(|host| host.nic_on(segment).is_some());
        all.extend(there.filter_map(|host| host.loopback(family)).map(IpNet::from));
        let pools = self.pools.values().filter(|pool| pool.hosts.iter().any(on));
        all.extend(pools.flat_map(|pool| pool.prefixes.iter().copied()));
        let routes = self.routes.values().filter(|r| self.vips[r.via].segment == segment);
        all.extend(routes.flat_map(|route| route.prefixes.iter().copied()));
        let behind = self.sessions().filter(|(_, session)| {
            let remote = session.address(family);
            remote.is_some_and(|address| lan.is_some_and(|prefix| prefix.contains(&address)))
        });
        all.extend(behind.flat_map(|(neighbor, _)| neighbor.prefixes.iter().copied()));
        all.retain(|prefix| Family::of_net(*prefix) == family);
        IpNet::aggregate(&all)
    }

    /// The addresses that only our own routers need to reach: loopbacks of our routers and
    /// firewalls, backbone and management segments.
    pub fn infrastructure(&self, family: Family) -> Vec<IpNet> {
        let forwards = self.hosts.values().filter(|host| host.role.forwards());
        let loopbacks = forwards.filter_map(|host| host.loopback(family)).map(IpNet::from);
        let inner = self.segments.values().filter(|segment| {
            matches!(
                segment.kind,
                SegmentKind::Backbone | SegmentKind::Management | SegmentKind::Sync
            )
        });
        let links = inner.filter_map(|segment| segment.prefix(family));
        IpNet::aggregate(&loopbacks.chain(links).collect())
    }
}
