//! BGP sessions with other networks: both ends agree, and each has its fences.

use crate::addresses::{keyed, of_hosts};
use crate::tell::{owner, twice, wrong, wrong_in};
use model::ask::Family;
use model::kinds::{BgpRole, Host, Neighbor, Relation, Role, Session};
use model::{Finding, Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Asks about every session and family that has an address.
fn on_sessions(
    isp: &Isp,
    ask: impl Fn(&Neighbor, &Session, Family, IpAddr) -> Option<Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (neighbor, session) in isp.sessions() {
        for family in Family::BOTH {
            let asked =
                session.address(family).and_then(|remote| ask(neighbor, session, family, remote));
            findings.extend(asked.map(|f| f.about(neighbor.at.key.clone())));
        }
    }
    findings
}

/// N1-BGP-SEGMENT.
pub(crate) fn unreachable(isp: &Isp) -> Vec<Finding> {
    on_sessions(isp, |_, session, family, remote| {
        let host = &isp.hosts[session.host];
        let place = session.at.field(keyed("ip", family));
        let finding = match session.nic(isp, family) {
            Some(nic) if nic.address(family).is_some() => return None,
            Some(nic) => {
                let says = format!(
                    "{} has no IPv{} address to reach {remote} from",
                    nic.at.key,
                    family.digit()
                );
                let hint = format!("add `{} = …` to the interface", keyed("ip", family));
                wrong(place, says).also(nic.at.place, "the interface").hint(hint)
            }
            None => {
                let says = format!("{remote} is on no segment of {}", host.at.key);
                let hint = "the neighbour's address must lie in a segment that the host has an interface on";
                wrong(place, says).also(host.at.place, "the host").hint(hint)
            }
        };
        Some(finding.about(host.at.key.clone()))
    })
}

/// N1-BGP-REMOTE: the two ends of a session between hosts of ours.
pub(crate) fn ends(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (neighbor, session) in isp.sessions() {
        let Some(remote) = session.remote.map(|id| &isp.hosts[id]) else { continue };
        let (here, asn) = (&session.at.key, remote.asn(isp));
        let mut tell = |finding: Finding| {
            findings.push(finding.about(neighbor.at.key.clone()).about(remote.at.key.clone()));
        };
        if asn != neighbor.asn {
            let says = format!(
                "{here} expects AS {}, but {} speaks for AS {asn}",
                neighbor.asn, remote.at.key
            );
            let finding = wrong(neighbor.at.field("asn"), says);
            let also = finding.also(remote.at.field("asn"), "the other end");
            tell(also.hint(format!(
                "write the same number in [{}] and [{}]",
                neighbor.at.key, remote.at.key
            )));
        }
        for family in Family::BOTH {
            let Some(address) = session.address(family).filter(|a| !remote.addresses().contains(a))
            else {
                continue;
            };
            let says = format!("{address} of {here} is no address of {}", remote.at.key);
            let finding = wrong(session.at.field(keyed("ip", family)), says);
            tell(
                finding
                    .also(remote.at.place, "the other end")
                    .hint("copy the address from its interface"),
            );
        }
    }
    findings
}

/// N1-BGP-LOCAL: an address of our own as a neighbour's, without `remote`.
pub(crate) fn to_ourselves(isp: &Isp) -> Vec<Finding> {
    let held: BTreeMap<IpAddr, _> = of_hosts(isp).into_iter().map(|h| (h.address, h)).collect();
    on_sessions(isp, |_, session, family, remote| {
        let held = held.get(&remote).filter(|_| session.remote.is_none())?;
        let says = format!("{remote} of {} is an address of {}", session.at.key, held.at.key);
        let finding = wrong(session.at.field(keyed("ip", family)), says).also(held.place, "ours");
        let name = owner(held.at).trim_start_matches("host.").to_owned();
        let hint = format!(
            "write the neighbour's address; if the neighbour is our host, add `remote = \"{name}\"`"
        );
        Some(finding.about(owner(held.at)).hint(hint))
    })
}

/// N1-BGP-TWICE: two sessions between the same two addresses.
pub(crate) fn twice_to_one(isp: &Isp) -> Vec<Finding> {
    let ends = isp.sessions().flat_map(|(_, session)| {
        let families = Family::BOTH.into_iter();
        families.filter_map(move |family| Some(((session.host, session.address(family)?), session)))
    });
    let told = |((host, remote), first, again): ((Id<Host>, IpAddr), &Session, &Session)| {
        let name = isp.hosts[host].name();
        let (one, two) = (&first.at.key, &again.at.key);
        let says = format!("{one} and {two} are both from {name} to {remote}");
        let key = keyed("ip", Family::of(remote));
        wrong_in(&again.at, key, says)
            .also(first.at.field(key), "first here")
            .about(owner(&first.at))
            .hint("BIRD runs one session between two addresses: delete one, or correct its address")
    };
    twice(ends).into_iter().map(told).collect()
}

/// N1-BGP-LIMIT.
pub(crate) fn limits(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for neighbor in isp.neighbors.values() {
        for (family, key, limit) in
            [(Family::V4, "limit4", neighbor.limit4), (Family::V6, "limit6", neighbor.limit6)]
        {
            let spoken = neighbor.session.iter().any(|session| session.address(family).is_some());
            if !spoken || limit.is_some_and(|routes| routes > 0) {
                continue;
            }
            let what = if limit.is_some() { "a limit of 0" } else { "no limit" };
            let says = format!("{} has {what} for IPv{} routes", neighbor.at.key, family.digit());
            let hint = match neighbor.relation {
                Relation::Transit => {
                    "a full view has about 1000000 IPv4 and 250000 IPv6 routes: leave a fifth of room"
                }
                Relation::RouteServer | Relation::Peer => {
                    "take what PeeringDB says of the network, and some room"
                }
                Relation::Customer => {
                    "take the number of prefixes that it may announce, and a few more"
                }
            };
            findings
                .push(wrong_in(&neighbor.at, key, says).hint(format!("add `{key} = …`: {hint}")));
        }
    }
    findings
}

/// N3-CUSTOMER: a customer whose prefixes are not listed, or whose list lets everything in.
pub(crate) fn customers(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for neighbor in isp.neighbors_of(Relation::Customer) {
        let key = &neighbor.at.key;
        if neighbor.prefixes.is_empty() {
            let says =
                format!("{key} is a customer without prefixes: nothing that it announces is taken");
            findings.push(
                wrong_in(&neighbor.at, "prefixes", says)
                    .hint("add `prefixes = […]`: what it may announce"),
            );
        }
        for prefix in neighbor.boundless_prefixes() {
            let says = format!("{key} may announce {prefix} and all that is in it");
            findings.push(
                wrong_in(&neighbor.at, "prefixes", says)
                    .hint("list the prefixes that it really has"),
            );
        }
    }
    findings
}

/// N3-CUSTOMER-OVERLAP: a prefix that two customers may announce.
pub(crate) fn customers_apart(isp: &Isp) -> Vec<Finding> {
    let customers = isp.neighbors_of(Relation::Customer);
    let claimed =
        customers.flat_map(|neighbor| neighbor.prefixes.iter().map(move |p| (*p, neighbor)));
    let told = |(prefix, first, again): (_, &Neighbor, &Neighbor)| {
        let says = format!("{} and {} may both announce {prefix}", first.at.key, again.at.key);
        wrong_in(&again.at, "prefixes", says)
            .also(first.at.field("prefixes"), "first here")
            .about(first.at.key.clone())
            .hint("one of them can take the other's traffic: list a prefix once")
    };
    twice(claimed).into_iter().map(told).collect()
}

/// N1-BGP-ROLE: our side's role says something else than the relation, or nothing.
pub(crate) fn roles(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (neighbor, session) in isp.sessions() {
        let (due, Some(role)) = (neighbor.relation.our_role(), session.role) else { continue };
        if role == due {
            continue;
        }
        let (key, relation) = (&session.at.key, neighbor.relation.word());
        let says = match role {
            BgpRole::None => format!("{key} has no BGP role"),
            BgpRole::Provider | BgpRole::Customer | BgpRole::Peer | BgpRole::RsClient => {
                format!(
                    "our side of {key} has the role {}, but the neighbour is a {relation}",
                    role.word()
                )
            }
        };
        let finding = wrong_in(&session.at, "role", says);
        let finding = finding.also(neighbor.at.field("relation"), "the relation");
        findings.push(
            finding.hint(format!("remove `role`: \"{}\" follows from the relation", due.word())),
        );
    }
    findings
}

/// N1-BGP-PASSWORD: a password whose name speaks of the other family.
pub(crate) fn passwords(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for neighbor in isp.neighbors.values() {
        let both = [
            ("password4", &neighbor.password4, Family::V6),
            ("password6", &neighbor.password6, Family::V4),
        ];
        for (key, secret, other) in both {
            let Some(secret) = secret.as_ref().filter(|secret| names(&secret.0, other)) else {
                continue;
            };
            let says = format!(
                "`{key}` of {} is `{}`, by its name that of IPv{}",
                neighbor.at.key,
                secret.0,
                other.digit()
            );
            let hint = "the session stays down if the two ends differ: take the secret of this family, or rename it";
            findings.push(wrong_in(&neighbor.at, key, says).hint(hint));
        }
    }
    findings
}

/// Whether a secret's name has a word for a family and none for the other.
fn names(secret: &str, family: Family) -> bool {
    let words: BTreeSet<&str> = secret.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |digit: u8| {
        [format!("v{digit}"), format!("ipv{digit}"), format!("ip{digit}"), format!("inet{digit}")]
            .iter()
            .any(|word| words.contains(word.as_str()))
            || words.iter().any(|word| word.ends_with(&format!("ipv{digit}")))
            || words.contains(format!("password{digit}").as_str())
    };
    let other = if family == Family::V4 { Family::V6 } else { Family::V4 };
    has(family.digit()) && !has(other.digit())
}

/// N1-BGP-PASSWORD-SAME.
pub(crate) fn one_password(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for neighbor in isp.neighbors.values() {
        let same = neighbor.password4.is_some() && neighbor.password4 == neighbor.password6;
        if same {
            let says = format!("{} has the same secret as both passwords", neighbor.at.key);
            let finding = wrong_in(&neighbor.at, "password6", says);
            let finding = finding.also(neighbor.at.field("password4"), "the same");
            findings
                .push(finding.hint(
                    "if that was agreed, waive this; if not, one of the sessions stays down",
                ));
        }
    }
    findings
}

/// N1-BGP-PASSWORD-UNUSED.
pub(crate) fn idle_passwords(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for neighbor in isp.neighbors.values() {
        let both = [
            ("password4", &neighbor.password4, Family::V4),
            ("password6", &neighbor.password6, Family::V6),
        ];
        for (key, _, family) in both.into_iter().filter(|(_, secret, _)| secret.is_some()) {
            if neighbor.session.iter().all(|session| session.address(family).is_none()) {
                let says =
                    format!("{} has `{key}` but no IPv{} session", neighbor.at.key, family.digit());
                findings.push(
                    wrong_in(&neighbor.at, key, says)
                        .hint("delete it, or add the session's address"),
                );
            }
        }
    }
    findings
}

/// N1-BGP-HOST: a session on a host that speaks no BGP.
pub(crate) fn speakers(isp: &Isp) -> Vec<Finding> {
    on_hosts(
        isp,
        |host, _| !host.role.routes(),
        |host| format!("{} has the role {}, which speaks no BGP", host.at.key, host.role.word()),
        "move the session to an edge, core, access or vpn host",
    )
}

/// N2-EDGE: what is learnt from outside on a core is not told to the edges.
pub(crate) fn on_edges(isp: &Isp) -> Vec<Finding> {
    let inner = |host: &Host, relation: Relation| {
        relation != Relation::Customer && matches!(host.role, Role::Core | Role::Access)
    };
    on_hosts(
        isp,
        inner,
        |host| format!("{} is no edge: what it learns from outside stays on it", host.at.key),
        "let the session end on an edge, or give the host the role \"edge\"",
    )
}

fn on_hosts(
    isp: &Isp,
    odd: impl Fn(&Host, Relation) -> bool,
    says: impl Fn(&Host) -> String,
    hint: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (neighbor, session) in isp.sessions() {
        let host = &isp.hosts[session.host];
        if odd(host, neighbor.relation) {
            let finding =
                wrong_in(&session.at, "host", says(host)).also(host.at.field("role"), "its role");
            findings.push(finding.about(host.at.key.clone()).hint(hint));
        }
    }
    findings
}
