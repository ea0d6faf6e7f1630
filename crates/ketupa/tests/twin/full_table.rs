//! Two transits tell the whole table: routers hold it, and take a new policy without a reset.

use std::time::Instant;

use crate::stage::{Declared, Living, soon};
use crate::uptimes::{kept, uptimes};

const ROUTES: usize = 200_000;
const ROUTERS: [&str; 3] = ["edge-01", "edge-02", "core-01"];

#[test]
fn with_two_full_tables_a_reload_keeps_every_session() {
    let begun = Instant::now();
    let network = Declared::text(include_str!("isps/two-transits.toml"), "full-table").up();
    for router in ROUTERS {
        soon(90, || {
            let (routes, networks) = table(&network, router);
            if networks >= ROUTES { Ok(()) } else { Err(format!("{router}: {routes} routes")) }
        });
    }
    println!(
        "{ROUTES} routes from each of two transits after {:.1} s",
        begun.elapsed().as_secs_f32()
    );
    let before = uptimes(&network, &ROUTERS, |_| true);
    for router in ROUTERS {
        let (routes, networks) = table(&network, router);
        println!(
            "{router}: {routes} routes for {networks} networks, BIRD has {} MB",
            memory(&network, router)
        );
    }

    let policy = "[isp]\npolicy = \"later\"\n";
    network.declared.edit("isp.toml", "[isp]\n", policy);
    network
        .declared
        .write("policy.toml", "[policy.later]\n[policy.later.local_pref]\ntransit = 80\n");
    let begun = Instant::now();
    let said = network.declared.twin("apply");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for (router, preference) in [("edge-01", "80"), ("core-01", "80")] {
        soon(60, || {
            let shown = network.says(router, "birdc show route primary all 20.3.0.0/24 || true");
            let wanted = format!("BGP.local_pref: {preference}\n");
            if shown.contains(&wanted) { Ok(()) } else { Err(shown) }
        });
    }
    println!("a new preference for all of them after {:.1} s", begun.elapsed().as_secs_f32());
    kept(&before, &uptimes(&network, &ROUTERS, |_| true));
    for router in ROUTERS {
        println!("{router}: BIRD has {} MB after the reload", memory(&network, router));
    }
}

/// How many IPv4 routes a router has, and for how many networks.
fn table(network: &Living, router: &str) -> (usize, usize) {
    let shown = network.says(router, "birdc show route table master4 count");
    let numbers: Vec<usize> = shown
        .lines()
        .last()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    (numbers.first().copied().unwrap_or_default(), numbers.last().copied().unwrap_or_default())
}

/// The memory that BIRD holds, in MB.
fn memory(network: &Living, router: &str) -> usize {
    let shown = network.says(router, "grep VmRSS /proc/$(pidof bird)/status");
    shown.split_whitespace().find_map(|word| word.parse::<usize>().ok()).unwrap() / 1024
}
