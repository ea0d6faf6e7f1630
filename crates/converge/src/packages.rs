//! Decides what is installed, in which version, and what no upgrade may touch. Pure.

use std::collections::BTreeMap;

use component::tree::HostTree;
use host::wire::{Hold, HoldOrder, Owned, Package};

use crate::plan::Plan;

/// Plans packages and their holds.
pub(crate) fn plan(
    plan: &mut Plan,
    desired: &HostTree,
    seen: &Result<BTreeMap<String, Package>, String>,
    owned: &Owned,
) {
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => return plan.stop("packages", why),
    };
    for name in &desired.packages {
        let wanted = desired.versions.get(name);
        match (seen.get(name), wanted) {
            (None, None) => plan.packages.push(name.clone()),
            (Some(found), Some(version)) if found.version == *version => {}
            (_, Some(version)) => plan.packages.push(format!("{name}={version}")),
            (Some(_), None) => {}
        }
    }
    let held = |name: &str| seen.get(name).is_some_and(|package| package.held);
    for package in desired.held.iter().filter(|name| !held(name)) {
        plan.holds.push(HoldOrder { package: package.clone(), then: Hold::Keep });
    }
    let free = owned.held.iter().filter(|name| !desired.held.contains(*name) && held(name));
    plan.holds.extend(free.map(|name| HoldOrder { package: name.clone(), then: Hold::Free }));
}

pub(crate) fn hold_line(order: &HoldOrder) -> String {
    match order.then {
        Hold::Keep => format!("hold {}: no upgrade touches it", order.package),
        Hold::Free => format!("hold {} no more", order.package),
    }
}
