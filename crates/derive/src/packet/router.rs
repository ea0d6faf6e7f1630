//! Routers: nothing is tracked, false sources are dropped where they arrive, strangers do not reach
//! what only routers need, and the rest passes.

use super::{Here, INNER, icmp, input, last, replies, spoof};
use crate::packet::rules::{Action, Chain, Hook, Match, Rule};
use model::ask::Family;
use model::kinds::{Nic, Role, SegmentKind};

const EXTERNAL: &[SegmentKind] = &[SegmentKind::Transit, SegmentKind::Exchange];
const GUARDED: &str = "to_infrastructure";

/// Every chain of a router.
pub(super) fn chains(here: &Here<'_>) -> Vec<Chain> {
    // A table of connections fills up under a flood, and replies may pass the other edge.
    let untracked = || Rule::new("stateless router", Action::Untrack);
    let arriving = [untracked()].into_iter().chain(spoofed(here)).collect();
    let mut chains = vec![
        Chain::hooked("arriving", Hook::Arriving, arriving),
        Chain::hooked("sending", Hook::Sending, vec![untracked()]),
        Chain::hooked("input", Hook::Input, input::untracked(here)),
        Chain::hooked("forward", Hook::ForwardAccept, forward(here)),
    ];
    if strangers(here).next().is_some() {
        chains.push(Chain::named(GUARDED, guarded(here)));
    }
    chains
}

/// Interfaces to networks that are no customers of ours.
fn strangers<'a>(here: &Here<'a>) -> impl Iterator<Item = &'a Nic> {
    let customers = |nic: &&Nic| spoof::leads_to_customers(here, nic);
    here.nics(EXTERNAL).filter(move |nic| !customers(nic))
}

fn spoofed(here: &Here<'_>) -> Vec<Rule> {
    // The LAN of a VPN concentrator is its way to the Internet.
    let lans = here.nics(&[SegmentKind::Lan]).filter(|_| here.host.role != Role::Vpn);
    let customers = here.nics(EXTERNAL).filter(|nic| spoof::leads_to_customers(here, nic));
    let known = lans.chain(customers).flat_map(|nic| spoof::inside(here, nic));
    known.chain(strangers(here).flat_map(|nic| spoof::outside(here, nic))).collect()
}

fn forward(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let inner = here.names_of(INNER);
    if !inner.is_empty() {
        let drop = |comment| Rule::new(comment, Action::Drop);
        rules.push(drop("from management").when(Match::In(inner.clone())));
        rules.push(drop("to management").when(Match::Out(inner)));
    }
    let external: Vec<String> = strangers(here).flat_map(|nic| here.names(nic)).collect();
    if external.is_empty() {
        return rules;
    }
    for family in Family::BOTH {
        let comment = |what: &str| format!("{what} ipv{}", family.digit());
        if let Some(inner) = here.infrastructure(family) {
            let jump = Rule::new(comment("infrastructure"), Action::Jump(GUARDED.to_owned()));
            let jump = jump.when(Match::In(external.clone()));
            rules.push(jump.when(Match::Destination(inner)));
        }
        if let Some(ours) = spoof::legitimate(here, family) {
            let drop = Rule::new(comment("spoof leaving"), Action::Drop);
            let drop = drop.when(Match::Out(external.clone()));
            rules.push(drop.when(Match::SourceOutside(ours)));
        }
    }
    rules
}

/// What strangers may send to our routers' addresses: answers, ping in moderation, and what a
/// declared rule opens on one of them.
fn guarded(here: &Here<'_>) -> Vec<Rule> {
    let ping = |family: Family| {
        let rule = Rule::accept(format!("icmp ipv{}", family.digit()));
        rule.when(icmp(family)).at_most(100)
    };
    let mut rules: Vec<Rule> = Family::BOTH.into_iter().map(ping).collect();
    rules.extend(replies());
    rules.extend(declared(here));
    rules.extend(last(GUARDED));
    rules
}

/// Rules that open something on a router or firewall by its name.
fn declared(here: &Here<'_>) -> Vec<Rule> {
    let routers = here.isp.hosts.iter().filter(|(_, host)| host.role.forwards());
    let mut rules: Vec<Rule> = Vec::new();
    for (id, host) in routers {
        let there = Here { isp: here.isp, id, host };
        for rule in super::declared::to_host(&there) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    rules
}
