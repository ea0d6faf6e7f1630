//! Sends a real packet from where a flow starts, and hears what comes back.

use crate::ask::output;
use crate::outside::{INTERNET, routers};
use model::value::Port;
use model::{Isp, Named as _};
use std::net::IpAddr;
use twin::Twin;
use verify::Flow;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The routers on the way, as far as they answer, and the end.
    pub words: String,
    /// Whether the goal answered.
    pub answered: bool,
    /// Whether a filter said that it refuses.
    pub refused: bool,
}

/// Where a packet is sent from.
struct Sender {
    container: String,
    interface: String,
    /// The first router, where the container must not choose for itself.
    via: Option<IpAddr>,
}

/// Sends what opens the flow's connection; nothing where no container stands where it starts.
///
/// # Errors
/// A container that cannot send.
pub fn send(twin: &Twin, isp: &Isp, flow: &Flow) -> Result<Option<Heard>, String> {
    standing(twin, isp, flow, |container| trace(twin, container, flow))
}

/// Sends one packet that opens the flow's connection, and its repetitions, with as many hops before it
/// as packets have; whether there is a container that could.
///
/// # Errors
/// A container that cannot send.
pub fn knock(twin: &Twin, isp: &Isp, flow: &Flow) -> Result<bool, String> {
    let (source, goal) = (flow.source.to_string(), flow.destination.to_string());
    let command = match flow.port.unwrap_or(Port::Tcp(443, 443)) {
        Port::Tcp(port, _) => format!("nc -n -z -w 1 -s {source} {goal} {port}"),
        Port::Udp(port, _) => format!("echo | nc -n -u -q 0 -w 1 -s {source} {goal} {port}"),
        Port::Icmp | Port::Esp | Port::Gre | Port::Vrrp => {
            format!("ping -n -c 1 -W 1 -I {source} {goal}")
        }
    };
    // Nobody need answer: what the packet did is seen elsewhere.
    let knocked = |container: &str| {
        output(twin, container, &["sh", "-c", &format!("{{ {command}; }} >/dev/null 2>&1; true")])
    };
    standing(twin, isp, flow, knocked).map(|done| done.is_some())
}

/// Does something in the container that stands where a flow starts, while it has the flow's source and
/// its way to the goal.
fn standing<T>(
    twin: &Twin,
    isp: &Isp,
    flow: &Flow,
    act: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let Some(sender) = sender(twin, isp, flow) else { return Ok(None) };
    let Sender { container, interface, via } = &sender;
    let ip = |words: &[&str]| output(twin, container, words);
    let length = if flow.source.is_ipv4() { 32 } else { 128 };
    let (source, goal) = (format!("{}/{length}", flow.source), flow.destination.to_string());
    let owned =
        output(twin, container, &["ip", "-o", "address"])?.contains(&format!(" {}/", flow.source));
    if !owned {
        ip(&["ip", "address", "add", &source, "dev", interface, "nodad"])
            .or_else(|_| ip(&["ip", "address", "add", &source, "dev", interface]))?;
    }
    let routed = via.map(|via| via.to_string());
    if let Some(via) = &routed {
        ip(&["ip", "route", "replace", &goal, "via", via, "dev", interface])?;
    }
    let done = act(container);
    if routed.is_some() {
        ip(&["ip", "route", "del", &goal])?;
    }
    if !owned {
        ip(&["ip", "address", "del", &source, "dev", interface])?;
    }
    done.map(Some)
}

fn trace(twin: &Twin, container: &str, flow: &Flow) -> Result<Heard, String> {
    let (source, goal) = (flow.source.to_string(), flow.destination.to_string());
    let (method, port) = match flow.port.unwrap_or(Port::Tcp(443, 443)) {
        Port::Tcp(port, _) => ("-T", port),
        Port::Udp(port, _) => ("-U", port),
        Port::Icmp | Port::Esp | Port::Gre | Port::Vrrp => ("-I", 0),
    };
    let port = port.to_string();
    let words = ["traceroute", "-n", "-q", "1", "-w", "1", "-m", "12", "-s", &source, method];
    let port = if method == "-I" { vec![] } else { vec!["-p", port.as_str()] };
    let shown = output(twin, container, &[&words[..], &port, &[&goal]].concat())?;
    let mut hops: Vec<&str> =
        shown.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    let refused = shown.contains("!X") || shown.contains("!N") || shown.contains("!H");
    let answered = hops.last() == Some(&goal.as_str()) && !refused;
    while hops.last() == Some(&"*") {
        hops.pop();
    }
    let way = hops.join(" > ");
    let words = match (answered, refused) {
        (true, _) => format!("{way}, which answers"),
        (false, true) => format!("{way}, which refuses it"),
        (false, false) => format!("{way}, then silence").trim_start_matches(", ").to_owned(),
    };
    Ok(Heard { words, answered, refused })
}

/// A container that stands where the flow starts.
fn sender(twin: &Twin, isp: &Isp, flow: &Flow) -> Option<Sender> {
    let (kind, name) = flow.from.split_once('.').unwrap_or(("", flow.from.as_str()));
    let made = |container: &str, interface: &str, via| {
        let container = container.to_owned();
        twin.pid(&container).is_ok().then(|| Sender {
            container,
            interface: interface.to_owned(),
            via,
        })
    };
    match kind {
        "segment" => {
            let (host, nic) = neighbor_on(twin, isp, (name, flow))?;
            made(&host, &nic, None)
        }
        "host" => made(name, "lo", None),
        "neighbor" => {
            let (neighbor, session) = name.split_once('/')?;
            let neighbor = &isp.neighbors[isp.neighbors.find(neighbor)?];
            let (container, sessions) = routers(isp, neighbor)
                .into_iter()
                .find(|(_, all)| all.iter().any(|one| one.name == session))?;
            let session = sessions.into_iter().find(|one| one.name == session)?;
            let nic = session.nic(isp, flow.family)?;
            let segment = isp.segments[nic.segment].name();
            let ports = &twin.lab().hosts.iter().find(|host| host.name == container)?.ports;
            let port = ports.iter().find(|port| port.segment == segment)?;
            made(&container, &port.interface, nic.address(flow.family))
        }
        _ if flow.from == INTERNET => made(INTERNET, "lo", None),
        _ => None,
    }
}

/// A machine on the segment that is no router itself: a client if there is one.
fn neighbor_on(twin: &Twin, isp: &Isp, (segment, flow): (&str, &Flow)) -> Option<(String, String)> {
    let segment = isp.segments.find(segment)?;
    let mut all: Vec<(bool, String, String)> = Vec::new();
    for host in isp.hosts.values().filter(|host| !host.role.forwards()) {
        let nic = host.nic.iter().find(|nic| nic.segment == segment);
        let Some(nic) = nic.filter(|nic| nic.address(flow.family).is_some()) else { continue };
        if twin.pid(host.name()).is_ok() && nic.address(flow.family) != Some(flow.destination) {
            let client = host.role == model::kinds::Role::Client;
            all.push((!client, host.name().to_owned(), nic.name.clone()));
        }
    }
    all.sort();
    all.into_iter().next().map(|(_, host, nic)| (host, nic))
}
