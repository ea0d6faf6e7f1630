//! What follows from the model to be asked is asked in the twin, from where it says: all is well, and each
//! thing that breaks is told by its own check and by no other's.

use std::collections::BTreeMap;

use derive::checks::{self, Check, Goal, Question};
use model::Named as _;
use rehearse::ask::AUTHORITY;
use rehearse::outside::INTERNET;

use crate::stage::{Declared, Living, ketupa, soon};

/// Where the tables of one who asks are put.
const TABLES: &str = "/tmp/ketupa-agent.toml";

#[test]
fn every_check_of_the_example_is_up_and_tells_what_breaks() {
    let network = Declared::example("neutrinet", "watched").up();
    let asked = Asked::of(&network);
    println!("{} checks are asked from {} hosts", asked.checks.len(), asked.hosts.len());
    // Of 146, those of machines that have no address here or stand nowhere in the twin are left out.
    assert!(asked.checks.len() > 110, "{}", asked.checks.len());
    soon(60, || asked.down(&network, |_| true).is_well());

    let of = |object: &'static str| move |check: &Check| check.object == object;
    for proxy in ["lb-01", "lb-02"] {
        network.says(proxy, "systemctl stop haproxy");
    }
    let cube = asked.down(&network, of("service.cube")).0;
    assert_eq!(cube.len(), 2, "by both families: {cube:?}");
    for proxy in ["lb-01", "lb-02"] {
        network.says(proxy, "systemctl start haproxy");
    }
    soon(30, || asked.down(&network, of("service.cube")).is_well());

    network.twin().kill("edge-01", "bird.service").unwrap();
    let session = of("neighbor.verixi.session.edge-01");
    soon(30, || match asked.down(&network, session).0.len() {
        2 => Ok(()),
        other => Err(format!("{other} sessions are down")),
    });
    asked.down(&network, of("neighbor.verixi.session.edge-02")).is_well().unwrap();

    for core in ["core-03", "core-04"] {
        network.says(core, "systemctl stop keepalived");
    }
    let held = asked.down(&network, of("vip.meme")).0;
    assert_eq!(held, ["vip.meme/held: held by 0"]);
    network.says("core-04", "systemctl start keepalived");
    soon(30, || asked.down(&network, of("vip.meme")).is_well());
}

/// The checks that can be asked in the twin, and who asks.
struct Asked {
    checks: Vec<Check>,
    hosts: BTreeMap<String, Vec<String>>,
}

/// What is down, a line each.
struct Down(Vec<String>);

impl Down {
    fn is_well(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("\n")) }
    }
}

impl Asked {
    /// Gives everybody who asks the tables that follow, as the program prints them.
    fn of(network: &Living) -> Self {
        let isp = &network.isp;
        let mut here = checks::of(isp);
        here.retain(|check| stands(network, check));
        let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for check in &here {
            for id in &check.from {
                // Nobody is elsewhere in the twin: the Internet asks for the places.
                let place = isp.watch.places.contains(id);
                let own = isp.hosts[*id].name();
                let asks = hosts.entry(if place { INTERNET } else { own }.to_owned()).or_default();
                if !asks.contains(&own.to_owned()) {
                    asks.push(own.to_owned());
                }
            }
        }
        let authority = network.says(INTERNET, &format!("cat {AUTHORITY}"));
        for (container, names) in &hosts {
            // The three places ask for the same: one of them is enough.
            let name = names.first().unwrap();
            let words = ["checks", network.declared.folder(), "--host", name, "--format", "toml"];
            let tables = ketupa(&words).out;
            let secure = |word: &str| {
                (
                    format!("asks = \"{word}\"\n"),
                    format!("asks = \"{word}\"\nca = \"{AUTHORITY}\"\n"),
                )
            };
            let mut believed = tables;
            for word in ["https", "tls"] {
                let (plain, with) = secure(word);
                believed = believed.replace(&plain, &with);
            }
            // A twin is slow while it is busy, not broken.
            let patient = believed.replace("interval = 60\n", "interval = 60\ntimeout = 20\n");
            network.twin().write(container, AUTHORITY, authority.as_bytes()).unwrap();
            network.twin().write(container, TABLES, patient.as_bytes()).unwrap();
        }
        Self { checks: here, hosts }
    }

    /// Asks once everywhere, and says which of some checks are down.
    fn down(&self, network: &Living, of: impl Fn(&Check) -> bool) -> Down {
        let wanted: Vec<&Check> = self.checks.iter().filter(|check| of(check)).collect();
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let asks = |host: &str| {
            let from = |check: &&&Check| {
                let names = check.from.iter().map(|id| (id, network.isp.hosts[*id].name()));
                let place = |id| network.isp.watch.places.contains(id);
                names
                    .into_iter()
                    .any(|(id, name)| if place(id) { host == INTERNET } else { host == name })
            };
            wanted.iter().any(|check| from(&check))
        };
        for host in self.hosts.keys().filter(|host| asks(host)) {
            let said =
                network.says(host, &format!("/proc/1/exe agent --once --config {TABLES} 2>&1"));
            told.insert(host.clone(), said.lines().map(str::to_owned).collect());
        }
        Down(wanted.iter().filter_map(|check| wrong(network, check, &told)).collect())
    }
}

/// Whether a check's object and somebody who asks are in the twin.
fn stands(network: &Living, check: &Check) -> bool {
    let absent =
        check.object.strip_prefix("host.").is_some_and(|name| network.twin().pid(name).is_err());
    let by_name = matches!(&check.question, Question::Ping(Goal::Name(_)));
    !absent && !by_name && !check.from.is_empty()
}

/// What is wrong with a check, as all who ask tell it.
fn wrong(network: &Living, check: &Check, told: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let name = &check.name;
    let hosts = check.from.iter().map(|id| {
        let place = network.isp.watch.places.contains(id);
        if place { INTERNET } else { network.isp.hosts[*id].name() }
    });
    let lines: Vec<(&str, &str)> = hosts
        .flat_map(|host| {
            told.get(host).into_iter().flatten().map(move |line| (host, line.as_str()))
        })
        .collect();
    match &check.question {
        Question::Held(_) => {
            let own = format!("ketupa_vip_held{{vip=\"{}\"}} 1", check.object);
            let held = lines.iter().filter(|(_, line)| *line == own).count();
            (held != 1).then(|| format!("{name}: held by {held}"))
        }
        Question::Session(protocol) => {
            let own = |line: &str| {
                line.starts_with("bird_protocol_up{")
                    && line.contains(&format!("name=\"{protocol}\""))
                    && line.ends_with(" 1")
            };
            (!lines.iter().any(|(_, line)| own(line))).then(|| format!("{name}: not established"))
        }
        Question::Ping(_)
        | Question::Tcp(..)
        | Question::Page(_)
        | Question::Certificate { .. }
        | Question::Dns { .. }
        | Question::Smtp { .. } => {
            let up = format!("probe_success{{check=\"{name}\",object=\"{}\"}} 1", check.object);
            let says = format!("\"check\":\"{name}\"");
            let yes = lines.iter().filter(|(_, line)| *line == up).count();
            let why: Vec<String> = lines
                .iter()
                .filter(|(_, line)| line.contains(&says))
                .map(|(host, line)| format!("{host} {line}"))
                .collect();
            (yes < check.quorum).then(|| format!("{name}: {}", why.join("; ")))
        }
    }
}
