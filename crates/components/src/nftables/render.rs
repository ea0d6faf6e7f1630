//! From the typed rules of a host to `/etc/nftables.conf`.

use super::text;
use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use derive::packet::rules::{Addresses, Chain, Hook, Match, Ruleset};
use model::kinds::Host;
use model::{Id, Isp};
use serde::Serialize;
use std::collections::BTreeMap;

const PATH: &str = "/etc/nftables.conf";
const NFT: &str = "/usr/sbin/nft";

/// What the template of `nftables.conf` asks for.
#[derive(Debug, Serialize)]
struct Context {
    sets: Vec<Set>,
    chains: Vec<ChainText>,
}

#[derive(Debug, Serialize)]
struct Set {
    name: String,
    family: u8,
    elements: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ChainText {
    name: String,
    kind: &'static str,
    hook: Option<&'static str>,
    rules: Vec<String>,
}

/// Everything for one host.
pub(super) fn tree(
    isp: &Isp,
    host: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let text =
        templates.render("nftables/nftables.conf", &context(&derive::packet::of(isp, host)))?;
    let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let unit = Unit {
        on_change: OnChange::Reload,
        reads: vec![PATH.into()],
        after: Vec::new(),
        cuts_off: true,
    };
    Ok(HostTree {
        files: BTreeMap::from([(PATH.into(), File::public(text))]),
        packages: ["nftables".to_owned()].into(),
        units: BTreeMap::from([("nftables.service".into(), unit)]),
        checks: vec![Check {
            component: "nftables".into(),
            command: command(&[NFT, "-c", "-f", PATH]),
            covers: vec![PATH.into()],
        }],
        probes: vec![Probe {
            name: "the packet filter is loaded".into(),
            command: command(&[NFT, "list", "chain", "inet", "ketupa", "input"]),
            within_s: 5,
        }],
        ..HostTree::default()
    })
}

fn context(ruleset: &Ruleset) -> Context {
    Context { sets: sets(ruleset), chains: ruleset.chains.iter().map(chain).collect() }
}

/// The named sets that rules mention, by name.
fn sets(ruleset: &Ruleset) -> Vec<Set> {
    let rules = ruleset.chains.iter().flat_map(|chain| &chain.rules);
    let named: BTreeMap<String, &Addresses> = rules
        .flat_map(|rule| &rule.matches)
        .filter_map(addresses)
        .filter_map(|addresses| Some((text::set_name(addresses)?, addresses)))
        .collect();
    let set = |(name, addresses): (String, &Addresses)| Set {
        name,
        family: addresses.family.digit(),
        elements: addresses.prefixes.iter().map(|prefix| text::prefix(*prefix)).collect(),
    };
    named.into_iter().map(set).collect()
}

fn addresses(condition: &Match) -> Option<&Addresses> {
    match condition {
        Match::Source(all) | Match::SourceOutside(all) | Match::Destination(all) => Some(all),
        Match::Family(_)
        | Match::In(_)
        | Match::Out(_)
        | Match::Protocol(_)
        | Match::To(..)
        | Match::From(..)
        | Match::Underway
        | Match::Icmp(..)
        | Match::Fresh(_)
        | Match::State(_) => None,
    }
}

fn chain(chain: &Chain) -> ChainText {
    ChainText {
        name: chain.name.clone(),
        kind: if chain.hook == Some(Hook::Leaving) { "nat" } else { "filter" },
        hook: chain.hook.map(hook),
        rules: chain.rules.iter().map(text::rule).collect(),
    }
}

fn hook(hook: Hook) -> &'static str {
    match hook {
        Hook::Arriving => "hook prerouting priority raw; policy accept;",
        Hook::Sending => "hook output priority raw; policy accept;",
        Hook::Input => "hook input priority filter; policy drop;",
        Hook::ForwardDrop => "hook forward priority filter; policy drop;",
        Hook::ForwardAccept => "hook forward priority filter; policy accept;",
        Hook::Leaving => "hook postrouting priority srcnat; policy accept;",
    }
}
