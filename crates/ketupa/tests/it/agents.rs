//! The agents of the example: what is rendered for them is what they read, and they travel or it is said why not.

use crate::run::{Folder, example, ketupa};
use agent::config::Config;
use component::{HostTree, Tree};
use derive::checks::{self, Question};
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

const CONFIG: &str = "/etc/ketupa/agent.toml";
const UNIT: &str = "/etc/systemd/system/ketupa-agent.service";

fn isp() -> Isp {
    testkit::isp(&testkit::example("neutrinet"))
}

fn tree(isp: &Isp) -> Tree {
    let today = jiff::civil::date(2022, 1, 15);
    let proof = prove::prove(isp, components::ALL, today).expect("the example is right");
    render::tree(&proof, components::ALL, &BTreeMap::new()).expect("built-in templates work")
}

/// The hosts with an agent, by name.
fn watched(tree: &Tree) -> BTreeMap<&str, &HostTree> {
    let all = tree.hosts.iter().filter(|(_, host)| host.files.contains_key(CONFIG));
    all.map(|(name, host)| (name.as_str(), host)).collect()
}

#[test]
fn every_host_has_an_agent_that_reads_its_file_and_asks_all_that_it_shall() {
    let isp = isp();
    let tree = tree(&isp);
    let watched = watched(&tree);
    let wanted = isp.hosts.iter().filter(|(id, _)| checks::has_agent(&isp, *id));
    let names: BTreeSet<&str> = wanted.map(|(_, host)| host.name()).collect();
    assert_eq!(watched.keys().copied().collect::<BTreeSet<_>>(), names);
    assert!(
        names.contains("monitoring") && names.contains("probe-01") && !names.contains("friend")
    );
    for (name, host) in watched {
        let text = &host.files[CONFIG].text;
        let config = Config::parse(text).unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
        let id = isp.hosts.find(name).expect("it is declared");
        let asked = checks::asked_by(&isp, id);
        let asked = asked.iter().filter(|one| !matches!(one.question, Question::Session(_)));
        let probes: Vec<&str> = config.probe.iter().map(|probe| probe.check.as_str()).collect();
        assert_eq!(probes, asked.map(|check| check.name.as_str()).collect::<Vec<_>>(), "{name}");
        assert_eq!(config.own_labels().get("instance"), name);
        let send = config.send.as_ref().expect("it sends");
        assert_eq!(send.url, "https://monitoring.neutrinet.be");
        assert_eq!(send.token_file.as_deref(), Some("/etc/ketupa/agent.token".as_ref()));
        assert!(config.log.iter().any(|log| log.journal), "{name}");
        for scrape in &config.scrape {
            let port = scrape.url.trim_end_matches("/metrics").rsplit(':').next();
            let port = format!(":{}", port.expect("a port"));
            let others = host.files.iter().filter(|(path, _)| *path != CONFIG);
            let tells = others.into_iter().any(|(_, file)| file.text.contains(&port));
            assert!(tells, "{name}: nothing there tells metrics at {}", scrape.url);
        }
    }
}

#[test]
fn a_machine_that_is_not_managed_gets_the_agent_and_nothing_else() {
    let tree = tree(&isp());
    let files: Vec<&str> = tree.hosts["probe-01"].files.keys().map(String::as_str).collect();
    let program = "/usr/local/lib/ketupa/ketupa-agent";
    assert_eq!(files, ["/etc/ketupa/agent.token", CONFIG, UNIT, program]);
    assert!(tree.hosts["probe-01"].packages.is_empty());
    assert!(!tree.hosts.contains_key("mail"), "nobody asks from there");
}

#[test]
fn the_service_that_makes_a_backup_tells_the_agent_of_each_host() {
    let isp = isp();
    let tree = tree(&isp);
    let backup = isp.backups.values().find(|backup| backup.unit.is_some()).expect("one has a unit");
    let drop_in = "/etc/systemd/system/borgmatic.service.d/ketupa-backup-services.conf";
    let with = tree.hosts.iter().filter(|(_, host)| host.files.contains_key(drop_in));
    let with: BTreeSet<&str> = with.map(|(name, _)| name.as_str()).collect();
    let saved = isp.saved(backup).into_iter().map(|id| &isp.hosts[id]);
    let saved: BTreeSet<&str> = saved.filter(|host| host.managed).map(model::Named::name).collect();
    assert!(with == saved && saved.len() > 5, "{with:?}");
    for (name, host) in watched(&tree) {
        let config = Config::parse(&host.files[CONFIG].text).expect("it is read above");
        let text = config.textfile.expect("it has a directory");
        assert!(host.directories.contains_key(text.to_str().expect("plain")), "{name}");
    }
}

#[test]
fn nothing_of_agents_is_in_a_rehearsal() {
    let tree = rehearse::without_agents(tree(&isp()));
    assert!(tree.hosts.contains_key("wiki") && !tree.hosts.contains_key("probe-01"));
    for (name, host) in &tree.hosts {
        let paths = host.files.keys().chain(host.directories.keys());
        let names =
            paths.chain(host.users.keys()).chain(host.groups.keys()).chain(host.units.keys());
        let ours = [
            "ketupa-agent",
            "ketupa-text",
            "ketupa-backup@",
            "/ketupa-backup-services",
            "/etc/ketupa",
        ];
        let left: Vec<_> = names.filter(|name| ours.iter().any(|one| name.contains(one))).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

#[test]
fn the_rendered_unit_may_do_no_more_than_the_printed_one() {
    let isp = isp();
    let tree = tree(&isp);
    let printed = agent::unit::text("x", &[]);
    // Who runs it, what it starts and which rights it needs follow from the host.
    let own = ["ExecStart", "SupplementaryGroups", "CapabilityBoundingSet", "AmbientCapabilities"];
    let lines = printed.lines().filter(|line| !line.starts_with('#') && line.contains('='));
    let lines: Vec<&str> =
        lines.filter(|line| !own.iter().any(|key| line.starts_with(key))).collect();
    assert!(lines.len() > 25, "{lines:?}");
    for (name, host) in watched(&tree) {
        let unit: BTreeSet<&str> = host.files[UNIT].text.lines().collect();
        for line in &lines {
            assert!(unit.contains(line), "{name} lacks {line}");
        }
        let id = isp.hosts.find(name).expect("it is declared");
        let asked = checks::asked_by(&isp, id);
        let echoes = asked.iter().any(|one| matches!(one.question, Question::Ping(_)));
        let may = unit.contains("AmbientCapabilities=CAP_NET_RAW");
        assert_eq!(may, echoes, "{name}");
        let bird = unit.iter().any(|line| line.starts_with("Supp") && line.contains("bird"));
        assert_eq!(bird, host.packages.contains("bird2"), "{name}");
    }
}

/// The head of a static program for this kind of processor.
fn program(processor: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes.splice(18..20, processor.to_le_bytes());
    bytes
}

#[test]
fn a_program_that_is_not_there_is_told_before_any_host_is_asked() {
    let neutrinet = example("neutrinet");
    let folder = Folder::with("agents", &[("ketupa-host", &program(62))]);
    let executor = format!("{}/ketupa-host", folder.text());
    let plan = || {
        let reach = ["--host", "cube", "--executor", &executor, "--today", "2022-01-15"];
        ketupa(&[&["plan", neutrinet.as_str()], &reach[..]].concat())
    };
    plan().ends(3, &["ketupa-agent, which hosts shall run", "`make executor` makes it"]);
    folder.write("ketupa-agent", &program(183));
    plan().ends(3, &["it is made for aarch64, and the executor beside it for x86_64"]);
    folder.write("ketupa-agent", b"#!/bin/sh\n");
    plan().ends(3, &["it is no 64-bit Linux program"]);
    ketupa(&["check", &neutrinet, "--today", "2022-01-15"]).ends(0, &[]);
    ketupa(&["render", &neutrinet, "--host", "cube", "--today", "2022-01-15"])
        .ends(0, &["ketupa-agent (755 root:root)\n⟪program:ketupa-agent⟫"]);
}
