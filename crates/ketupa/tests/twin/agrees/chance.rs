//! Providers by chance, under failures by chance: the proof's answer is held to the daemons'.

use std::time::Instant;

use model::kinds::{Role, SegmentKind};
use model::{Isp, Named as _};
use rehearse::fail;
use testkit::random::{self, Chance};
use verify::{Daemon, Element, Failure};

use super::{Flows, differences, settled};
use crate::stage::Declared;

/// How many things break, one after the other; nothing is mended in between.
const BROKEN: usize = 3;

#[test]
fn daemons_agree_on_a_first_provider_by_chance() {
    agree(13);
}

#[test]
fn daemons_agree_on_a_second_provider_by_chance() {
    agree(15);
}

#[test]
fn daemons_agree_on_a_third_provider_by_chance() {
    agree(19);
}

/// `KETUPA_SEEDS=10..20` brings as many more up, one after the other, and tells of all of them.
#[test]
fn daemons_agree_on_every_provider_that_is_asked_for() {
    let Ok(asked) = std::env::var("KETUPA_SEEDS") else { return };
    let (first, end) = asked.split_once("..").expect("KETUPA_SEEDS is not FIRST..END");
    let seeds = first.parse::<u64>().unwrap()..end.parse::<u64>().unwrap();
    let told = seeds.map(compare).collect::<Vec<String>>().concat();
    assert!(told.is_empty(), "{told}");
}

fn agree(seed: u64) {
    let told = compare(seed);
    assert!(told.is_empty(), "{told}");
}

/// Brings a provider up, and breaks more and more of it.
fn compare(seed: u64) -> String {
    let begun = Instant::now();
    let size = 4 + usize::try_from(seed % 6).unwrap();
    // Edges tell each other of no transit: where one is in the middle, a proof says that answers are lost.
    let declared = Declared::text(&random::isp(seed, size), &format!("chance-{seed}"));
    let network = declared.up_to_its_sessions();
    let isp = &network.isp;
    let flows = flows(isp);
    let mut told = differences(&network, &flows, &Failure::none());
    let mut broken = Vec::new();
    for element in elements(isp, seed) {
        broken.push(element);
        fail::fail(network.twin(), isp, &Failure::of([element])).unwrap();
        told.push_str(&settled(&network, &flows, &Failure::of(broken.clone())));
    }
    println!("seed {seed}, {size} routers: {:.1?}", begun.elapsed());
    let marked: Vec<String> = told.lines().map(|line| format!("seed {seed}, {line}\n")).collect();
    marked.concat()
}

/// What breaks. Daemons are first: a kernel keeps what its BIRD told it last, and the proof takes that
/// for what it told when all was well.
fn elements(isp: &Isp, seed: u64) -> Vec<Element> {
    let mut chance = Chance::of(seed);
    let mut chosen = chance.some(&breakable(isp), BROKEN);
    chosen.sort_by_key(|element| !matches!(element, Element::Daemon(..)));
    chosen
}

/// Everything that routing or VRRP may notice.
fn breakable(isp: &Isp) -> Vec<Element> {
    let moves = |kind: SegmentKind| {
        kind == SegmentKind::Backbone || kind == SegmentKind::Lan || kind.is_external()
    };
    let segments = isp.segments.iter().filter(|(_, segment)| moves(segment.kind));
    let mut all: Vec<Element> = segments.map(|(id, _)| Element::Segment(id)).collect();
    for (id, host) in isp.hosts.iter().filter(|(_, host)| host.role.forwards()) {
        all.push(Element::Host(id));
        all.extend(host.role.routes().then_some(Element::Daemon(id, Daemon::Routing)));
        let answers = isp.vips_of(id).next().is_some();
        all.extend(answers.then_some(Element::Daemon(id, Daemon::Vrrp)));
        let nics = host.nic.iter().enumerate();
        let nics = nics.filter(|(_, nic)| moves(isp.segments[nic.segment].kind));
        all.extend(nics.map(|(at, _)| Element::Link(id, at)));
    }
    all.extend(isp.with_role(Role::Hypervisor).map(|(id, _)| Element::Host(id)));
    for (id, neighbor) in isp.neighbors.iter() {
        all.extend((0..neighbor.session.len()).map(|at| Element::Session(id, at)));
    }
    all
}

/// From every client and edge to the Internet, to every neighbour, and to each other.
fn flows(isp: &Isp) -> Flows {
    let hosts = isp.hosts.values();
    let clients = hosts.filter(|host| matches!(host.role, Role::Client | Role::Edge));
    let clients: Vec<String> = clients.map(|host| format!("host.{}", host.name())).collect();
    let neighbors = isp.neighbors.values().map(|one| format!("neighbor.{}", one.name()));
    let vips = isp.vips.values().map(|vip| format!("vip.{}", vip.name()));
    let goals: Vec<String> = neighbors.chain(vips).chain(["internet".to_owned()]).collect();
    let mut all = Vec::new();
    for from in &clients {
        let others = clients.iter().filter(|to| *to != from).chain(&goals);
        all.extend(others.map(|to| (from.clone(), to.clone())));
    }
    all
}
