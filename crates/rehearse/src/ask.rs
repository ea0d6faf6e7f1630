//! Questions to a rehearsal that is up: sessions, routes, VIP holders, services.

use crate::outside::INTERNET;
use model::ask::Family;
use model::kinds::{Exposure, Role, Service, Vip};
use model::{Isp, Named as _};
use serde::Serialize;
use twin::Twin;

/// Where the twin's certificate authority is found on machines that ask.
pub const AUTHORITY: &str = "/etc/ssl/ketupa-twin.pem";

/// One BGP protocol of a router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// BIRD's name for it.
    pub name: String,
    /// `Established`, or what keeps it.
    pub info: String,
    /// Since when, in BIRD's words.
    pub since: String,
}

impl Session {
    /// Whether routes can be exchanged.
    pub fn is_established(&self) -> bool {
        self.info == "Established"
    }
}

/// Runs a command in a host; its standard output, or why not.
pub fn output(twin: &Twin, host: &str, words: &[&str]) -> Result<String, String> {
    let output = twin.exec(host, words).map_err(|error| error.chain())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{host}: {} failed: {}", words.join(" "), said.trim()))
}

/// The BGP sessions of a router, by name.
pub fn sessions(twin: &Twin, host: &str) -> Result<Vec<Session>, String> {
    let table = output(twin, host, &["birdc", "show", "protocols"])?;
    let mut sessions: Vec<Session> = table.lines().filter_map(session).collect();
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sessions)
}

/// One line of `birdc show protocols`: name, protocol, table, state, since, info.
fn session(line: &str) -> Option<Session> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, "BGP", _, state, rest @ ..] = words.as_slice() else { return None };
    let is_time = |word: &&&str| word.starts_with(|c: char| c.is_ascii_digit());
    let since = rest.iter().take_while(is_time).count();
    let (since, info) = rest.split_at(since);
    let info = if info.is_empty() { (*state).to_owned() } else { info.join(" ") };
    Some(Session { name: (*name).to_owned(), info, since: since.join(" ") })
}

/// The hosts that hold a VIP's address of a family now: exactly one when all is well.
pub fn holders(twin: &Twin, isp: &Isp, vip: &Vip, family: Family) -> Vec<String> {
    let Some(address) = vip.address(family) else { return Vec::new() };
    let wanted = format!(" {address}/");
    let holds = |host: &&str| {
        output(twin, host, &["ip", "-o", "address", "show"])
            .is_ok_and(|shown| shown.contains(&wanted))
    };
    let hosts = vip.hosts.iter().map(|id| isp.hosts[*id].name());
    hosts.filter(|host| holds(host)).map(str::to_owned).collect()
}

/// Asks a service by each of its names over TLS: public ones from the Internet, the members' from a
/// client of ours. Gives the page, or why there is none.
pub fn service(twin: &Twin, isp: &Isp, service: &Service) -> Result<String, String> {
    let from = match service.exposure {
        Exposure::Public => INTERNET,
        Exposure::Members => member(isp).unwrap_or(INTERNET),
    };
    let mut page = String::new();
    for name in &service.names {
        page = fetch(twin, from, name)?;
        let known = crate::Rehearsal::page(isp, service);
        if !known.iter().any(|text| page.contains(text)) {
            return Err(format!("https://{name}/ answers something else: {page:.200}"));
        }
    }
    Ok(page)
}

/// A machine that members use.
fn member(isp: &Isp) -> Option<&str> {
    isp.with_role(Role::Client).find(|(_, host)| host.managed).map(|(_, host)| host.name())
}

/// The page at `https://NAME/`, asked from a host; its certificate must be that of the twin.
pub fn fetch(twin: &Twin, from: &str, name: &str) -> Result<String, String> {
    let url = format!("https://{name}/");
    // Who waits asks again: a first packet lost costs one second, not the three of a second try.
    let words = ["curl", "--silent", "--show-error", "--fail", "--cacert", AUTHORITY];
    let limits = ["--connect-timeout", "1", "--max-time", "5", url.as_str()];
    output(twin, from, &[words.as_slice(), &limits].concat())
}

/// The routers between two places, as traceroute sees them: one address a hop, the goal at the end,
/// `*` for one that is silent. By ICMP, because a goal answers no stray UDP.
pub fn path(twin: &Twin, from: &str, to: &str) -> Result<Vec<String>, String> {
    let words = ["traceroute", "-I", "-n", "-q", "1", "-w", "1", "-m", "12", to];
    let shown = output(twin, from, &words)?;
    let hop = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    Ok(shown.lines().skip(1).filter_map(hop).collect())
}

/// What the machine's kernel lacks and the twin does in another way, a sentence each.
pub fn emulated(twin: &Twin, isp: &Isp) -> Vec<String> {
    let mut said = Vec::new();
    let used = isp.hosts.values().filter_map(|host| {
        let shown = output(twin, host.name(), &["cat", "/run/ketupa/vrf"]).ok()?;
        (!shown.trim().is_empty()).then(|| (host.name(), shown))
    });
    let without: Vec<&str> =
        used.filter(|(_, shown)| !shown.contains("device")).map(|(host, _)| host).collect();
    if !without.is_empty() {
        let hosts = without.join(", ");
        said.push(format!("management VRF by routing table and rules, not by device, on {hosts}"));
    }
    if isp.segments.values().any(|segment| segment.vlan.is_some()) {
        said.push("VLANs by one bridge each, not by 802.1Q tags".to_owned());
    }
    let stand_ins = isp.services.values().filter(|s| s.serve == model::kinds::Serve::App);
    for service in stand_ins {
        said.push(format!("the application of service {} by a page", service.name()));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_of_birdc() {
        let line = "verixi_4   BGP        ---        up     15:50:01.123  Established   ";
        let read = session(line).unwrap();
        assert!(read.is_established());
        assert_eq!(read.since, "15:50:01.123");
        let line = "x_6        BGP        ---        start  2026-11-23 15:50:01  Active        Socket: Connection refused";
        let read = session(line).unwrap();
        assert_eq!(read.info, "Active Socket: Connection refused");
        assert_eq!(session("device1    Device     ---        up     15:50:01.123"), None);
    }
}
