//! Firewalls: connections are tracked; zones meet in chains of their own, groups are chains.
//!
//! A packet goes from `forward` by the interface it came in by to `from_ZONE`, by the interface it
//! leaves by to `ZONE_to_ZONE`, and there through `group_NAME` for each group between the two, in
//! the order of the names. What no group decides comes back to `forward` and is dropped.

use super::{Here, declared, input, last, spoof};
use crate::packet::rules::{Action, Addresses, Chain, Hook, Match, Rule};
use model::Named as _;
use model::ask::Family;
use model::kinds::{Nic, RuleGroup, SegmentKind, Zone};

/// Every chain of a firewall.
pub(super) fn chains(here: &Here<'_>) -> Vec<Chain> {
    let zones = Zones::around(here);
    let mut chains = vec![
        Chain::hooked("arriving", Hook::Arriving, arriving(here)),
        Chain::hooked("sending", Hook::Sending, sync(here, Match::Out)),
        Chain::hooked("input", Hook::Input, input::tracked(here)),
        Chain::hooked("forward", Hook::ForwardDrop, zones.forward()),
    ];
    chains.extend(zones.enter());
    chains.extend(zones.from());
    chains.extend(zones.pairs());
    let groups = here.isp.rules.values().filter(|group| zones.uses(group));
    chains.extend(
        groups.map(|group| {
            Chain::named(declared::chain_name(group), declared::group(here.isp, group))
        }),
    );
    chains
}

/// The talk of the two halves is not worth tracking: each entry would be told to the other half.
fn sync(here: &Here<'_>, by: fn(Vec<String>) -> Match) -> Vec<Rule> {
    let link = here.isp.sync_link(here.id);
    let rule = |name: String| Rule::new("conntrackd", Action::Untrack).when(by(vec![name]));
    link.map(|link| rule(link.nic.name.clone())).into_iter().collect()
}

fn arriving(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = sync(here, Match::In);
    let zoned = |nic: &Nic| here.isp.zone_of(nic.segment).is_some_and(|zone| !zone.rest);
    let (inner, uplinks): (Vec<&Nic>, Vec<&Nic>) =
        here.nics(&[SegmentKind::Lan]).partition(|nic| zoned(nic));
    rules.extend(inner.iter().flat_map(|nic| spoof::inside(here, nic)));
    // What lives behind the firewall does not come from before it.
    for uplink in uplinks {
        for family in Family::BOTH {
            let behind =
                inner.iter().filter_map(|nic| here.isp.segments[nic.segment].prefix(family));
            let Some(behind) = Addresses::of(family, behind) else { continue };
            let segment = here.isp.segments[uplink.segment].name();
            let rule = Rule::new(format!("spoof {segment} ipv{}", family.digit()), Action::Drop);
            rules.push(rule.when(Match::In(here.names(uplink))).when(Match::Source(behind)));
        }
    }
    rules
}

/// The zones as this firewall meets them.
struct Zones<'a> {
    groups: Vec<(&'a RuleGroup, Vec<&'a str>, Vec<&'a str>)>,
    /// Interface names of each zone, by zone.
    near: Vec<(&'a Zone, Vec<String>)>,
    /// Addresses of zones that are met behind the interface of the rest.
    far: Vec<(&'a Zone, Addresses)>,
}

impl<'a> Zones<'a> {
    fn around(here: &Here<'a>) -> Self {
        let isp = here.isp;
        let near = isp.zones.values().map(|zone| (zone, near(here, zone)));
        let far = isp.zones.values().filter(|zone| !zone.rest).flat_map(|zone| {
            let away = zone.segments.iter().filter(|id| here.host.nic_on(**id).is_none());
            let away: Vec<_> = away.copied().collect();
            Family::BOTH.into_iter().filter_map(move |family| {
                let prefixes = away.iter().flat_map(|id| isp.sources_on(*id, family));
                Some((zone, Addresses::of(family, prefixes)?))
            })
        });
        let names = |ids: &[model::Id<Zone>]| ids.iter().map(|id| isp.zones[*id].name()).collect();
        let groups = isp.rules.values().map(|group| (group, names(&group.from), names(&group.to)));
        Self {
            groups: groups.collect(),
            near: near.filter(|(_, names)| !names.is_empty()).collect(),
            far: far.collect(),
        }
    }

    fn rest(&self) -> Option<&(&'a Zone, Vec<String>)> {
        self.near.iter().find(|(zone, _)| zone.rest)
    }

    /// The zones of this firewall, near ones and far ones, by name.
    fn names(&self) -> Vec<&'a str> {
        let far = self.far.iter().filter(|_| self.rest().is_some()).map(|(zone, _)| zone.name());
        let mut all: Vec<&str> = self.near.iter().map(|(zone, _)| zone.name()).chain(far).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The groups from one zone to another, by name.
    fn between(&self, from: &str, to: &str) -> Vec<&'a RuleGroup> {
        let fits = |(_, all_from, all_to): &&(&RuleGroup, Vec<&str>, Vec<&str>)| {
            all_from.contains(&from) && all_to.contains(&to)
        };
        self.groups.iter().filter(fits).map(|(group, _, _)| *group).collect()
    }

    fn uses(&self, group: &RuleGroup) -> bool {
        let names = self.names();
        let any = |zones: &[&str]| zones.iter().any(|zone| names.contains(zone));
        let own = self.groups.iter().find(|(one, _, _)| one.name() == group.name());
        own.is_some_and(|(_, from, to)| any(from) && any(to))
    }

    fn forward(&self) -> Vec<Rule> {
        let mut rules = vec![input::established(), input::invalid()];
        let into = |zone: &Zone| {
            let through_far = zone.rest && !self.far.is_empty();
            if through_far { format!("enter_{}", zone.name()) } else { from(zone.name()) }
        };
        let chains = self.near.iter().flat_map(|(zone, names)| {
            names.iter().map(|name| (name.clone(), into(zone))).collect::<Vec<_>>()
        });
        let chains: Vec<_> = chains.collect();
        if !chains.is_empty() {
            rules.push(Rule::new("zones", Action::ByInput(chains)));
        }
        rules.extend(last("forward"));
        rules
    }

    /// Behind the interface of the rest, the source says which zone a packet is from.
    fn enter(&self) -> Option<Chain> {
        let (rest, _) = self.rest().filter(|_| !self.far.is_empty())?;
        let goto = |zone: &str| Rule::new(format!("zone.{zone}"), Action::Goto(from(zone)));
        let far = self
            .far
            .iter()
            .map(|(zone, addresses)| goto(zone.name()).when(Match::Source(addresses.clone())));
        let rules = far.chain([goto(rest.name())]).collect();
        Some(Chain::named(format!("enter_{}", rest.name()), rules))
    }

    fn from(&self) -> Vec<Chain> {
        let chain = |name: &&str| Chain::named(from(name), self.leaving(name));
        self.names().iter().map(chain).collect()
    }

    /// Where packets from a zone may go.
    fn leaving(&self, zone: &str) -> Vec<Rule> {
        let mut rules = Vec::new();
        if let Some((_, names)) = self.rest() {
            rules.extend(self.far.iter().map(|(to, addresses)| {
                let to = to.name();
                Rule::new(format!("zone.{to}"), Action::Goto(pair(zone, to)))
                    .when(Match::Out(names.clone()))
                    .when(Match::Destination(addresses.clone()))
            }));
        }
        let near = self.near.iter().filter(|(to, _)| !self.between(zone, to.name()).is_empty());
        let chains = near.flat_map(|(to, names)| {
            names.iter().map(|name| (name.clone(), pair(zone, to.name()))).collect::<Vec<_>>()
        });
        let chains: Vec<_> = chains.collect();
        if !chains.is_empty() {
            rules.push(Rule::new(format!("zone.{zone}"), Action::ByOutput(chains)));
        }
        rules
    }

    /// A chain for every two zones with a group between them, and for those that are only told
    /// apart by address: an empty one says that nothing may pass.
    fn pairs(&self) -> Vec<Chain> {
        let names = self.names();
        let far = |zone: &str| self.far.iter().any(|(one, _)| one.name() == zone);
        let mut chains = Vec::new();
        for (one, other) in names.iter().flat_map(|one| names.iter().map(move |other| (one, other)))
        {
            let groups = self.between(one, other);
            if groups.is_empty() && !(far(other) && self.rest().is_some()) {
                continue;
            }
            let jump = |group: &&RuleGroup| {
                let chain = Action::Jump(declared::chain_name(group));
                Rule::new(format!("rules.{}", group.name()), chain)
            };
            chains.push(Chain::named(pair(one, other), groups.iter().map(jump).collect()));
        }
        chains
    }
}

/// The interfaces of a zone. What leads to the team or the other half is in a zone only by name.
fn near(here: &Here<'_>, zone: &Zone) -> Vec<String> {
    let of_zone = |nic: &&Nic| {
        let named = zone.segments.contains(&nic.segment);
        let data = !super::INNER.contains(&here.kind(nic));
        let own = here.isp.zone_of(nic.segment).is_some_and(|one| one.name() == zone.name());
        named || (data && own)
    };
    here.host.nic.iter().filter(of_zone).flat_map(|nic| here.names(nic)).collect()
}

fn from(zone: &str) -> String {
    format!("from_{zone}")
}

fn pair(one: &str, other: &str) -> String {
    format!("{one}_to_{other}")
}
