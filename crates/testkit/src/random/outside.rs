//! The outside of a provider by chance: neighbours, their sessions, prefixes and policies.

use super::{Chance, number_u8};
use crate::blocks::{four, nic, six};
use std::fmt::Write as _;

/// What transits, peers and route servers tell of: some lie inside others.
const WORLD: [(&str, &str); 8] = [
    ("20.0.0.0/16", "2600::/32"),
    ("20.0.1.0/24", "2600:0:1::/48"),
    ("20.1.0.0/16", "2600:1::/32"),
    ("20.1.128.0/17", "2600:1:8000::/33"),
    ("20.2.0.0/16", "2600:2::/32"),
    ("20.3.0.0/16", "2600:3::/32"),
    ("20.4.0.0/16", "2600:4::/32"),
    ("20.4.4.0/24", "2600:4:4::/48"),
];
const RELATIONS: [&str; 4] = ["transit", "peer", "route-server", "customer"];

/// The neighbours, and the interfaces of edges towards them.
pub(super) fn write(
    edges: &[(usize, String)],
    chance: &mut Chance,
) -> (String, Vec<(usize, String)>) {
    let mut outside = Outside { text: String::new(), nics: Vec::new(), sessions: 0 };
    outside.text.push_str(&policies(chance));
    outside.neighbor(0, "transit", edges, chance);
    for number in 1..2 + chance.below(5) {
        let relation = chance.pick(&RELATIONS).unwrap_or("peer");
        outside.neighbor(number, relation, edges, chance);
    }
    (outside.text, outside.nics)
}

struct Outside {
    text: String,
    nics: Vec<(usize, String)>,
    sessions: usize,
}

impl Outside {
    fn neighbor(
        &mut self,
        number: usize,
        relation: &str,
        edges: &[(usize, String)],
        chance: &mut Chance,
    ) {
        let mut told = prefixes(number, relation, chance);
        let mut own = format!(
            "[neighbor.n{number}]\nasn = {}\nrelation = \"{relation}\"\nlimit4 = 1000\nlimit6 = 1000\n",
            9001 + number
        );
        if relation == "customer" {
            let _ = writeln!(own, "prefixes = {told:?}");
        }
        if relation == "transit" && chance.often(50) {
            own.push_str("default_route = true\n");
            told.extend(["0.0.0.0/0".to_owned(), "::/0".to_owned()]);
        }
        if chance.often(10) {
            own.push_str("drain = true\n");
        }
        if chance.often(20) {
            let _ = writeln!(own, "prepend = {}", 1 + chance.below(3));
        }
        if chance.often(40) {
            let _ = writeln!(own, "policy = \"p{}\"", chance.below(2));
        }
        let _ = writeln!(own, "twin.announces = {told:?}");
        self.text.push_str(&own);
        let count = 1 + chance.below(2);
        for (edge, name) in indices(edges, count, chance) {
            self.session(number, relation, (edge, &name));
        }
    }

    /// One session, on a segment of its own: an exchange for route servers.
    fn session(&mut self, number: usize, relation: &str, (edge, name): (usize, &str)) {
        let at = self.sessions;
        self.sessions += 1;
        let kind = if relation == "route-server" { "exchange" } else { "transit" };
        let block = [172, 24, number_u8(at), 0];
        let _ = write!(
            self.text,
            "[neighbor.n{number}.session.s{at}]\nhost = \"{name}\"\nipv4 = \"{}\"\nipv6 = \"{}\"\n\
             [segment.x{at}]\nkind = \"{kind}\"\nipv4 = \"{}/24\"\nipv6 = \"{}/64\"\n",
            four(block, 1),
            six(0x1000 + at, 1),
            four(block, 0),
            six(0x1000 + at, 0),
        );
        let own = nic(&format!("x{at}"), &format!("x{at}"), four(block, 2), six(0x1000 + at, 2));
        self.nics.push((edge, own));
    }
}

fn indices(edges: &[(usize, String)], count: usize, chance: &mut Chance) -> Vec<(usize, String)> {
    let all: Vec<usize> = (0..edges.len()).collect();
    let chosen = chance.some(&all, count);
    chosen.into_iter().filter_map(|index| edges.get(index).cloned()).collect()
}

/// What a neighbour tells: a customer its own and what is inside it, which transits tell too.
fn prefixes(number: usize, relation: &str, chance: &mut Chance) -> Vec<String> {
    let own = |number: usize| [format!("23.{number}.0.0/16"), format!("2620:{number}::/32")];
    if relation == "customer" {
        return own(number).to_vec();
    }
    let count = 1 + chance.below(WORLD.len());
    let world = chance.some(&WORLD, count);
    let mut told: Vec<String> =
        world.iter().flat_map(|(v4, v6)| [(*v4).to_owned(), (*v6).to_owned()]).collect();
    if chance.often(50) {
        told.extend(own(1 + chance.below(5)));
    }
    told
}

/// Two policies that prefer otherwise: one by relation, one by prefix.
fn policies(chance: &mut Chance) -> String {
    let mut prefix = || chance.pick(&WORLD).unwrap_or(("20.0.0.0/16", "2600::/32"));
    let (liked, refused) = (prefix(), prefix());
    let preference = 90 + 10 * chance.below(7);
    format!(
        "[policy.p0]\nlocal_pref.peer = {preference}\n\
         [policy.p1]\n[[policy.p1.import]]\nprefixes = [\"{}\", \"{}\"]\nlocal_pref = 170\n\
         [[policy.p1.import]]\nprefixes = [\"{}\"]\nreject = \"not from here\"\n",
        liked.0, liked.1, refused.0,
    )
}
