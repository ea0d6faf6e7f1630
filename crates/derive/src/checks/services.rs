//! What is asked of services and of the certificates in front of them.

use super::{Check, Goal, Page, Question, Scheme, check, ending, places};
use model::ask::Family;
use model::kinds::{Exposure, Host, Service};
use model::{Id, Isp};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Every name of every service at every address at which it answers, and every certificate by every name.
pub(super) fn checks(isp: &Isp) -> Vec<Check> {
    let mut all = Vec::new();
    let mut askers = Askers::default();
    for (id, service) in isp.services.iter() {
        let addresses = isp.front_of(service);
        let from = askers.of(isp, service, &addresses);
        for name in &service.names {
            for (part, address) in endings(&addresses) {
                let page = page(isp, (id, service), name, address);
                let called = match page.scheme {
                    Scheme::Http => "http",
                    Scheme::Https => "https",
                };
                let called = format!("{}/{called}/{name}{part}", service.at.key);
                let made = check(called, &service.at.key, Question::Page(page), from.clone(), isp);
                all.push(Check { every: every(isp, id), ..made });
            }
            all.extend(certificate(isp, service, name, &addresses, &from));
        }
    }
    all
}

/// The services that answer somewhere, and that no host of ours can ask.
pub(super) fn unasked(isp: &Isp) -> Vec<Id<Service>> {
    let mut askers = Askers::default();
    let mut nobody = |service: &Service| {
        let addresses = isp.front_of(service);
        !addresses.is_empty() && askers.of(isp, service, &addresses).is_empty()
    };
    isp.services.iter().filter(|(_, service)| nobody(service)).map(|(id, _)| id).collect()
}

/// The certificate that a service's name is presented with.
fn certificate(
    isp: &Isp,
    service: &Service,
    name: &str,
    addresses: &[IpAddr],
    from: &[Id<Host>],
) -> Option<Check> {
    let certificate = &isp.certificates[service.certificate?];
    if isp.fronts().is_empty() {
        return None;
    }
    let goal = Goal::Address(*addresses.first()?);
    let question = Question::Certificate { goal, port: 443, name: name.to_owned() };
    let called = format!("{}/tls/{name}", certificate.at.key);
    Some(check(called, &certificate.at.key, question, from.to_vec(), isp))
}

/// A proxy answers over TLS where it has a certificate; a host without a proxy on the service's port.
fn page(isp: &Isp, (id, service): (Id<Service>, &Service), name: &str, address: IpAddr) -> Page {
    let direct = isp.fronts().is_empty();
    let (scheme, port) = match service.certificate {
        _ if direct => (Scheme::Http, service.port),
        Some(_) => (Scheme::Https, 443),
        None => (Scheme::Http, 80),
    };
    let mut watching = isp.checks.values().filter(|check| check.services.contains(&id));
    let contains = watching.find_map(|check| check.contains.clone());
    let (goal, name, path) = (Goal::Address(address), name.to_owned(), service.health.clone());
    Page { goal, port, scheme, name, path, contains }
}

/// As often as the most curious of its declared checks says.
fn every(isp: &Isp, id: Id<Service>) -> model::value::Seconds {
    let watching = isp.checks.values().filter(|check| check.services.contains(&id));
    watching.map(|check| check.every).min().unwrap_or(isp.watch.every)
}

/// Who asks at which addresses: behind one proxy there are many services, for all of which the same hosts ask.
#[derive(Default)]
struct Askers(BTreeMap<(Exposure, Vec<IpAddr>), Vec<Id<Host>>>);

impl Askers {
    fn of(&mut self, isp: &Isp, service: &Service, addresses: &[IpAddr]) -> Vec<Id<Host>> {
        let place = self.0.entry((service.exposure, addresses.to_vec()));
        place.or_insert_with(|| askers(isp, service, addresses)).clone()
    }
}

/// Who asks for a service: not who answers.
fn askers(isp: &Isp, service: &Service, addresses: &[IpAddr]) -> Vec<Id<Host>> {
    let holds = |host: &Id<Host>| {
        let own = isp.hosts[*host].addresses();
        let vips = isp.vips_of(*host);
        let shared = vips.flat_map(|vip| Family::BOTH.map(|family| vip.address(family)));
        own.into_iter().chain(shared.flatten()).any(|own| addresses.contains(&own))
    };
    let answering: Vec<Id<Host>> = isp.hosts.iter().map(|(id, _)| id).filter(holds).collect();
    match service.exposure {
        Exposure::Public => places::outside(isp, &answering),
        Exposure::Members => places::inside(isp, &answering),
    }
}

/// What tells addresses apart: the family, and a number where there are several of it.
fn endings(addresses: &[IpAddr]) -> Vec<(String, IpAddr)> {
    let mut all = Vec::new();
    for family in Family::BOTH {
        let own = addresses.iter().filter(|address| Family::of(**address) == family);
        for (number, address) in own.enumerate() {
            let more = if number == 0 { String::new() } else { format!("-{}", number + 1) };
            all.push((ending(family) + &more, *address));
        }
    }
    all
}
