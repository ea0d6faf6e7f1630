//! Routers that never agree are told: three of which each prefers what the next one hears itself
//! (Griffin and Wilfong's *bad gadget*). It is made by hand, for no declared network does it.

use crate::bgp::BGP;
use crate::fault::About;
use crate::judge::Judge;
use crate::killers::Killers;
use crate::plane::Plane;
use crate::plane::routes::{Attributes, Injection, Inner, Leads, Needs, RouteId};
use crate::prove::planes;
use crate::questions::Questions;
use crate::world::World;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The prefix that they quarrel about.
const PREFIX: usize = 0;

/// One more route, as an existing one but for its preference. Internal BGP does not know it.
fn route(plane: &mut Plane<'_>, local_pref: u32) -> RouteId {
    let routes = &mut plane.routes;
    routes.routes.push(routes.routes[0].clone());
    routes.attributes.push(Attributes { local_pref, path: 1, origin: 0 });
    routes.routes.len() as RouteId - 1
}

fn quarrel(plane: &mut Plane<'_>) {
    let own = [(); 3].map(|()| route(plane, 100));
    let over = [(); 3].map(|()| route(plane, 200));
    let injection = |router: u16| Injection {
        router,
        route: own[usize::from(router)],
        preference: BGP,
        address: None,
        needs: Needs::default(),
        leads: Leads::Unreachable,
    };
    let known = plane.routes.routes.len();
    let hears = |to: u16| {
        let from = (to + 1) % 3;
        let mut passes = vec![None; known];
        passes[own[usize::from(from)] as usize] = Some(over[usize::from(to)]);
        let address = Ipv4Addr::LOCALHOST.into();
        Inner { session: 0, from, to, nics: (0, 0), address, passes }
    };
    plane.routes.injections[PREFIX] = (0..3).map(injection).collect();
    plane.routes.active[PREFIX] = vec![0, 1, 2];
    plane.routes.inner = (0..3).map(hears).collect();
}

#[test]
fn routers_that_never_agree_are_told() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/clean");
    let isp = testkit::isp(std::path::Path::new(case));
    for mut plane in planes(&isp, 1) {
        let oscillates = |plane: &Plane<'_>| {
            let questions = Questions::of(plane, 0);
            let faults = {
                let nothing = Arc::new(Killers::of(plane, &[]));
                Judge::new(&questions, &Arc::new(World::whole(plane)), &nothing).standing(0)
            };
            faults
                .iter()
                .any(|one| one.code == "V-OSCILLATES" && one.about == About::Prefix(PREFIX))
        };
        assert!(!oscillates(&plane));
        quarrel(&mut plane);
        assert!(oscillates(&plane));
        // One that hears nothing of the others ends it.
        plane.routes.inner.pop();
        assert!(!oscillates(&plane));
    }
}
