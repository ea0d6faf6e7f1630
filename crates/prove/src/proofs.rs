//! What the proof is told: orders of upgrade, and what is accepted.

use crate::tell::{twice, wrong, wrong_in};
use model::kinds::{Accept, Upgrade};
use model::{Finding, Isp, Named as _};

/// S4-UPGRADE: an order that takes a host down twice, has a step without hosts, or keeps nothing.
pub(crate) fn upgrades(isp: &Isp) -> Vec<Finding> {
    isp.upgrades.values().flat_map(|upgrade| steps(isp, upgrade)).collect()
}

fn steps(isp: &Isp, upgrade: &Upgrade) -> Vec<Finding> {
    let at = &upgrade.at;
    let numbered = || upgrade.steps.iter().zip(1_u32..);
    let empty = numbered().filter(|(hosts, _)| hosts.is_empty()).map(|(_, step)| {
        let says = format!("step {step} of {} takes nothing down", at.key);
        wrong_in(at, "steps", says).hint("name its hosts, or remove the empty list")
    });
    let hosts = numbered().flat_map(|(hosts, step)| hosts.iter().map(move |id| (*id, step)));
    let again = twice(hosts).into_iter().map(|(id, first, step)| {
        let name = isp.hosts[id].name();
        let says = if first == step {
            format!("{} takes {name} down twice in step {step}", at.key)
        } else {
            format!("{} takes {name} down in step {first} and again in step {step}", at.key)
        };
        wrong_in(at, "steps", says).hint("a host is upgraded once: keep it in one step")
    });
    let idle = isp.kept_by(upgrade).is_empty().then(|| {
        let says =
            format!("{} keeps nothing: no invariant of kind reach survives a failure", at.key);
        let hint = "add `keeps = [\"INVARIANT\", …]`: what must hold in every step";
        wrong(at.place, says).about(at.key.clone()).hint(hint)
    });
    empty.chain(again).chain(idle).collect()
}

/// S4-ACCEPT: what it says failed is not there.
pub(crate) fn unknown_failures(isp: &Isp) -> Vec<Finding> {
    let missing = |accept: &Accept| {
        let told = |text: &String| {
            let says = missing_part(isp, text)?;
            let hint = "correct the name, or delete what is not there any more";
            Some(wrong_in(&accept.at, "without", says).hint(hint))
        };
        accept.without.iter().filter_map(told).collect::<Vec<_>>()
    };
    isp.accepts.values().flat_map(missing).collect()
}

/// The load has found the host or the neighbour; its interfaces and sessions have no names there.
fn missing_part(isp: &Isp, text: &str) -> Option<String> {
    let (kind, name) = text.split_once('.')?;
    let (of, part) = name.split_once('/')?;
    match kind {
        "link" => {
            let host = &isp.hosts[isp.hosts.find(of)?];
            let there = host.nic.iter().any(|nic| nic.name == part);
            (!there).then(|| format!("{} has no interface `{part}`", host.at.key))
        }
        "session" => {
            let neighbor = &isp.neighbors[isp.neighbors.find(of)?];
            let there = neighbor.session.iter().any(|session| session.name == part);
            (!there).then(|| format!("{} has no session `{part}`", neighbor.at.key))
        }
        _ => None,
    }
}

/// S4-ACCEPT-BROAD: it accepts every violation of a property.
pub(crate) fn broad(isp: &Isp) -> Vec<Finding> {
    let all = isp.accepts.values();
    let broad = all.filter(|accept| accept.on.is_empty() && accept.without.is_empty());
    let told = |accept: &Accept| {
        let says = format!("{} accepts every violation of {}", accept.at.key, accept.property);
        let hint = "add `without = [\"host.NAME\"]`: what failed; or `on = [\"kind.NAME\"]`";
        wrong(accept.at.place, says).about(accept.at.key.clone()).hint(hint)
    };
    broad.map(told).collect()
}
