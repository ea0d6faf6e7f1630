//! Sources that cannot be true where they arrive (BCP 38, BCP 84).

use super::{Here, control::link_local};
use crate::packet::rules::{Action, Addresses, Match, Rule};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::Named as _;
use model::ask::Family;
use model::kinds::{Nic, Relation};

/// On an interface whose neighbours are known: whatever is not of them.
pub(super) fn inside(here: &Here<'_>, nic: &Nic) -> Vec<Rule> {
    let segment = here.isp.segments[nic.segment].name();
    let rule = |family: Family| {
        let known = here.isp.sources_on(nic.segment, family).into_iter().chain(nowhere(family));
        let known = Addresses::of(family, known)?;
        let rule = Rule::new(format!("spoof {segment} ipv{}", family.digit()), Action::Drop);
        Some(rule.when(Match::In(here.names(nic))).when(Match::SourceOutside(known)))
    };
    Family::BOTH.into_iter().filter_map(rule).collect()
}

/// Sources that are never routed, of hosts that have no address yet and of neighbours.
fn nowhere(family: Family) -> Vec<IpNet> {
    match family {
        Family::V4 => vec![Ipv4Net::from(std::net::Ipv4Addr::UNSPECIFIED).into()],
        Family::V6 => {
            vec![link_local(), Ipv6Net::from(std::net::Ipv6Addr::UNSPECIFIED).into()]
        }
    }
}

/// On an interface to other networks: whatever claims to be of ours.
pub(super) fn outside(here: &Here<'_>, nic: &Nic) -> Vec<Rule> {
    let segment = &here.isp.segments[nic.segment];
    let mut rules = Vec::new();
    for family in Family::BOTH {
        let comment = |what: &str| format!("{what} {} ipv{}", segment.name(), family.digit());
        let on = |comment, action| Rule::new(comment, action).when(Match::In(here.names(nic)));
        // A link may be numbered from our own space: its other end is no liar.
        let link = segment.prefix(family).filter(|prefix| here.isp.is_ours(*prefix));
        let link = link.and_then(|prefix| Addresses::of(family, [prefix]));
        rules.extend(link.map(|a| on(comment("link"), Action::Accept).when(Match::Source(a))));
        for ours in [here.own(family), here.infrastructure(family)].into_iter().flatten() {
            rules.push(on(comment("spoof"), Action::Drop).when(Match::Source(ours)));
        }
    }
    rules
}

/// Whether only customers are behind an interface to other networks: their sources are known.
pub(super) fn leads_to_customers(here: &Here<'_>, nic: &Nic) -> bool {
    let on = |family| {
        here.isp.sessions_of(here.id).into_iter().filter(move |(_, session)| {
            session.nic(here.isp, family).is_some_and(|own| own.name == nic.name)
        })
    };
    let mut relations = Family::BOTH.into_iter().flat_map(on).map(|(n, _)| n.relation).peekable();
    relations.peek().is_some() && relations.all(|relation| relation == Relation::Customer)
}

/// What may leave to other networks: our own sources and our customers'.
pub(super) fn legitimate(here: &Here<'_>, family: Family) -> Option<Addresses> {
    let customers = here.isp.neighbors_of(Relation::Customer);
    let customers = customers.flat_map(|neighbor| neighbor.prefixes.iter().copied());
    let own = here.isp.about.prefixes().filter(|prefix| Family::of_net(*prefix) == family);
    Some(Addresses::of(family, own.chain(customers))?.named("legitimate"))
}
