//! Questions that a proof asks: what lies behind a name, and what an upgrade keeps.

use crate::ask::Family;
use crate::kinds::{Invariant, InvariantKind, Neighbor, Upgrade, Zone};
use crate::load::Isp;
use crate::table::Id;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Everything, in one family.
fn all(family: Family) -> IpNet {
    match family {
        Family::V4 => Ipv4Net::default().into(),
        Family::V6 => Ipv6Net::default().into(),
    }
}

impl Neighbor {
    /// What may be behind it: the prefixes that it is held to, or everything; nothing in a family
    /// that it has no session of.
    pub(crate) fn prefixes_behind(&self, family: Family) -> Vec<IpNet> {
        if !self.session.iter().any(|session| session.address(family).is_some()) {
            return Vec::new();
        }
        if self.prefixes.is_empty() { vec![all(family)] } else { self.prefixes.clone() }
    }
}

impl Isp {
    /// The prefixes of a zone's segments; everything for the zone of the rest.
    pub(crate) fn prefixes_in(&self, zone: &Zone, family: Family) -> Vec<IpNet> {
        if zone.rest {
            return vec![all(family)];
        }
        zone.segments.iter().filter_map(|id| self.segments[*id].prefix(family)).collect()
    }

    /// The invariants that must hold in every step of an upgrade: those that it names, or every
    /// reachability that survives a failure.
    pub fn kept_by(&self, upgrade: &Upgrade) -> Vec<Id<Invariant>> {
        if !upgrade.keeps.is_empty() {
            return upgrade.keeps.clone();
        }
        let kept = |invariant: &Invariant| {
            invariant.kind == InvariantKind::Reach && invariant.survives >= 1
        };
        self.invariants.iter().filter(|(_, one)| kept(one)).map(|(id, _)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::ask::Family;
    use crate::kinds::Target;
    use crate::{Isp, Source, load};

    const TEXT: &str = r#"
        [isp]
        name   = "Proof"
        asn    = 64500
        domain = "isp.example"
        [site.here]
        [segment.a]
        kind = "lan"
        ipv4 = "192.0.2.0/25"
        [segment.b]
        kind = "lan"
        ipv4 = "192.0.2.128/25"
        [segment.c]
        kind = "lan"
        ipv4 = "198.51.100.0/24"
        [zone.ab]
        segments = ["a", "b"]
        [zone.rest]
        segments = ["c"]
        rest     = true
        [host.www]
        role = "server"
        site = "here"
        nic.eth0 = { segment = "a", ipv4 = "192.0.2.10" }
        [service.wiki]
        names = ["wiki.isp.example"]
        hosts = ["www"]
        [neighbor.customer]
        asn      = 64501
        relation = "customer"
        prefixes = ["203.0.113.0/24"]
        [neighbor.customer.session.one]
        host = "www"
        ipv4 = "198.51.100.1"
        [neighbor.peer]
        asn      = 64502
        relation = "peer"
        [neighbor.peer.session.one]
        host = "www"
        ipv4 = "198.51.100.2"
        [invariant.frail]
        kind = "reach"
        from = ["zone.ab"]
        [invariant.apart]
        kind     = "isolate"
        from     = ["zone.ab"]
        survives = 1
        [invariant.strong]
        kind     = "reach"
        from     = ["zone.ab", "neighbor.peer"]
        to       = ["service.wiki"]
        survives = 2
        [upgrade.all]
        steps = [["www"]]
        [upgrade.chosen]
        steps = [["www"]]
        keeps = ["frail"]
    "#;

    fn isp() -> Isp {
        let loaded = load(&[Source::new("isp.toml", TEXT.as_bytes())]);
        assert_eq!(loaded.findings, Vec::new());
        loaded.isp.expect("nothing is wrong")
    }

    fn told(isp: &Isp, target: Target) -> Vec<String> {
        let all = Family::BOTH.into_iter().flat_map(|family| isp.prefixes_of(&target, family));
        all.map(|prefix| prefix.to_string()).collect()
    }

    #[test]
    fn a_zone_is_its_segments_and_the_rest_is_the_internet() {
        let isp = isp();
        let zone = |name: &str| Target::Zone(isp.zones.find(name).expect("it is declared"));
        assert_eq!(told(&isp, zone("ab")), ["192.0.2.0/24"]);
        assert_eq!(told(&isp, zone("rest")), ["0.0.0.0/0", "::/0"]);
    }

    #[test]
    fn behind_a_neighbour_is_what_it_is_held_to_in_the_families_of_its_sessions() {
        let isp = isp();
        let of = |name: &str| Target::Neighbor(isp.neighbors.find(name).expect("it is declared"));
        assert_eq!(told(&isp, of("customer")), ["203.0.113.0/24"]);
        assert_eq!(told(&isp, of("peer")), ["0.0.0.0/0"]);
    }

    #[test]
    fn a_service_is_where_it_answers() {
        let isp = isp();
        let wiki = Target::Service(isp.services.find("wiki").expect("it is declared"));
        assert_eq!(told(&isp, wiki), ["192.0.2.10/32"]);
    }

    #[test]
    fn an_upgrade_keeps_what_it_names_or_what_survives_a_failure() {
        let isp = isp();
        let kept = |name: &str| -> Vec<&str> {
            let upgrade = isp.upgrades.find(name).expect("it is declared");
            let kept = isp.kept_by(&isp.upgrades[upgrade]).into_iter();
            kept.map(|id| isp.invariants[id].name.as_str()).collect()
        };
        assert_eq!(kept("all"), ["strong"]);
        assert_eq!(kept("chosen"), ["frail"]);
    }
}
