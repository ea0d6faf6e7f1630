//! Services: each is reached by one name, over TLS, and somebody keeps it.

use crate::tell::{twice, wrong, wrong_in};
use model::kinds::{Host, Role, Serve, Service};
use model::{At, Finding, Id, Isp, Named as _, Place};
use std::collections::BTreeSet;

fn each(
    isp: &Isp,
    odd: impl Fn(&Service) -> bool,
    tell: impl Fn(&Service) -> Finding,
) -> Vec<Finding> {
    isp.services.values().filter(|service| odd(service)).map(tell).collect()
}

/// P3-OWNER.
pub(crate) fn orphans(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |service| service.owner.is_none(),
        |service| {
            let says = format!("{} has no owner: nobody is told when it fails", service.at.key);
            wrong_in(&service.at, "owner", says).hint("add `owner = …`: a duty")
        },
    )
}

/// P5-SERVICE.
pub(crate) fn unasked(isp: &Isp) -> Vec<Finding> {
    let told = |id: Id<Service>| {
        let service = &isp.services[id];
        let says = format!("no host of ours can ask whether {} answers", service.at.key);
        wrong(service.at.place, says)
            .about(service.at.key.clone())
            .hint("name hosts elsewhere as `places` of [watch]: they ask what everybody may reach")
    };
    derive::checks::unasked(isp).into_iter().map(told).collect()
}

/// P8-SERVICE.
pub(crate) fn unsaved(isp: &Isp) -> Vec<Finding> {
    let saved: BTreeSet<_> = isp.backups.values().flat_map(|backup| &backup.services).collect();
    let hosts: BTreeSet<_> = isp.backups.values().flat_map(|backup| &backup.hosts).collect();
    let whole = |service: &Service| service.hosts.iter().all(|host| hosts.contains(host));
    let lost = isp.services.iter().filter(|(id, service)| !saved.contains(id) && !whole(service));
    let told = |service: &Service| {
        let says = format!("no backup saves {}", service.at.key);
        wrong(service.at.place, says)
            .about(service.at.key.clone())
            .hint(format!("add \"{}\" to the `services` of a [backup]", service.name()))
    };
    lost.map(|(_, service)| told(service)).collect()
}

/// P3-CERTIFICATE.
pub(crate) fn uncertified(isp: &Isp) -> Vec<Finding> {
    each(
        isp,
        |service| service.certificate.is_none(),
        |service| {
            let says = format!("{} is reached over TLS and has no certificate", service.at.key);
            wrong_in(&service.at, "certificate", says)
                .hint("add `certificate = …`: one that covers its names")
        },
    )
}

/// P3-CERTIFICATE-NAMES.
pub(crate) fn uncovered(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in isp.services.values() {
        let Some(certificate) = service.certificate.map(|id| &isp.certificates[id]) else {
            continue;
        };
        for name in service.names.iter().filter(|name| !certificate.covers(name)) {
            let says =
                format!("{} does not cover {name} of {}", certificate.at.key, service.at.key);
            let finding = wrong_in(&service.at, "names", says);
            let finding = finding.also(certificate.at.field("names"), "covers these");
            let hint =
                format!("add \"{name}\" to the certificate; a `*` stands for one label only");
            findings.push(finding.about(certificate.at.key.clone()).hint(hint));
        }
    }
    findings
}

/// P3-NAME-TWICE: one DNS name for two services, or for a service and a host.
pub(crate) fn names(isp: &Isp) -> Vec<Finding> {
    let hosts = isp.hosts.values().map(|host| (isp.dns_name(host), (&host.at, host.at.place)));
    let services = isp.services.values().flat_map(|service| {
        let place = service.at.field("names");
        service.names.iter().map(move |name| (name.to_lowercase(), (&service.at, place)))
    });
    // A service and its only host often have one name; the proxy's address is then the one that counts.
    let told = |(name, first, again): (String, (&At, Place), (&At, Place))| {
        let says = format!("{} and {} both answer to {name}", first.0.key, again.0.key);
        wrong(again.1, says)
            .also(first.1, "first here")
            .about(again.0.key.clone())
            .about(first.0.key.clone())
            .hint("a name leads to one place: rename one of them")
    };
    let apart = |(_, first, again): &(String, (&At, Place), (&At, Place))| {
        !first.0.key.starts_with("host.") || !again.0.key.starts_with("service.")
    };
    twice(hosts.chain(services)).into_iter().filter(apart).map(told).collect()
}

/// P3-NAME: what cannot be a DNS name (RFC 1123 section 2.1).
pub(crate) fn bad_names(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in isp.services.values() {
        for name in service.names.iter().filter(|name| !is_dns_name(name)) {
            let says = format!("`{name}` of {} is no DNS name", service.at.key);
            let hint = "labels of letters, digits and `-`, with dots between them, such as \"www.example.org\"";
            findings.push(wrong_in(&service.at, "names", says).hint(hint));
        }
    }
    findings
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

/// P3-PORT: a port that two of one host's programs would listen on.
pub(crate) fn ports(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let apps = isp.services.values().filter(|service| service.serve == Serve::App);
    let bound = apps
        .flat_map(|service| service.hosts.iter().map(move |host| ((*host, service.port), service)));
    for ((host, port), first, again) in twice(bound.clone()) {
        if first.name == again.name {
            continue;
        }
        let name = isp.hosts[host].name();
        let says =
            format!("{} and {} both listen on port {port} of {name}", first.at.key, again.at.key);
        let finding = wrong_in(&again.at, "port", says).also(first.at.field("port"), "first here");
        findings.push(finding.about(first.at.key.clone()).hint("give one of them another port"));
    }
    for ((host, port), service) in bound {
        let host_is = &isp.hosts[host];
        let Some(daemon) = taken(isp, host, port) else { continue };
        let says = format!(
            "{} listens on port {port} of {}, where {daemon} listens",
            service.at.key,
            host_is.name()
        );
        let finding = wrong_in(&service.at, "port", says).also(host_is.at.place, "the host");
        findings.push(finding.about(host_is.at.key.clone()).hint("give the service another port"));
    }
    findings
}

/// What else listens on a port of a host, by its role and its services.
fn taken(isp: &Isp, id: Id<Host>, port: u16) -> Option<&'static str> {
    let host = &isp.hosts[id];
    let caddy = || isp.services_on(id).any(|service| service.serve != Serve::App);
    match (host.role, port) {
        (_, 22) => Some("sshd"),
        (role, 179) if role.routes() => Some("BGP"),
        (Role::Validator, port) if port == host.rtr.port() => Some("the RTR cache"),
        (Role::Proxy, 80 | 443) => Some("HAProxy"),
        (_, 80) if caddy() => Some("Caddy"),
        _ => None,
    }
}

/// P3-PROXY: services that nothing in front of them answers for.
pub(crate) fn no_proxy(isp: &Isp) -> Vec<Finding> {
    let Some(service) = isp.services.values().next() else { return Vec::new() };
    if isp.with_role(Role::Proxy).next().is_some() {
        return Vec::new();
    }
    let says = "there are services, but no host has the role proxy";
    let finding = wrong(service.at.place, says).about(service.at.key.clone());
    vec![
        finding
            .hint("declare a host with `role = \"proxy\"`: it answers for every service by name"),
    ]
}

/// P3-HEALTH.
pub(crate) fn health(isp: &Isp) -> Vec<Finding> {
    let odd = |service: &Service| {
        !service.health.starts_with('/') || service.health.chars().any(char::is_whitespace)
    };
    each(isp, odd, |service| {
        let says = format!("`{}` of {} is no path", service.health, service.at.key);
        wrong_in(&service.at, "health", says)
            .hint("a path starts with `/` and has no spaces, such as \"/health\"")
    })
}
