//! Makes a neighbour of the twin announce something: a leak, an invalid origin, a blackhole.

use crate::ask::output;
use ipnet::IpNet;
use model::ask::Family;
use model::value::Community;
use std::fmt::Write as _;
use twin::Twin;

/// A route that a neighbour shall announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The prefix.
    pub prefix: IpNet,
    /// The AS path behind the neighbour, nearest first; empty for the neighbour's own routes.
    pub path: Vec<u32>,
    /// Communities that it carries.
    pub communities: Vec<Community>,
}

/// Makes a neighbour announce these routes besides its usual ones, and no others of earlier calls.
pub fn announce(twin: &Twin, neighbor: &str, routes: &[Announcement]) -> Result<(), String> {
    let mut text = String::new();
    for family in Family::BOTH {
        let digit = family.digit();
        // Written to a string: cannot fail.
        let _ = writeln!(text, "protocol static rehearsed{digit} {{\n  ipv{digit};");
        for route in routes.iter().filter(|route| Family::of_net(route.prefix) == family) {
            let _ =
                writeln!(text, "  route {} unreachable {{ {}}};", route.prefix, attributes(route));
        }
        text.push_str("}\n");
    }
    twin.write(neighbor, "/etc/bird/announced.conf", text.as_bytes()).map_err(|e| e.chain())?;
    let said = output(twin, neighbor, &["birdc", "configure"])?;
    if said.contains("Reconfigured") || said.contains("Reconfiguration in progress") {
        return Ok(());
    }
    Err(format!("{neighbor}: BIRD does not take the routes: {}", said.trim()))
}

fn attributes(route: &Announcement) -> String {
    let mut text = String::new();
    for asn in route.path.iter().rev() {
        let _ = write!(text, "bgp_path.prepend({asn}); ");
    }
    for community in &route.communities {
        let _ = match community {
            Community::Standard(a, b) => write!(text, "bgp_community.add(({a},{b})); "),
            Community::Large(large) => {
                write!(text, "bgp_large_community.add(({},{},{})); ", large.0, large.1, large.2)
            }
        };
    }
    text
}
