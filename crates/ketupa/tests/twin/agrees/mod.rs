//! What the proof predicts and what real daemons do is the same: routes and who told them, ways of
//! packets, holders of virtual addresses; with nothing broken, and with each of a list of failures.

mod cases;
mod chance;
mod routes;
mod ways;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use model::Isp;
use rehearse::fail;
use rehearse::follow::Kernels;
use rehearse::quiet::{self, Patience};
use verify::{Element, Failure};

use crate::stage::{Declared, Living};
use crate::verdicts;

/// What is broken, one after the other.
const FAILURES: [&str; 8] = [
    "session.verixi/edge-01",
    "link.core-03/bb-a",
    "daemon.bra-01/bird",
    "daemon.core-01/keepalived",
    "segment.backbone-a",
    "host.fw-01",
    "host.core-01",
    "host.edge-01",
];

/// Flows between clients, the Internet and services.
const FLOWS: [(&str, &str); 8] = [
    ("friend", "internet"),
    ("memebox", "internet"),
    ("member-line", "internet"),
    ("vpn-01", "internet"),
    ("friend", "memebox"),
    ("member-line", "vpn-01"),
    ("friend", "vip.proxy"),
    ("verixi/edge-02", "vip.proxy"),
];

#[test]
fn daemons_do_what_the_proof_predicts_whatever_is_broken() {
    let declared = Declared::example("neutrinet", "agrees");
    declared.without_generated_routes();
    let network = declared.up();
    let mut told = differences(&network, &flows(&FLOWS), &Failure::none());
    told.push_str(&verdicts::differences(&network));
    told.push_str(&broken(&network, &flows(&FLOWS), &FAILURES));
    assert!(told.is_empty(), "{told}");
}

/// The choice between routes, rule by rule: about twenty prefixes of each family, taken or refused, on six
/// routers.
#[test]
fn daemons_choose_as_predicted_where_every_route_is_a_close_call() {
    let network = Declared::text(cases::TIES, "ties").up();
    agree(
        &network,
        &[("member", "internet"), ("liner", "member")],
        &cases::broken(cases::CLOSE_CALLS),
    );
}

/// What OSPF, VRRP and kernels decide.
#[test]
fn daemons_do_as_predicted_in_a_network_of_corners() {
    let network = Declared::text(cases::CORNERS, "corners").up();
    let flows =
        [("member", "internet"), ("guest", "web"), ("core-1", "access"), ("edge-2", "access")];
    agree(&network, &flows, &cases::broken(cases::IN_CORNERS));
}

/// From where to where packets are followed, in the words of `ketupa ask`.
type Flows = Vec<(String, String)>;

fn flows(all: &[(&str, &str)]) -> Flows {
    all.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

/// Predicted and seen are the same, with nothing broken and with each of these.
fn agree(network: &Living, all: &[(&str, &str)], failures: &[&str]) {
    let flows = flows(all);
    let mut told = differences(network, &flows, &Failure::none());
    told.push_str(&broken(network, &flows, failures));
    assert!(told.is_empty(), "{told}");
}

/// Breaks one thing after the other and compares. What the next one needs broken too stays broken.
fn broken(network: &Living, flows: &Flows, failures: &[&str]) -> String {
    let (twin, isp) = (network.twin(), &network.isp);
    let (mut told, mut before) = (String::new(), Failure::none());
    for text in failures {
        let next = failure(isp, text);
        if !before.elements().iter().all(|element| next.elements().contains(element)) {
            fail::mend(twin, isp, &before).unwrap();
            network.rehearsal().wait(isp, &|_| ()).unwrap();
            before = Failure::none();
        }
        let new = next.elements().iter().filter(|element| !before.elements().contains(element));
        fail::fail(twin, isp, &Failure::of(new.copied())).unwrap();
        told.push_str(&settled(network, flows, &next));
        before = next;
    }
    told
}

/// What is broken together, in words with commas between.
fn failure(isp: &Isp, text: &str) -> Failure {
    let parts = text.split(',').filter(|part| !part.is_empty());
    Failure::of(parts.map(|part| Element::parse(isp, part).unwrap()))
}

/// Waits until what was broken has had its effect, and compares.
fn settled(network: &Living, flows: &Flows, failure: &Failure) -> String {
    let begun = Instant::now();
    let quiet = quiet::wait(network.twin(), Patience::after_failure());
    let told = differences(network, flows, failure);
    let names = failure.text(&network.isp);
    println!("{names}: quiet {quiet}, compared after {:.1?}", begun.elapsed());
    told
}

/// Everything in which prediction and daemons differ, a line each.
fn differences(network: &Living, flows: &Flows, failure: &Failure) -> String {
    let begun = Instant::now();
    let mut known = String::new();
    loop {
        let told = compared(network, flows, failure);
        // Who waits sees what is waited for.
        if told != known {
            println!("after {:.1?}:\n{told}", begun.elapsed());
        }
        if told.is_empty() || begun.elapsed() > PREEMPTS {
            return told;
        }
        known = told;
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// After how long the better half of a pair has its addresses back.
const PREEMPTS: Duration = Duration::from_secs(40);

fn compared(network: &Living, flows: &Flows, failure: &Failure) -> String {
    let kernels = Kernels::of(network.twin()).unwrap();
    let mut lines = routes::differences(network, failure, &kernels);
    lines.extend(ways::holders(network, failure, &kernels));
    lines.extend(ways::ways(network, flows, failure, &kernels));
    let names = failure.text(&network.isp);
    let mut told = String::new();
    for line in lines {
        writeln!(told, "without {names}: {line}").unwrap();
    }
    told
}
