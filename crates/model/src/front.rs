//! Where the Internet meets our services, and where the team meets our routers.

use crate::ask::Family;
use crate::kinds::{Host, Nic, Role, SegmentKind, Service, Vip};
use crate::load::Isp;
use crate::table::Id;
use std::net::IpAddr;

impl Isp {
    /// The VIPs that only proxies hold: where services answer, by name.
    pub fn front_vips(&self) -> impl Iterator<Item = &Vip> {
        let proxies = |vip: &&Vip| vip.hosts.iter().all(|id| self.hosts[*id].role == Role::Proxy);
        self.vips.values().filter(proxies)
    }

    /// The addresses at which every service answers: the proxies' VIPs, or the proxies themselves;
    /// none where there is no proxy.
    pub fn fronts(&self) -> Vec<IpAddr> {
        let vips = self.front_vips().flat_map(|vip| Family::BOTH.map(|family| vip.address(family)));
        let found: Vec<IpAddr> = vips.flatten().collect();
        if !found.is_empty() {
            return found;
        }
        let proxies = self.with_role(Role::Proxy);
        proxies.flat_map(|(_, host)| self.main_addresses(host)).collect()
    }

    /// The addresses at which a service answers: where all do, or where there is no proxy the
    /// hosts that run it.
    pub fn front_of(&self, service: &Service) -> Vec<IpAddr> {
        let found = self.fronts();
        if found.is_empty() { self.hosts_of(service) } else { found }
    }

    /// The main addresses of the hosts that run a service.
    pub fn hosts_of(&self, service: &Service) -> Vec<IpAddr> {
        service.hosts.iter().flat_map(|id| self.main_addresses(&self.hosts[*id])).collect()
    }

    fn main_addresses(&self, host: &Host) -> impl Iterator<Item = IpAddr> + use<> {
        Family::BOTH.map(|family| host.main_address(self, family)).into_iter().flatten()
    }

    /// The interface of a router that is kept apart from all others in a VRF: its first one on a
    /// management segment. Other hosts have no such interface: a firewall passes on what comes
    /// from management, a console is there to connect the two.
    pub fn management_nic(&self, id: Id<Host>) -> Option<&Nic> {
        let host = &self.hosts[id];
        if !matches!(host.role, Role::Edge | Role::Core | Role::Access) {
            return None;
        }
        let kind = |nic: &&Nic| self.segments[nic.segment].kind == SegmentKind::Management;
        host.nic.iter().find(kind)
    }

    /// The name of a host's VRF device, if it has one.
    pub fn management_vrf(&self, id: Id<Host>) -> Option<String> {
        // An interface's name has at most 15 characters.
        let nic = self.management_nic(id)?;
        Some(format!("vrf-{}", nic.name.chars().take(11).collect::<String>()))
    }
}
