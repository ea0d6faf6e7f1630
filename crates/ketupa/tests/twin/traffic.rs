//! Packets go from a member's line to the Internet and back, in both families, through one edge.

use model::Named as _;
use model::ask::Family;
use model::kinds::{Host, Role};
use rehearse::ask;
use rehearse::outside::{INTERNET, INTERNET_ADDRESSES, routers};

use crate::stage::{Declared, Living, soon};

/// Where members are: behind each pair of gateways, and in the VPN.
const MEMBERS: [&str; 4] = ["friend", "memebox", "member-line", "vpn-01"];

#[test]
fn members_and_the_internet_reach_each_other_through_one_edge() {
    let network = Declared::example("neutrinet", "traffic").up();
    let outside = outside(&network);
    assert_eq!(outside.len(), 8, "{outside:?}");
    std::thread::scope(|scope| {
        for (name, answers) in &outside {
            scope.spawn(|| round_trips(&network, name, answers));
        }
    });
}

/// Every container of the outside, with the addresses at which it answers.
fn outside(network: &Living) -> Vec<(String, Vec<String>)> {
    let internet = (INTERNET.to_owned(), INTERNET_ADDRESSES.map(str::to_owned).to_vec());
    let foreign =
        network.isp.neighbors.values().flat_map(|neighbor| routers(&network.isp, neighbor));
    let answers = |router: &str| {
        let shown = network.says(router, "ip -o address show dev lo scope global");
        let fields = shown.lines().filter_map(|line| line.split_whitespace().nth(3));
        fields.filter_map(|net| net.split('/').next()).map(str::to_owned).collect()
    };
    let foreign = foreign.map(|(router, _)| {
        let answers: Vec<String> = answers(&router);
        (router, answers)
    });
    // The second route server of an exchange carries no packets: it only tells who does.
    let foreign = foreign.filter(|(_, answers)| !answers.is_empty());
    std::iter::once(internet).chain(foreign).collect()
}

/// From this router to every member and back.
fn round_trips(network: &Living, router: &str, answers: &[String]) {
    for member in MEMBERS {
        for family in Family::BOTH {
            let of_family = |address: &&String| address.contains(':') == (family == Family::V6);
            let address = network.address(member, family);
            one_edge(network, router, &address);
            for answer in answers.iter().filter(of_family) {
                one_edge(network, member, answer);
            }
        }
    }
}

/// Every hop answers, the last one is the goal, and exactly one is an edge router of ours.
fn one_edge(network: &Living, from: &str, to: &str) {
    let path = soon(20, || whole_path(network, from, to));
    let edges = network.isp.with_role(Role::Edge);
    let crosses = |edge: &Host| edge.addresses().iter().any(|own| path.contains(&own.to_string()));
    let crossed: Vec<&str> =
        edges.filter(|(_, edge)| crosses(edge)).map(|(_, edge)| edge.name()).collect();
    assert_eq!(crossed.len(), 1, "{from} to {to} crosses {crossed:?}: {path:?}");
}

/// The path, once every hop answers: a router tells one machine of a few packets a second only.
fn whole_path(network: &Living, from: &str, to: &str) -> Result<Vec<String>, String> {
    let path = ask::path(network.twin(), from, to)?;
    let arrives = path.last().is_some_and(|hop| hop == to);
    if arrives && !path.iter().any(|hop| hop == "*") {
        return Ok(path);
    }
    Err(format!("{from} to {to}: {path:?}"))
}
