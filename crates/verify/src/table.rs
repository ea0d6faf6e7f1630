//! The routes that routers choose, for whoever compares them with another method or with daemons.

use crate::bgp::From;
use crate::element::Failure;
use crate::plane::routes::Leads;
use crate::plane::up::Up;
use crate::plane::{Plane, Router};
use crate::why::session_name;
use crate::world::World;
use ipnet::IpNet;
use model::ask::Family;
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The best route of a router to a prefix, where it came by BGP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Best {
    /// Who told it: a router of ours, or a session, as `NEIGHBOR/SESSION`.
    pub from: String,
    /// The routers on the shortest paths to who told it; the session itself at the exit.
    pub next: BTreeSet<String>,
}

/// The best routes of every router whose BIRD works, by its name and by prefix. What a router makes
/// itself, and what it hears from a router of ours that is another network's, is left out.
pub type Table = BTreeMap<String, BTreeMap<IpNet, Best>>;

/// The routes under each of several failures.
pub fn best(isp: &Isp, family: Family, failures: &[Failure]) -> Vec<Table> {
    let plane = Plane::of(isp, family);
    let whole = Arc::new(World::whole(&plane));
    let after = |failure| table(&World::after(&whole, Up::without(&plane, failure)));
    failures.iter().map(after).collect()
}

fn table(world: &World<'_>) -> Table {
    let plane = world.plane;
    let mut all = Table::new();
    for (number, id) in plane.routers.iter().enumerate() {
        if !world.up.routing[id.index()] {
            continue;
        }
        let own = plane
            .routes
            .prefixes
            .iter()
            .enumerate()
            .filter_map(|(prefix, net)| Some((*net, entry(world, number as Router, prefix)?)));
        all.insert(plane.isp.hosts[*id].name().to_owned(), own.collect());
    }
    all
}

fn entry(world: &World<'_>, router: Router, prefix: usize) -> Option<Best> {
    let plane = world.plane;
    let name =
        |router: Router| plane.isp.hosts[plane.routers[usize::from(router)]].name().to_owned();
    match world.chosen(prefix, router).of.first()? {
        From::Own(number) => match plane.routes.injections[prefix][usize::from(*number)].leads {
            Leads::Out(session) => {
                let session = session_name(world, session);
                Some(Best { next: BTreeSet::from([session.clone()]), from: session })
            }
            Leads::Attached(_) | Leads::Via(..) | Leads::Pool | Leads::Unreachable => None,
        },
        From::Inner(_) => None,
        From::Internal(teller) => {
            let hops = world.next_hops(router, *teller);
            Some(Best {
                from: name(*teller),
                next: hops.map(|(_, next)| name(next.router)).collect(),
            })
        }
    }
}
