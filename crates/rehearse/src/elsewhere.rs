//! What agents send over and ask, and that Ketupa does not configure: machines of ours at other companies
//! stand on a network behind the Internet, modems lead there, and hypervisors answer echoes.

use crate::outside::{INTERNET_ADDRESSES, mac};
use crate::watch::has_agent;
use component::{File, HostTree, OnChange, Unit};
use model::ask::Family;
use model::kinds::{Host, Role, SegmentKind};
use model::{Id, Isp, Named as _};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use twin::Port;

/// The network elsewhere, a part of the Internet's own prefixes.
pub(crate) const ELSEWHERE: &str = "elsewhere";
/// The addresses of the Internet there.
pub(crate) const GATEWAYS: [(&str, u8); 2] = [("9.9.9.129", 25), ("2620:fe:0:1::129", 64)];

/// The addresses of our machines elsewhere that are on the stage, by host.
pub(crate) type Elsewhere = BTreeMap<Id<Host>, [String; 2]>;

/// Which hosts on the stage have no network of ours, and what they are reached at.
pub(crate) fn elsewhere(isp: &Isp, trees: &BTreeMap<String, HostTree>) -> Elsewhere {
    let away = isp
        .hosts
        .iter()
        .filter(|(_, host)| host.nic.is_empty() && trees.get(host.name()).is_some_and(has_agent));
    // More than a hundred have no room there; nobody has so many.
    let numbers = 130..=254;
    let at = |number: u8| [format!("9.9.9.{number}"), format!("2620:fe:0:1::{number}")];
    numbers.zip(away).map(|(number, (id, _))| (id, at(number))).collect()
}

/// The interface of a machine elsewhere.
pub(crate) fn port(host: &Host) -> Port {
    let mac = mac(host.name(), ELSEWHERE);
    Port { interface: ELSEWHERE.to_owned(), segment: ELSEWHERE.to_owned(), mac }
}

/// What a machine elsewhere has in the place of its company's network.
pub(crate) fn network([four, six]: &[String; 2], tree: &mut HostTree) {
    let [(near, length), (near6, length6)] = GATEWAYS;
    let text = format!(
        "address replace {four}/{length} dev {ELSEWHERE}\naddress replace {six}/{length6} dev {ELSEWHERE}\n\
         link set {ELSEWHERE} up\nroute replace default via {near}\nroute replace default via {near6}\n"
    );
    set_up(text, tree);
}

/// The far ends of modems, which the Internet holds: segment, address and length of the prefix.
pub(crate) fn modems(isp: &Isp) -> Vec<(String, String, u8)> {
    let modems = isp.segments.values().filter(|segment| segment.kind == SegmentKind::OutOfBand);
    let ends = modems.flat_map(|segment| {
        Family::BOTH.into_iter().filter_map(|family| {
            let gateway = segment.gateway(family).filter(|address| !is_ours(isp, *address))?;
            let length = segment.prefix(family)?.prefix_len();
            Some((segment.name().to_owned(), gateway.to_string(), length))
        })
    });
    ends.collect()
}

/// Whether an interface of ours has this address.
fn is_ours(isp: &Isp, address: IpAddr) -> bool {
    let mut nics = isp.hosts.values().flat_map(|host| host.nic.iter());
    nics.any(|nic| nic.address(Family::of(address)) == Some(address))
}

/// Machines that are asked and that Ketupa does not configure, with what they have of a network. Says so.
pub(crate) fn stand_ins(isp: &Isp, trees: &mut BTreeMap<String, HostTree>) -> Option<String> {
    let mut played = Vec::new();
    for host in isp.hosts.values() {
        if host.role == Role::Client || host.nic.is_empty() || trees.contains_key(host.name()) {
            continue;
        }
        let mut text = String::new();
        for nic in &host.nic {
            for family in Family::BOTH {
                let prefix = isp.segments[nic.segment].prefix(family);
                if let Some((address, prefix)) = nic.address(family).zip(prefix) {
                    let length = prefix.prefix_len();
                    // Written to a string: cannot fail.
                    let _ = writeln!(text, "address replace {address}/{length} dev {}", nic.name);
                }
            }
            let _ = writeln!(text, "link set {} up", nic.name);
        }
        let mut tree = HostTree::default();
        set_up(text, &mut tree);
        trees.insert(host.name().to_owned(), tree);
        played.push(host.name());
    }
    let says = format!("{}: nothing but their addresses, which answer echoes", played.join(", "));
    (!played.is_empty()).then_some(says)
}

/// Runs the input of `ip -batch` when a host starts.
fn set_up(text: String, tree: &mut HostTree) {
    let unit = "[Unit]\nDescription=The network of a machine that Ketupa does not configure\n\
                [Service]\nType=oneshot\nRemainAfterExit=yes\n\
                ExecStart=/sbin/ip -force -batch /etc/ketupa/network\n\
                [Install]\nWantedBy=multi-user.target\n";
    let name = "ketupa-network.service";
    tree.files.insert("/etc/ketupa/network".into(), File::public(text));
    tree.files.insert(format!("/etc/systemd/system/{name}"), File::public(unit));
    let reads = vec!["/etc/ketupa/network".to_owned()];
    let unit = Unit { on_change: OnChange::Restart, reads, after: Vec::new(), cuts_off: false };
    tree.units.insert(name.into(), unit);
}

/// The names of machines elsewhere, as DNS has them; the Internet plays those that are not on the stage.
pub(crate) fn names(isp: &Isp, away: &Elsewhere) -> String {
    let mut text = String::from("\n# Elsewhere\n");
    let far = isp.hosts.iter().filter(|(id, host)| {
        away.contains_key(id) || (host.nic.is_empty() && host.addresses().is_empty())
    });
    for (id, host) in far {
        let played = INTERNET_ADDRESSES.map(str::to_owned);
        for address in away.get(&id).unwrap_or(&played) {
            // Written to a string: cannot fail.
            let _ = writeln!(text, "{address} {}", isp.dns_name(host));
        }
    }
    text
}
