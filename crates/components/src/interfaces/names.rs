//! The names that a host knows without DNS: `/etc/hosts` and `/etc/hostname`.

use component::{File, HostTree, TemplateError, Templates};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::fmt::Write as _;
use std::net::IpAddr;

#[derive(Serialize)]
struct Context {
    /// Whole lines: on every host stand the names of all, so they are many.
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

/// Every host at its main address. One without any is known to itself, as Debian does it.
fn hosts(isp: &Isp, own: Id<Host>) -> String {
    let mut lines = String::new();
    for (id, host) in isp.hosts.iter() {
        let (name, domain) = (host.name(), &isp.about.domain);
        let found = Family::BOTH.map(|family| host.main_address(isp, family));
        let unknown = id == own && found == [None, None];
        let alone = unknown.then_some(IpAddr::from([127, 0, 1, 1]));
        for address in found.into_iter().flatten().chain(alone) {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{address} {name}.{domain} {name}");
        }
    }
    lines
}

/// Every service at the proxies, so that it answers by its name where no resolver is declared.
fn services(isp: &Isp) -> String {
    let entries = isp.services.values().flat_map(|service| {
        let names = service.names.join(" ");
        isp.front_of(service).into_iter().map(move |address| format!("{address} {names}\n"))
    });
    entries.collect::<Vec<_>>().concat()
}
