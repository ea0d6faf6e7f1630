//! `ketupa inventory`: the model as a dynamic inventory for Ansible, so that existing playbooks run unchanged.
//!
//! The format is that of Ansible's inventory scripts (developer guide, "Developing dynamic inventory"): with
//! `--list` groups and, under `_meta`, the variables of every host; with `--host` those of one.

use super::{End, Error};
use crate::cli::converge::Inventory;
use crate::input;
use crate::screen::{Screen, counted};
use model::ask::Family;
use model::finding::{self, Paint};
use model::kinds::{Host, Role};
use model::{Id, Isp, Named};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(args: &Inventory, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        // Ansible takes standard output for the inventory, and shows people what is on the other.
        for finding in &read.findings {
            screen.say(finding::text(finding, &read.directory.sources, Paint::Plain));
        }
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    match &args.host {
        Some(name) => screen.json(&one(&isp, name)?)?,
        None => screen.json(&list(&isp))?,
    }
    Ok(End::Well)
}

/// Ansible asks for hosts that it found elsewhere, too: it is told nothing of them.
fn one(isp: &Isp, name: &str) -> Result<Value, Error> {
    let id = isp
        .hosts
        .find(name)
        .ok_or_else(|| Error::Usage(format!("--host {name}: no host of this name is declared")))?;
    Ok(variables(isp, id, &isp.hosts[id]))
}

fn list(isp: &Isp) -> Value {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut variables_of = Map::new();
    for (id, host) in isp.hosts.iter().filter(|(_, host)| ours(host)) {
        variables_of.insert(host.name.clone(), variables(isp, id, host));
        for group in groups_of(isp, id, host) {
            groups.entry(group).or_default().insert(&host.name);
        }
    }
    let mut listed = Map::from_iter([("_meta".to_owned(), json!({ "hostvars": variables_of }))]);
    listed.extend(groups.into_iter().map(|(name, hosts)| (name, json!({ "hosts": hosts }))));
    Value::Object(listed)
}

/// A member's or a friend's machine is nobody's to configure: a play for `all` must not reach it.
fn ours(host: &Host) -> bool {
    host.role != Role::Client || host.ssh.is_some()
}

fn groups_of(isp: &Isp, id: Id<Host>, host: &Host) -> BTreeSet<String> {
    let mut groups = BTreeSet::from([
        group("role", host.role.word()),
        group("site", isp.sites[host.site].name()),
        group("os", &host.os),
    ]);
    groups.extend(isp.services_on(id).map(|service| group("service", service.name())));
    groups.extend(host.on.map(|on| group("on", isp.hosts[on].name())));
    groups.extend(host.owner.map(|duty| group("owner", isp.duties[duty].name())));
    groups.extend(host.managed.then(|| "managed".to_owned()));
    groups
}

/// Ansible's names of groups are those of Python's variables.
fn group(kind: &str, name: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("{kind}_{}", name.chars().map(valid).collect::<String>())
}

fn variables(isp: &Isp, id: Id<Host>, host: &Host) -> Value {
    let mut all = Map::new();
    if let Some(ssh) = &host.ssh {
        let (user, place) = ssh.0.split_once('@').map_or((None, &*ssh.0), |(u, p)| (Some(u), p));
        all.insert("ansible_host".into(), place.into());
        all.extend(user.map(|user| ("ansible_user".to_owned(), user.into())));
    }
    let services: Vec<&str> = isp.services_on(id).map(Named::name).collect();
    let nics: Map<String, Value> = host.nic.iter().map(|nic| {
        let segment = isp.segments[nic.segment].name();
        let said = json!({ "segment": segment, "mac": nic.mac.to_string(), "ipv4": nic.ipv4, "ipv6": nic.ipv6 });
        (nic.name.clone(), said)
    }).collect();
    let about = json!({
        "role": host.role.word(),
        "site": isp.sites[host.site].name(),
        "os": host.os,
        "managed": host.managed,
        "dns_name": isp.dns_name(host),
        "ipv4": host.main_address(isp, Family::V4),
        "ipv6": host.main_address(isp, Family::V6),
        "services": services,
        "nics": nics,
    });
    all.insert("ketupa".into(), about);
    Value::Object(all)
}
