//! Other networks as they are declared, and what the routing policy says of them.

use crate::tell::{twice, wrong, wrong_in};
use ipnet::IpNet;
use model::kinds::{Host, Neighbor, Policy, PolicyRule, Relation, RoaMode, Role};
use model::{At, Finding, Isp, Named as _};
use std::collections::BTreeSet;

fn each(
    isp: &Isp,
    odd: impl Fn(&Neighbor) -> bool,
    tell: impl Fn(&Neighbor) -> Finding,
) -> Vec<Finding> {
    isp.neighbors.values().filter(|neighbor| odd(neighbor)).map(tell).collect()
}

/// N1-NEIGHBOR-TWICE.
pub(crate) fn duplicates(isp: &Isp) -> Vec<Finding> {
    let by_asn =
        isp.neighbors.values().map(|neighbor| ((neighbor.asn, neighbor.relation), neighbor));
    let told = |((asn, relation), first, again): ((_, Relation), &Neighbor, &Neighbor)| {
        let (one, two) = (&first.at.key, &again.at.key);
        let says = format!("{one} and {two} are both the {} AS {asn}", relation.word());
        wrong_in(&again.at, "asn", says)
            .also(first.at.field("asn"), "first here")
            .about(first.at.key.clone())
            .hint("put the sessions into one neighbour: limits and prefixes are then said once")
    };
    twice(by_asn).into_iter().map(told).collect()
}

/// N1-ASN-SELF.
pub(crate) fn ourselves(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |neighbor| neighbor.asn == isp.about.asn,
        |neighbor| {
            let says = format!("{} has our own AS number {}", neighbor.at.key, neighbor.asn);
            wrong_in(&neighbor.at, "asn", says)
            .also(isp.about.at.field("asn"), "ours")
            .hint("internal sessions follow from the roles of hosts: delete it, or correct the number")
        },
    )
}

/// N1-NEIGHBOR-SILENT.
pub(crate) fn silent(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |neighbor| neighbor.session.is_empty(),
        |neighbor| {
            let says = format!("{} has no session", neighbor.at.key);
            let name = neighbor.name();
            wrong(neighbor.at.place, says)
                .about(neighbor.at.key.clone())
                .hint(format!("add [neighbor.{name}.session.NAME], or delete the neighbour"))
        },
    )
}

/// N1-PREPEND.
pub(crate) fn prepends(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |neighbor| neighbor.prepend > 5,
        |neighbor| {
            let says =
                format!("{} is told our AS {} times more", neighbor.at.key, neighbor.prepend);
            wrong_in(&neighbor.at, "prepend", says)
                .hint("take at most 5: longer paths are refused by many and change nothing")
        },
    )
}

/// N1-DEFAULT-ROUTE.
pub(crate) fn default_routes(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |neighbor| neighbor.default_route && neighbor.relation != Relation::Transit,
        |neighbor| {
            let says = format!(
                "{} is a {} that gives us a default route",
                neighbor.at.key,
                neighbor.relation.word()
            );
            wrong_in(&neighbor.at, "default_route", says)
                .also(neighbor.at.field("relation"), "the relation")
                .hint("only a transit carries all of our traffic: remove `default_route`")
        },
    )
}

/// N1-TRANSIT-PREFIXES: a list where the whole table is expected.
pub(crate) fn fenced_transits(isp: &Isp) -> Vec<Finding> {
    let whole = |neighbor: &Neighbor| {
        matches!(neighbor.relation, Relation::Transit | Relation::RouteServer)
    };
    each(
        isp,
        |neighbor| whole(neighbor) && !neighbor.prefixes.is_empty(),
        |neighbor| {
            let says = format!(
                "{} is a {}: with `prefixes` only these are taken",
                neighbor.at.key,
                neighbor.relation.word()
            );
            wrong_in(&neighbor.at, "prefixes", says)
                .also(neighbor.at.field("relation"), "the relation")
                .hint("remove `prefixes`, or correct the relation")
        },
    )
}

/// N1-BLACKHOLE: keys about blackholes that do nothing for this relation.
pub(crate) fn blackholes(isp: &Isp) -> Vec<Finding> {
    let idle = |neighbor: &Neighbor| {
        neighbor.blackhole.is_some() && neighbor.relation != Relation::Transit
    };
    let community = each(isp, idle, |neighbor| {
        let says = format!(
            "{} is a {}: its blackhole community is never sent",
            neighbor.at.key,
            neighbor.relation.word()
        );
        wrong_in(&neighbor.at, "blackhole", says)
            .hint("only transits are asked to drop traffic: remove it")
    });
    let may =
        |neighbor: &Neighbor| neighbor.may_blackhole && neighbor.relation != Relation::Customer;
    let asking = each(isp, may, |neighbor| {
        let says = format!(
            "{} is a {}: it may not ask for blackholes",
            neighbor.at.key,
            neighbor.relation.word()
        );
        wrong_in(&neighbor.at, "may_blackhole", says)
            .hint("only customers may, for their own addresses: remove it")
    });
    community.into_iter().chain(asking).collect()
}

/// N1-VIEW: a view is for customers.
pub(crate) fn views(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |neighbor| neighbor.view.is_some() && neighbor.relation != Relation::Customer,
        |neighbor| {
            let says = format!(
                "{} is a {}: it hears our own and our customers' routes only",
                neighbor.at.key,
                neighbor.relation.word()
            );
            wrong_in(&neighbor.at, "view", says).hint("remove `view`, or correct the relation")
        },
    )
}

/// N1-AS-ALONE: a router of another AS that no session leads to.
pub(crate) fn alone(isp: &Isp) -> Vec<Finding> {
    let reached: BTreeSet<_> = isp.sessions().filter_map(|(_, session)| session.remote).collect();
    let lost = isp.hosts.iter().filter(|(id, host)| {
        host.role.routes() && host.asn(isp) != isp.about.asn && !reached.contains(id)
    });
    let told = |host: &Host| {
        let says =
            format!("{} speaks for AS {}, and no session leads to it", host.at.key, host.asn(isp));
        let name = host.name();
        wrong_in(&host.at, "asn", says)
            .hint(format!("declare it as a neighbour with `remote = \"{name}\"`, or remove `asn`"))
    };
    lost.map(|(_, host)| told(host)).collect()
}

fn roas_for(isp: &Isp, prefix: IpNet) -> impl Iterator<Item = &model::kinds::Roa> {
    isp.roas.values().filter(move |roa| roa.prefix.contains(&prefix))
}

/// N3-ROA-MISSING.
pub(crate) fn unsigned(isp: &Isp) -> Vec<Finding> {
    let bare = isp.about.prefixes().filter(|prefix| roas_for(isp, *prefix).next().is_none());
    let told = |prefix: IpNet| {
        let says = format!("no [roa] covers {prefix}, which we announce");
        let asn = isp.about.asn;
        wrong(family_key(isp, prefix), says).about("isp").hint(format!(
            "sign it at the RIR, and add [roa.NAME] with `prefix = \"{prefix}\"`, `asn = {asn}`"
        ))
    };
    bare.map(told).collect()
}

fn family_key(isp: &Isp, prefix: IpNet) -> model::Place {
    isp.about.at.field(if prefix.addr().is_ipv4() { "ipv4" } else { "ipv6" })
}

/// N3-ROA-WRONG: covered, but by no ROA that allows our announcement (RFC 6811 section 2: invalid).
pub(crate) fn invalid(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for prefix in isp.about.prefixes() {
        let valid = roas_for(isp, prefix)
            .any(|roa| roa.asn == isp.about.asn && roa.max_length >= prefix.prefix_len());
        let Some(roa) = roas_for(isp, prefix).next().filter(|_| !valid) else { continue };
        let says = format!("{} makes our announcement of {prefix} invalid", roa.at.key);
        let key = if roa.asn == isp.about.asn { "max_length" } else { "asn" };
        let finding = wrong_in(&roa.at, key, says).also(family_key(isp, prefix), "announced");
        findings.push(finding.about("isp").hint(format!(
            "it must allow AS {} and /{}",
            isp.about.asn,
            prefix.prefix_len()
        )));
    }
    findings
}

/// N3-ROA-LENGTH (RFC 9582 section 4.3.2.2).
pub(crate) fn roa_lengths(isp: &Isp) -> Vec<Finding> {
    let odd = |roa: &&model::kinds::Roa| {
        !(roa.prefix.prefix_len()..=roa.prefix.max_prefix_len()).contains(&roa.max_length)
    };
    let told = |roa: &model::kinds::Roa| {
        let says = format!("{} has max_length {} for {}", roa.at.key, roa.max_length, roa.prefix);
        let (least, most) = (roa.prefix.prefix_len(), roa.prefix.max_prefix_len());
        wrong_in(&roa.at, "max_length", says)
            .hint(format!("take {least} to {most}, or leave it out"))
    };
    isp.roas.values().filter(odd).map(told).collect()
}

/// N3-VALIDATORS.
pub(crate) fn validators(isp: &Isp) -> Vec<Finding> {
    if isp.neighbors.is_empty() {
        return Vec::new();
    }
    let all: Vec<&Host> = isp.with_role(Role::Validator).map(|(_, host)| host).collect();
    let finding = match all.as_slice() {
        [] => wrong(
            isp.about.at.place,
            "no host has the role validator: RPKI-invalid routes are taken",
        )
        .about("isp"),
        [one] => {
            let says = format!(
                "{} is the only validator: without it every route is taken as unknown",
                one.at.key
            );
            wrong_in(&one.at, "role", says)
        }
        _ => return Vec::new(),
    };
    vec![finding.hint("declare two hosts with `role = \"validator\"`")]
}

/// N3-POLICY: lengths that no prefix has, or that let the table grow without bound.
pub(crate) fn lengths(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for policy in isp.policies.values() {
        let lengths =
            [("longest4", policy.longest4, 8..=24), ("longest6", policy.longest6, 16..=48)];
        for (key, length, usual) in lengths {
            if !usual.contains(&length) {
                let says = format!("{} takes prefixes up to /{length}", policy.at.key);
                let hint = format!(
                    "take /{} to /{}: others filter what is longer",
                    usual.start(),
                    usual.end()
                );
                findings.push(wrong_in(&policy.at, key, says).hint(hint));
            }
        }
        if !(1..=255).contains(&policy.max_path) {
            let says = format!("{} takes paths of up to {} ASNs", policy.at.key, policy.max_path);
            findings.push(wrong_in(&policy.at, "max_path", says).hint("50 to 100 is usual"));
        }
    }
    findings
}

/// N3-RPKI-IGNORED.
pub(crate) fn ignoring(isp: &Isp) -> Vec<Finding> {
    let told = |policy: &Policy| {
        let says = format!("{} takes routes that the RPKI calls invalid", policy.at.key);
        wrong_in(&policy.at, "rpki", says).hint("set `rpki = \"reject\"`")
    };
    isp.policies.values().filter(|policy| policy.rpki == RoaMode::Ignore).map(told).collect()
}

/// N3-RULE-IDLE: a rule of the operator that does nothing.
pub(crate) fn idle_rules(isp: &Isp) -> Vec<Finding> {
    let idle = |rule: &&PolicyRule| {
        rule.reject.is_none()
            && rule.local_pref.is_none()
            && rule.add.is_empty()
            && rule.prepend.is_none()
    };
    let told = |at: &At| {
        let says = format!("{} does nothing", at.key);
        wrong_in(at, "prefixes", says)
            .hint("add `reject`, `local_pref`, `add` or `prepend`, or delete the rule")
    };
    let rules = isp.policies.values().flat_map(|policy| policy.import.iter().chain(&policy.export));
    rules.filter(idle).map(|rule| told(&rule.at)).collect()
}
