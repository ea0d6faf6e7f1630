//! What follows from the declaration alone, whatever fails: no state is simulated for it.

use crate::plane::Plane;
use crate::prove::Ready;
use crate::report::{Counterexample, Violation};
use model::Finding;
use model::Named as _;
use std::collections::BTreeSet;

/// Every violation that needs no simulation.
pub(crate) fn violations(ready: &Ready<'_>) -> Vec<Violation> {
    let mut all = Vec::new();
    for plane in ready.planes {
        all.extend(two_protocols(plane));
    }
    if let Some(plane) = ready.planes.first() {
        all.extend(crate::leak::check(plane.isp));
        all.extend(crate::order::violations(plane.isp));
    }
    all
}

/// A violation that nothing has to fail for.
fn violation(finding: Finding, shown: Counterexample) -> Violation {
    let code = finding.code;
    let hint = crate::property::Property::of(code).map(crate::property::Property::way_out);
    let finding = Finding { hint: finding.hint.clone().or(hint), ..finding };
    Violation { id: String::new(), finding, shown, others: Vec::new() }
}

/// V-TWO-PROTOCOLS: a prefix that OSPF carries, and BGP or a static route too.
fn two_protocols(plane: &Plane<'_>) -> Vec<Violation> {
    let mut all = Vec::new();
    for (net, owners) in &plane.routes.infrastructure {
        let Ok(prefix) = plane.routes.prefixes.binary_search(net) else { continue };
        let makers: BTreeSet<_> =
            plane.routes.injections[prefix].iter().map(|one| one.router).collect();
        let Some((owner, maker)) = owners.first().zip(makers.first()) else { continue };
        let host = |router: u16| &plane.isp.hosts[plane.routers[usize::from(router)]];
        let (owner, maker) = (host(*owner), host(*maker));
        let says = format!(
            "{net} is in OSPF by {} and in BGP by {}: which one wins depends on the router",
            owner.name(),
            maker.name()
        );
        let finding = Finding::error("V-TWO-PROTOCOLS", maker.at.place, says)
            .also(owner.at.place, "OSPF carries it from here")
            .about(net.to_string())
            .about(format!("host.{}", maker.name()));
        let route = Some(format!("{net} by OSPF and by BGP"));
        all.push(violation(finding, Counterexample { route, ..Counterexample::default() }));
    }
    all
}
