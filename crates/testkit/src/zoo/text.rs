//! The TOML of a provider on a graph, block by block.

use super::{CLASSES, Edges, Graph, Link, SESSIONS, announcers};
use crate::blocks::{four, head, nic, services, six};
use std::fmt::Write as _;

/// The provider's own space: LANs in its first half, what is behind the firewalls from here on.
const LANS: [u8; 4] = [80, 64, 0, 0];
const LOOPBACKS: [u8; 4] = [172, 16, 0, 0];
const BACKBONES: [u8; 4] = [10, 128, 0, 0];
const MANAGEMENT: [u8; 4] = [10, 130, 0, 0];
const TRANSITS: [u8; 4] = [172, 24, 0, 0];

/// The provider on a graph.
pub(super) fn isp(graph: &Graph, edges: Edges) -> String {
    let plan = Plan::of(graph, edges);
    let mut text = head("Zoo");
    plan.links.iter().enumerate().for_each(|(number, link)| text.push_str(&backbone(number, link)));
    (0..SESSIONS).for_each(|session| text.push_str(&transit(session, &plan)));
    (0..plan.routers).for_each(|router| text.push_str(&plan.router(router)));
    text.push_str(&plan.services());
    text
}

/// Who is what.
struct Plan {
    routers: usize,
    links: Vec<Link>,
    /// The router on which sessions end, in turn.
    edges: Vec<usize>,
    /// Two cores in front of the firewalls.
    front: [usize; 2],
}

impl Plan {
    fn of(graph: &Graph, edges: Edges) -> Self {
        let exits = graph.exits(edges);
        let mut plan = Self {
            routers: graph.nodes,
            links: graph.links.clone(),
            edges: exits.clone(),
            front: [0, 0],
        };
        if edges == Edges::Beside {
            plan.routers += exits.len();
            plan.edges = (graph.nodes..plan.routers).collect();
            let own = exits.iter().zip(&plan.edges);
            plan.links.extend(own.map(|(node, edge)| Link { a: *node, b: *edge, cost: 1 }));
        }
        let mut cores = (0..plan.routers).filter(|router| !plan.edges.contains(router));
        plan.front = [cores.next().unwrap_or(0), cores.next_back().unwrap_or(1)];
        plan
    }

    fn name(&self, router: usize) -> String {
        let role = self.role(router);
        format!("{role}-{router}")
    }

    fn role(&self, router: usize) -> &'static str {
        if self.edges.contains(&router) { "edge" } else { "core" }
    }

    fn edge_of(&self, session: usize) -> usize {
        self.edges.get(session % self.edges.len().max(1)).copied().unwrap_or_default()
    }

    fn router(&self, router: usize) -> String {
        let (name, role, at) = (self.name(router), self.role(router), router + 1);
        let mut text = format!(
            "[host.{name}]\nkind = \"physical\"\nrole = \"{role}\"\nsite = \"here\"\n\
             loopback4 = \"{}\"\nloopback6 = \"{}\"\n\
             nic.mgmt = {{ segment = \"management\", ipv4 = \"{}\" }}\n",
            four(LOOPBACKS, at),
            six(0xff, at),
            four(MANAGEMENT, at),
        );
        for (number, link) in self.links.iter().enumerate() {
            for (end, own) in [(1, link.a), (2, link.b)] {
                if own == router {
                    let (v4, v6) = (four(BACKBONES, number * 4 + end), six(0x2000 + number, end));
                    text.push_str(&nic(&format!("l{number}"), &format!("link-{number}"), v4, v6));
                }
            }
        }
        for session in (0..SESSIONS).filter(|session| self.edge_of(*session) == router) {
            let (v4, v6) = (four(TRANSITS, session * 4 + 2), six(0x1000 + session, 2));
            text.push_str(&nic(&format!("x{session}"), &format!("transit-{session}"), v4, v6));
        }
        if let Some(place) = self.front.iter().position(|front| *front == router) {
            text.push_str(&nic(
                "outside",
                "outside",
                four([80, 64, 240, 2], place),
                six(0xf1, 2 + place),
            ));
        }
        if role == "core" { text + &lan(router) } else { text }
    }

    /// A service behind two firewalls, and what the routers need to judge routes.
    fn services(&self) -> String {
        let [first, second] = self.front.map(|router| self.name(router));
        let validators = self.front.iter().enumerate().map(|(number, router)| {
            format!(
                "[host.rpki-{number}]\nkind = \"physical\"\nrole = \"validator\"\nsite = \"here\"\n{}",
                nic(
                    "eth0",
                    &format!("lan-{router}"),
                    four(LANS, router * 32 + 10),
                    six(0x8000 + router, 10),
                )
            )
        });
        let own = services([&first, &second]);
        validators.collect::<String>() + &own
    }
}

/// The LAN of a core, which follows its table.
fn lan(router: usize) -> String {
    let (v4, v6) = (four(LANS, router * 32 + 1), six(0x8000 + router, 1));
    format!(
        "{}[segment.lan-{router}]\nkind = \"lan\"\nipv4 = \"{}/27\"\nipv6 = \"{}/64\"\n\
         gateway4 = \"{v4}\"\ngateway6 = \"{v6}\"\n",
        nic("lan", &format!("lan-{router}"), v4, v6),
        four(LANS, router * 32),
        six(0x8000 + router, 0),
    )
}

fn backbone(number: usize, link: &Link) -> String {
    format!(
        "[segment.link-{number}]\nkind = \"backbone\"\ncost = {}\nipv4 = \"{}/30\"\nipv6 = \"{}/64\"\n",
        link.cost,
        four(BACKBONES, number * 4),
        six(0x2000 + number, 0),
    )
}

/// A transit with one session: the destinations that it tells of, and a default route.
fn transit(session: usize, plan: &Plan) -> String {
    let (far4, far6) = (four(TRANSITS, session * 4 + 1), six(0x1000 + session, 1));
    let told = (0..CLASSES).filter(|class| announcers(*class).contains(&session));
    let mut announces = String::from("\"0.0.0.0/0\", \"::/0\"");
    for class in told {
        let _ = write!(announces, ", \"20.0.{class}.0/24\", \"2600:{class:x}::/32\"");
    }
    format!(
        "[segment.transit-{session}]\nkind = \"transit\"\nipv4 = \"{}/30\"\nipv6 = \"{}/64\"\n\
         [neighbor.transit-{session}]\nasn = {}\nrelation = \"transit\"\ndefault_route = true\n\
         limit4 = 1200000\nlimit6 = 300000\ntwin.announces = [{announces}]\n\
         [neighbor.transit-{session}.session.only]\nhost = \"{}\"\nipv4 = \"{far4}\"\nipv6 = \"{far6}\"\n",
        four(TRANSITS, session * 4),
        six(0x1000 + session, 0),
        9001 + session,
        plan.name(plan.edge_of(session)),
    )
}
