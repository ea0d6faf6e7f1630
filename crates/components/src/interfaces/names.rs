//! The names that a host knows without DNS: `/etc/hosts` and `/etc/hostname`.

use component::{File, HostTree, TemplateError, Templates};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

#[derive(Serialize)]
struct Context {
    /// Whole lines, because they can be many.
    hosts: String,
    services: String,
}

pub(super) fn add(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
    tree: &mut HostTree,
) -> Result<(), TemplateError> {
    let context = Context { hosts: hosts(isp, id), services: services(isp) };
    let text = templates.render("interfaces/hosts", &context)?;
    tree.files.insert("/etc/hosts".into(), File::public(text));
    let name = format!("{}\n", isp.hosts[id].name());
    tree.files.insert("/etc/hostname".into(), File::public(name));
    Ok(())
}

/// The hosts that share a segment with this one, at their main addresses: routers know each other,
/// a machine knows its LAN, and a new machine changes nothing elsewhere. A host without any address
/// is known to itself, as Debian does it.
fn hosts(isp: &Isp, own: Id<Host>) -> String {
    let mut lines = String::new();
    let near: BTreeSet<_> = isp.hosts[own].nic.iter().map(|nic| nic.segment).collect();
    let shares = |host: &Host| host.nic.iter().any(|nic| near.contains(&nic.segment));
    let services: BTreeSet<&str> =
        isp.services.values().flat_map(|s| s.names.iter().map(String::as_str)).collect();
    for (id, host) in isp.hosts.iter().filter(|(id, host)| *id == own || shares(host)) {
        // Behind a name that a service has too stand the proxies, not the machine.
        let whole = isp.dns_name(host);
        let whole = if services.contains(whole.as_str()) { String::new() } else { whole + " " };
        let found = Family::BOTH.map(|family| host.main_address(isp, family));
        let unknown = id == own && found == [None, None];
        let alone = unknown.then_some(IpAddr::from([127, 0, 1, 1]));
        for address in found.into_iter().flatten().chain(alone) {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{address} {whole}{}", host.name());
        }
    }
    lines
}

/// Every service at the proxies, so that it answers by its name where no resolver is declared.
fn services(isp: &Isp) -> String {
    let fronts = isp.fronts();
    let mut lines = String::new();
    for service in isp.services.values() {
        let names = service.names.join(" ");
        let own = if fronts.is_empty() { isp.hosts_of(service) } else { Vec::new() };
        for address in fronts.iter().chain(&own) {
            let _ = writeln!(lines, "{address} {names}");
        }
    }
    lines
}
