//! Adding a third edge router is one block of TOML and nothing else.

use crate::run::{Folder, example, files, ketupa};
use std::collections::BTreeMap;

const EDGE: &str = r#"
[host.edge-03]
role      = "edge"
site      = "louise"
on        = "hv-01"
owner     = "network"
cores     = 2
memory    = "2 GiB"
disk      = "10 GiB"
loopback4 = "80.67.191.250"
loopback6 = "2001:913:1000:ff::250"
nic.bb-a = { segment = "backbone-a", ipv4 = "10.255.1.3", ipv6 = "2001:913:1000:a::3" }
nic.bb-b = { segment = "backbone-b", ipv4 = "10.255.2.3", ipv6 = "2001:913:1000:b::3" }
nic.ix   = { segment = "bnix", ipv4 = "203.0.113.60", ipv6 = "2001:db8:5406::60" }
nic.mgmt = { segment = "management", ipv4 = "10.254.0.3", ipv6 = "2001:913:1000:fe::3" }
"#;

const ROUTERS: [&str; 8] =
    ["bra-01", "bra-02", "core-01", "core-02", "core-03", "core-04", "edge-01", "edge-02"];

fn rendered(directory: &str, name: &str) -> BTreeMap<String, String> {
    let folder = Folder::new(name);
    ketupa(&["render", directory, "--out", folder.text()]).ends(0, &[]);
    files(folder.path())
}

/// The lines that are in one text and not in the other.
fn more<'a>(before: &str, after: &'a str) -> Vec<&'a str> {
    after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect()
}

#[test]
fn a_third_edge_is_one_block() {
    let folder = Folder::example("edge", "neutrinet");
    folder.write("network/edge-03.toml", EDGE.as_bytes());
    let findings = |directory: &str| {
        let ran = ketupa(&["check", "--format", "json", "--today", "2022-01-15", directory]);
        ran.ends(0, &[]).json()["findings"].as_array().map_or(0, Vec::len)
    };
    let neutrinet = example("neutrinet");
    assert_eq!(findings(folder.text()), findings(&neutrinet), "the third edge is found wrong");

    let before = rendered(&neutrinet, "edge-before");
    let after = rendered(folder.text(), "edge-after");
    own_files(&after);
    for router in ROUTERS {
        knows_the_third(router, &before, &after);
    }
    for validator in ["rpki-01", "rpki-02"] {
        let path = format!("{validator}/etc/nftables.conf");
        let new = more(&before[&path], &after[&path]).join("\n");
        assert!(new.contains("80.67.191.250"), "{validator} keeps edge-03 out:\n{new}");
    }
    let apart: Vec<&String> = before.keys().filter(|path| !after.contains_key(*path)).collect();
    assert!(apart.is_empty(), "{apart:?} are rendered no more");
}

/// Everything that a router has is there, and both validators are asked.
fn own_files(after: &BTreeMap<String, String>) {
    for path in [
        "etc/bird/bird.conf",
        "etc/bird/filters.conf",
        "etc/nftables.conf",
        "etc/network/interfaces",
        "etc/sysctl.d/60-ketupa.conf",
        "etc/hostname",
    ] {
        assert!(after.contains_key(&format!("edge-03/{path}")), "edge-03 has no {path}");
    }
    let bird = &after["edge-03/etc/bird/bird.conf"];
    for router in ROUTERS {
        let session = format!("ibgp_{}", router.replace('-', "_"));
        assert!(bird.contains(&session), "edge-03 has no session {session}:\n{bird}");
    }
    for validator in ["80.67.191.132", "80.67.191.133"] {
        assert!(bird.contains(validator), "edge-03 does not ask {validator}");
    }
}

/// A router that was there has its session with the new one and lets it in, and nothing else changed.
fn knows_the_third(
    router: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) {
    let path = format!("{router}/etc/bird/bird.conf");
    let new = more(&before[&path], &after[&path]).join("\n");
    assert!(new.contains("ibgp_edge_03"), "{router} has no session with edge-03:\n{new}");
    assert!(new.contains("2001:913:1000:ff::250") || new.contains("80.67.191.250"), "{new}");
    let gone = more(&after[&path], &before[&path]);
    assert!(gone.is_empty(), "{router} lost {gone:?}");
    let path = format!("{router}/etc/nftables.conf");
    let new = more(&before[&path], &after[&path]).join("\n");
    assert!(new.contains("80.67.191.250"), "the firewall of {router} keeps edge-03 out:\n{new}");
}
