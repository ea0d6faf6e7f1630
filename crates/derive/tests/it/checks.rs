//! What is declared is watched, without a line of configuration.

use derive::checks::{self, Check, Question, has_agent};
use model::ask::Family;
use model::kinds::{Exposure, Role};
use model::{Isp, Named as _, Source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The `*.toml` files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    all.sort();
    all
}

fn example() -> Isp {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/neutrinet");
    let source =
        |path: &PathBuf| Source::new(path.display().to_string(), &std::fs::read(path).unwrap());
    let sources: Vec<Source> = files(&folder).iter().map(source).collect();
    isp(&sources)
}

fn isp(sources: &[Source]) -> Isp {
    let loaded = model::load(sources);
    loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings))
}

/// One check as a line of what it is, and who asks.
fn told(isp: &Isp, check: &Check) -> String {
    let from: Vec<&str> = check.from.iter().map(|id| isp.hosts[*id].name()).collect();
    format!("{} by {} ({})", check.name, from.join(" "), check.quorum)
}

fn lines(isp: &Isp) -> String {
    checks::of(isp).iter().map(|check| told(isp, check)).collect::<Vec<_>>().join("\n")
}

#[test]
fn everything_that_the_example_declares_has_its_checks() {
    let isp = example();
    let all = checks::of(&isp);
    let names: BTreeSet<&str> = all.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "no two have one name");
    let mut missing = Vec::new();
    let mut expect = |name: String| {
        if !names.contains(name.as_str()) {
            missing.push(name);
        }
    };
    let families =
        |addresses: [bool; 2]| Family::BOTH.into_iter().zip(addresses).filter(|(_, has)| *has);
    for (_, session) in isp.sessions() {
        for (family, _) in families([session.ipv4.is_some(), session.ipv6.is_some()]) {
            expect(format!("{}/bgp/ipv{}", session.at.key, family.digit()));
        }
    }
    for vip in isp.vips.values() {
        expect(format!("{}/held", vip.at.key));
    }
    for service in isp.services.values() {
        for name in &service.names {
            // The proxies answer at one address of each family.
            expect(format!("{}/https/{name}/ipv4", service.at.key));
            expect(format!("{}/https/{name}/ipv6", service.at.key));
            let certificate = &isp.certificates[service.certificate.unwrap()];
            expect(format!("{}/tls/{name}", certificate.at.key));
        }
    }
    let watched: BTreeSet<&str> = all.iter().map(|check| check.object.as_str()).collect();
    for host in isp.hosts.values().filter(|host| host.role != Role::Client) {
        assert!(watched.contains(host.at.key.as_str()), "{}", host.at.key);
    }
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!(isp.sessions().count(), 12);
    assert_eq!(isp.vips.len(), 8);
    assert_eq!(isp.services.len(), 12);
}

#[test]
fn somebody_who_can_asks_each_question_of_the_example() {
    let isp = example();
    for check in checks::of(&isp) {
        assert!(!check.from.is_empty(), "{check:?}");
        assert!((1..=check.from.len()).contains(&check.quorum), "{check:?}");
        let able = |id: &model::Id<model::kinds::Host>| {
            has_agent(&isp, *id) || isp.watch.places.contains(id)
        };
        assert!(check.from.iter().all(able), "{}", told(&isp, &check));
    }
}

#[test]
fn who_has_no_agent_asks_nothing_and_is_asked_by_others() {
    let isp = example();
    let quiet = isp.hosts.find("topi").unwrap();
    assert!(!has_agent(&isp, quiet) && isp.is_converged(quiet));
    assert!(checks::asked_by(&isp, quiet).is_empty());
    let about = checks::of(&isp).into_iter().filter(|check| check.object == "host.topi");
    assert_eq!(about.map(|check| check.from.len()).collect::<Vec<_>>(), [3, 3]);
}

#[test]
fn the_world_asks_for_public_services_and_members_for_their_own() {
    let isp = example();
    for service in isp.services.values() {
        let own = |check: &&Check| check.object == service.at.key;
        for check in checks::of(&isp).iter().filter(own) {
            let outside = check.from.iter().all(|id| isp.watch.places.contains(id));
            assert_eq!(outside, service.exposure == Exposure::Public, "{}", told(&isp, check));
            assert_eq!((check.from.len(), check.quorum), (3, 2), "{}", told(&isp, check));
            let Question::Page(page) = &check.question else { panic!("{check:?}") };
            assert_eq!((page.port, page.path.as_str()), (443, "/"));
        }
    }
}

const SMALL: &str = r#"
    isp = { name = "Small", asn = 64500, domain = "isp.example", ipv4 = ["192.0.2.0/24"] }
    site.here = {}
    segment.lan = { kind = "lan", ipv4 = "192.0.2.0/28" }
    segment.bb = { kind = "backbone", ipv4 = "10.0.0.0/24" }
    segment.ix = { kind = "exchange", ipv4 = "198.51.100.0/24" }
    host.r1 = { role = "edge", site = "here", loopback4 = "192.0.2.241", nic.b = { segment = "bb", ipv4 = "10.0.0.1" }, nic.l = { segment = "lan", ipv4 = "192.0.2.2" }, nic.x = { segment = "ix", ipv4 = "198.51.100.1" } }
    host.r2 = { role = "core", site = "here", loopback4 = "192.0.2.242", nic.b = { segment = "bb", ipv4 = "10.0.0.2" }, nic.l = { segment = "lan", ipv4 = "192.0.2.3" } }
    host.web = { role = "server", site = "here", nic.e = { segment = "lan", ipv4 = "192.0.2.10" } }
    host.db = { role = "server", site = "here", nic.e = { segment = "lan", ipv4 = "192.0.2.11" } }
    host.mail = { role = "server", kind = "rented", site = "here" }
    vip.lan = { segment = "lan", vrid = 1, ipv4 = "192.0.2.1", hosts = ["r2", "r1"] }
    neighbor.other = { asn = 64501, relation = "peer", session.a = { host = "r1", ipv4 = "198.51.100.2" } }
    service.www = { names = ["www.isp.example"], hosts = ["web"], exposure = "public" }
"#;

#[test]
fn a_small_network_without_places_asks_itself() {
    let isp = isp(&[Source::new("isp.toml", SMALL.as_bytes())]);
    // A loopback is asked for over a backbone, a machine of a LAN by its neighbours there, a service by
    // who does not run it; nobody knows the address of what is rented.
    insta::assert_snapshot!(lines(&isp), @r"
    host.db/icmp/ipv4 by r1 r2 web (2)
    host.mail/icmp by db web (2)
    host.r1/icmp/ipv4 by r2 (1)
    host.r2/icmp/ipv4 by r1 (1)
    host.web/icmp/ipv4 by db r1 r2 (2)
    neighbor.other.session.a/bgp/ipv4 by r1 (1)
    service.www/http/www.isp.example/ipv4 by db (1)
    vip.lan/held by r2 r1 (1)
    vip.lan/icmp/ipv4 by db web (2)
    ");
}

#[test]
fn what_is_declared_of_a_check_holds() {
    let more = r#"
        watch = { places = ["mail"], every = "30s" }
        check.web = { services = ["www"], every = "20s", contains = "Welcome" }
        check.mx = { hosts = ["mail"], asks = "smtp" }
        check.ns = { hosts = ["db"], asks = "dns", asks_for = "isp.example", every = "5m" }
    "#;
    let isp = isp(&[
        Source::new("isp.toml", SMALL.as_bytes()),
        Source::new("more.toml", more.as_bytes()),
    ]);
    let all = checks::of(&isp);
    let find = |name: &str| {
        let found = all.iter().find(|check| check.name == name);
        found.unwrap_or_else(|| panic!("no {name} in\n{}", lines(&isp)))
    };
    let web = find("service.www/http/www.isp.example/ipv4");
    assert_eq!((web.every.0, told(&isp, web).contains("by mail (1)")), (20, true));
    let Question::Page(page) = &web.question else { panic!("{web:?}") };
    assert_eq!((page.port, page.contains.as_deref()), (80, Some("Welcome")));
    let mx = find("check.mx/mail/smtp");
    assert_eq!((mx.object.as_str(), mx.question.word()), ("host.mail", "smtp"));
    let ns = find("check.ns/db/dns/ipv4");
    assert_eq!(ns.every.0, 300);
    let Question::Dns { port, name, .. } = &ns.question else { panic!("{ns:?}") };
    assert_eq!((*port, name.as_str()), (53, "isp.example"));
    assert_eq!(find("host.web/icmp/ipv4").every.0, 30);
}

#[test]
fn the_same_network_always_has_the_same_checks() {
    let (first, second) = (example(), example());
    assert_eq!(checks::of(&first), checks::of(&second));
    let asked: usize = first.hosts.iter().map(|(id, _)| checks::asked_by(&first, id).len()).sum();
    let declared: usize = checks::of(&first).iter().map(|check| check.from.len()).sum();
    assert_eq!(asked, declared);
}
