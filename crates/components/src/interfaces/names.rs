//! The names that a host knows without DNS: `/etc/hosts` and `/etc/hostname`.

use component::{File, HostTree, TemplateError, Templates};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::net::IpAddr;

#[derive(Serialize)]
struct Context {
    hosts: Vec<Entry>,
    services: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    address: IpAddr,
    names: Vec<String>,
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
fn hosts(isp: &Isp, own: Id<Host>) -> Vec<Entry> {
    let names = |host: &Host| vec![isp.dns_name(host), host.name().to_owned()];
    let entries = isp.hosts.iter().flat_map(|(id, host)| {
        let mut found: Vec<IpAddr> =
            Family::BOTH.into_iter().filter_map(|f| host.main_address(isp, f)).collect();
        if found.is_empty() && id == own {
            found.push(IpAddr::from([127, 0, 1, 1]));
        }
        found.into_iter().map(move |address| Entry { address, names: names(host) })
    });
    entries.collect()
}

/// Every service at the proxies, so that it answers by its name where no resolver is declared.
fn services(isp: &Isp) -> Vec<Entry> {
    let entries = isp.services.values().flat_map(|service| {
        let addresses = isp.front_of(service).into_iter();
        addresses.map(|address| Entry { address, names: service.names.clone() })
    });
    entries.collect()
}
