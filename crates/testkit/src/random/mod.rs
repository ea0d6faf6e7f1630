//! Providers by chance: small, all different, none with an error. The same seed gives the same bytes.
//!
//! What one knows of is compared by two methods on many of them, so every sort of thing that decides
//! where a packet goes turns up: shared and doubled backbones, costs that differ by direction, every
//! relation, prefixes inside others, preferences and rules of policies, VIPs, firewalls, hypervisors.

mod outside;

use crate::blocks::{four, head, nic, services, six};
use crate::zoo::mixed;
use std::fmt::Write as _;

/// The TOML of the provider of a seed, with this many routers (from 4 to 12).
pub fn isp(seed: u64, size: usize) -> String {
    let mut chance = Chance::of(seed);
    let plan = Plan::of(size.clamp(4, 12), &mut chance);
    let mut text = head(&format!("Random {seed}"));
    text.push_str(&machines(&plan));
    text.push_str(&plan.backbones.iter().enumerate().map(backbone).collect::<String>());
    text.push_str(
        &plan.lans.iter().enumerate().map(|(n, lan)| plan.lan(n, lan)).collect::<String>(),
    );
    let (outside, links) = outside::write(&plan.edges(), &mut chance);
    for router in 0..plan.roles.len() {
        text.push_str(&plan.router(router));
        let own = links.iter().filter(|(edge, _)| *edge == router).map(|(_, nic)| nic.as_str());
        text.push_str(&own.collect::<String>());
    }
    text.push_str(&outside);
    if let Some([first, second]) = plan.front {
        text.push_str(&services([&plan.name(first), &plan.name(second)]));
    } else {
        text.push_str(ALONE);
    }
    text
}

/// A source of numbers: the same ones for the same seed.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed.
    pub fn of(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// A number below this one.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(mixed(self.0) % bound).unwrap_or_default()
    }

    /// True so many times in a hundred.
    fn often(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        among.get(self.below(among.len())).copied()
    }

    /// So many of them, in an order of its own.
    pub fn some<T: Copy>(&mut self, among: &[T], count: usize) -> Vec<T> {
        let mut left = among.to_vec();
        let taken = (0..count.min(left.len())).map(|_| left.swap_remove(self.below(left.len())));
        taken.collect()
    }
}

/// What a router is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Edge,
    Core,
    Access,
}

/// A backbone: who is on it, at which cost of their own.
struct Backbone {
    cost: u16,
    on: Vec<(usize, Option<u16>)>,
}

/// A LAN: its routers, the preferred one first, and whether its gateway is a VIP.
struct Lan {
    routers: Vec<usize>,
    vip: bool,
}

struct Plan {
    roles: Vec<Place>,
    backbones: Vec<Backbone>,
    lans: Vec<Lan>,
    /// The routers in front of a pair of firewalls.
    front: Option<[usize; 2]>,
    /// Whether routers are virtual machines, on two hypervisors.
    virtual_routers: bool,
}

impl Plan {
    fn of(size: usize, chance: &mut Chance) -> Self {
        let edges = 2 + chance.below((size - 2) / 2);
        let access = if size - edges > 2 { chance.below(size - edges - 1) } else { 0 };
        let role = |router: usize| match router {
            router if router < edges => Place::Edge,
            router if router < edges + access => Place::Access,
            _ => Place::Core,
        };
        let roles: Vec<Place> = (0..size).map(role).collect();
        let inside: Vec<usize> = (edges..size).collect();
        let backbones = backbones(size, chance);
        let mut lans = vec![Lan { routers: chance.some(&inside, 2), vip: true }];
        for _ in 0..chance.below(3) {
            let routers = 1 + chance.below(2);
            let routers = chance.some(&inside, routers);
            let vip = routers.len() > 1;
            lans.push(Lan { routers, vip });
        }
        let pair = chance.some(&inside, 2);
        let front = <[usize; 2]>::try_from(pair).ok().filter(|_| chance.often(40));
        Self { roles, backbones, lans, front, virtual_routers: chance.often(50) }
    }

    /// The edges, by number and name.
    fn edges(&self) -> Vec<(usize, String)> {
        let edge = |router: &usize| self.roles.get(*router) == Some(&Place::Edge);
        (0..self.roles.len()).filter(edge).map(|router| (router, self.name(router))).collect()
    }

    fn role(&self, router: usize) -> &'static str {
        match self.roles.get(router) {
            Some(Place::Edge) => "edge",
            Some(Place::Access) => "access",
            Some(Place::Core) | None => "core",
        }
    }

    fn name(&self, router: usize) -> String {
        format!("{}-{router}", self.role(router))
    }

    fn router(&self, router: usize) -> String {
        let at = router + 1;
        let machine = if self.virtual_routers {
            format!("on = \"hv-{}\"\nmemory = \"2 GiB\"\ndisk = \"10 GiB\"\n", router % 2)
        } else {
            "kind = \"physical\"\n".to_owned()
        };
        let mut text = format!(
            "[host.{}]\nrole = \"{}\"\nsite = \"here\"\n{machine}loopback4 = \"{}\"\n\
             loopback6 = \"{}\"\nnic.mgmt = {{ segment = \"management\", ipv4 = \"{}\" }}\n",
            self.name(router),
            self.role(router),
            four([172, 16, 0, 0], at),
            six(0xff, at),
            four([10, 130, 0, 0], at),
        );
        for (number, backbone) in self.backbones.iter().enumerate() {
            for (_, cost) in backbone.on.iter().filter(|(own, _)| *own == router) {
                let (v4, v6) =
                    (four([10, 128, number_u8(number), 0], at), six(0x2000 + number, at));
                let cost = cost.map(|cost| format!(", cost = {cost}")).unwrap_or_default();
                // Written to a string: cannot fail.
                let _ = writeln!(
                    text,
                    "nic.b{number} = {{ segment = \"backbone-{number}\", ipv4 = \"{v4}\", ipv6 = \"{v6}\"{cost} }}"
                );
            }
        }
        for (number, lan) in self.lans.iter().enumerate() {
            if lan.routers.contains(&router) {
                let own = own_on_lan(number, lan, router);
                text.push_str(&nic(
                    &format!("lan{number}"),
                    &format!("lan-{number}"),
                    own.0,
                    own.1,
                ));
            }
        }
        let front = self.front.iter().flatten().position(|front| *front == router);
        if let Some(place) = front {
            let (v4, v6) = (four([80, 64, 240, 2], place), six(0xf1, 2 + place));
            text.push_str(&nic("outside", "outside", v4, v6));
        }
        text
    }

    fn lan(&self, number: usize, lan: &Lan) -> String {
        let (v4, v6) = (four(lan4(number), 0), six(0x8000 + number, 0));
        let (gateway4, gateway6) = (four(lan4(number), 1), six(0x8000 + number, 1));
        let own = format!(
            "[segment.lan-{number}]\nkind = \"lan\"\nipv4 = \"{v4}/24\"\nipv6 = \"{v6}/64\"\n"
        );
        let hosts: Vec<String> =
            lan.routers.iter().map(|router| format!("\"{}\"", self.name(*router))).collect();
        let gateway = if lan.vip {
            format!(
                "[vip.lan-{number}]\nsegment = \"lan-{number}\"\nvrid = {}\nipv4 = \"{gateway4}\"\n\
                 ipv6 = \"{gateway6}\"\nhosts = [{}]\n",
                number + 10,
                hosts.join(", ")
            )
        } else {
            format!("gateway4 = \"{gateway4}\"\ngateway6 = \"{gateway6}\"\n")
        };
        let client = format!(
            "[host.client-{number}]\nkind = \"physical\"\nrole = \"client\"\nsite = \"here\"\n{}",
            nic(
                "eth0",
                &format!("lan-{number}"),
                four(lan4(number), 100),
                six(0x8000 + number, 100)
            )
        );
        own + &gateway + &client
    }
}

/// The addresses of a router on a LAN: the gateway's where it alone is the gateway.
fn own_on_lan(number: usize, lan: &Lan, router: usize) -> (std::net::Ipv4Addr, std::net::Ipv6Addr) {
    let at = if lan.vip { 2 + router } else { 1 };
    (four(lan4(number), at), six(0x8000 + number, at))
}

fn lan4(number: usize) -> [u8; 4] {
    [80, 64, number_u8(number), 0]
}

fn number_u8(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A tree over all routers, further links, and now and then a switch that several share.
fn backbones(size: usize, chance: &mut Chance) -> Vec<Backbone> {
    let mut all = Vec::new();
    for router in 1..size {
        let other = chance.below(router);
        all.push(link(&[other, router], chance));
    }
    for _ in 0..chance.below(size) {
        let pair = chance.some(&(0..size).collect::<Vec<_>>(), 2);
        all.push(link(&pair, chance));
    }
    if chance.often(40) {
        let count = 3 + chance.below(size - 2);
        let on = chance.some(&(0..size).collect::<Vec<_>>(), count);
        all.push(link(&on, chance));
    }
    all
}

/// Few different costs, so that paths of one cost are many.
fn link(on: &[usize], chance: &mut Chance) -> Backbone {
    const COSTS: [u16; 5] = [1, 5, 10, 10, 20];
    let cost = chance.pick(&COSTS).unwrap_or(10);
    let own = |router: &usize| (*router, chance.pick(&COSTS).filter(|_| chance.often(15)));
    Backbone { cost, on: on.iter().map(own).collect() }
}

fn backbone((number, backbone): (usize, &Backbone)) -> String {
    format!(
        "[segment.backbone-{number}]\nkind = \"backbone\"\ncost = {}\nipv4 = \"{}/24\"\nipv6 = \"{}/64\"\n",
        backbone.cost,
        four([10, 128, number_u8(number), 0], 0),
        six(0x2000 + number, 0),
    )
}

/// Hypervisors and what judges the origin of routes.
fn machines(plan: &Plan) -> String {
    let hypervisor = |number: usize| {
        format!(
            "[host.hv-{number}]\nkind = \"hypervisor\"\nrole = \"hypervisor\"\nsite = \"here\"\n\
             memory = \"64 GiB\"\ndisk = \"1 TiB\"\n"
        )
    };
    let validator = |number: usize| {
        format!(
            "[host.rpki-{number}]\nkind = \"physical\"\nrole = \"validator\"\nsite = \"here\"\n{}",
            nic("eth0", "lan-0", four(lan4(0), 200 + number), six(0x8000, 200 + number))
        )
    };
    let hypervisors = if plan.virtual_routers { 2 } else { 0 };
    (0..hypervisors).map(hypervisor).chain((0..2).map(validator)).collect()
}

/// Where there are no firewalls, the service stands on the first LAN.
const ALONE: &str = r#"[host.web]
kind = "physical"
role = "server"
site = "here"
owner = "team"
nic.eth0 = { segment = "lan-0", ipv4 = "80.64.0.210", ipv6 = "2001:913:0:8000::d2" }
"#;
