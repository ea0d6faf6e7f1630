//! Orders of upgrade: that declared steps are safe, and an order that is.

use crate::answer::{Order, Step};
use crate::element::{Element, Failure};
use crate::prove;
use crate::report::Violation;
use model::kinds::{Host, Upgrade};
use model::{Finding, Id, Isp, Named as _};

/// V-UPGRADE: a declared step in which something that must be kept does not hold.
pub(crate) fn violations(isp: &Isp) -> Vec<Violation> {
    if isp.upgrades.is_empty() {
        return Vec::new();
    }
    let always = prove::at(isp, &Failure::none());
    let mut all = Vec::new();
    for upgrade in isp.upgrades.values() {
        for step in upgrade.steps.iter().enumerate() {
            all.extend(broken(isp, upgrade, step, &always));
        }
    }
    all
}

/// Whether something does not hold with everything up either: that is no matter of the order.
fn known(always: &[Violation], found: &Violation) -> bool {
    always.iter().any(|one| one.is_as(found))
}

fn broken(
    isp: &Isp,
    upgrade: &Upgrade,
    (number, hosts): (usize, &Vec<Id<Host>>),
    always: &[Violation],
) -> Vec<Violation> {
    let down = Failure::of(hosts.iter().map(|id| Element::Host(*id)));
    let kept: Vec<String> = isp
        .kept_by(upgrade)
        .into_iter()
        .map(|id| format!("invariant.{}", isp.invariants[id].name()))
        .collect();
    let names: Vec<&str> = hosts.iter().map(|id| isp.hosts[*id].name()).collect();
    let mut all = Vec::new();
    // What is accepted when it breaks by itself is not accepted to be done on purpose.
    for found in prove::planned(isp, &down) {
        let about = &found.finding.about;
        let invariant = found.finding.code == crate::property::INVARIANT;
        if known(always, &found) || (invariant && !about.iter().any(|key| kept.contains(key))) {
            continue;
        }
        let says = format!(
            "step {} of {} takes {} down: {}",
            number + 1,
            upgrade.at.key,
            names.join(", "),
            found.finding.says
        );
        let mut finding = Finding::error("V-UPGRADE", upgrade.at.place, says);
        finding.about = [vec![upgrade.at.key.clone()], found.finding.about.clone()].concat();
        finding.hint = crate::property::Property::of("V-UPGRADE").map(crate::Property::way_out);
        let place = found.finding.place.into_iter();
        finding.also =
            place.map(|place| (place, "this is what does not hold".to_owned())).collect();
        // Two steps may cut the same thing.
        let id = format!("step {}", number + 1);
        all.push(Violation { id, finding, shown: found.shown, others: Vec::new() });
    }
    all
}

/// An order in which every router, firewall and proxy can be taken down, one at a time, with what no
/// order can spare.
pub fn order(isp: &Isp) -> Order {
    let mut order = Order::default();
    let always = prove::at(isp, &Failure::none());
    let served = |id: Id<Host>| isp.hosts[id].role.forwards() || isp.vips_of(id).next().is_some();
    let mut hosts: Vec<(Id<Host>, &Host)> =
        isp.hosts.iter().filter(|(id, host)| host.managed && served(*id)).collect();
    // Those that stand by go first: if the new version does not work, nobody noticed.
    hosts.sort_by_key(|(id, host)| (std::cmp::Reverse(rank(isp, *id)), host.name()));
    for (id, host) in hosts {
        // What is accepted when it breaks by itself is not accepted to be done on purpose.
        let mut cut = prove::planned(isp, &Failure::of([Element::Host(id)]));
        cut.retain(|found| !known(&always, found));
        let taken = isp.vips_of(id).find(|vip| vip.hosts.first() == Some(&id));
        let other = taken.and_then(|vip| vip.hosts.get(1)).map(|id| isp.hosts[*id].name());
        let why = match (cut.first(), other) {
            (Some(found), _) => format!("cuts something: {}", found.finding.says),
            (None, Some(other)) => format!("after {other}, which takes over its addresses"),
            (None, None) => "others carry its traffic".to_owned(),
        };
        order.broken.extend(cut);
        order.steps.push(Step { host: host.name().to_owned(), why });
    }
    order
}

/// How far down the lists of its VIPs a host stands.
pub(crate) fn rank(isp: &Isp, id: Id<Host>) -> usize {
    let positions = isp.vips_of(id).filter_map(|vip| vip.hosts.iter().position(|own| *own == id));
    positions.max().unwrap_or(0)
}
