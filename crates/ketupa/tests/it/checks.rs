//! `ketupa checks`: what is asked again and again, and the tables that make an agent ask it.

use crate::run::{Folder, ketupa};
use agent::config::Config;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/neutrinet");

#[test]
fn checks_are_listed_for_people_and_for_programs() {
    let rows = ketupa(&["checks", EXAMPLE]).ends(0, &["146 checks"]).out;
    let row =
        rows.lines().find(|line| line.starts_with("service.cube/https/cube.neutrinet.be/ipv6"));
    let words: Vec<&str> = row.expect("it is listed").split_whitespace().collect();
    let wanted = "service.cube/https/cube.neutrinet.be/ipv6 https 2001:913:1000:2::70 port 443 60s 2 of 3 say \
                  probe-01, probe-02, monitoring";
    assert_eq!(words.join(" "), wanted);
    let listed = ketupa(&["checks", EXAMPLE, "--format", "json"]).ends(0, &[]).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed.as_array().map(Vec::len), Some(146));
    ketupa(&["checks", EXAMPLE, "--host", "nobody"]).ends(2, &["no such host is declared"]);
}

#[test]
fn every_agent_of_the_example_reads_its_tables() {
    let listed = ketupa(&["checks", EXAMPLE, "--format", "json"]).ends(0, &[]).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let all = listed.as_array().expect("a list");
    let own = |host: &str| {
        let asked = |check: &&serde_json::Value| {
            let from = check["from"].as_array().expect("hosts");
            check["kind"] != "session" && from.iter().any(|name| name == host)
        };
        all.iter().filter(asked).count()
    };
    for host in ["probe-01", "monitoring", "core-01", "lb-02", "fw-01", "rpki-01", "edge-02"] {
        let words = ["checks", EXAMPLE, "--host", host, "--format", "toml"];
        let tables = ketupa(&words).ends(0, &[]).out;
        let config = Config::parse(&tables).unwrap_or_else(|why| panic!("{host}: {why}\n{tables}"));
        assert!(!config.probe.is_empty(), "{host}");
        assert_eq!(config.probe.len(), own(host), "{host}");
    }
}

#[test]
fn rules_that_the_watch_names_are_checked_as_the_server_reads_them() {
    let folder = Folder::example("rules", "minimal");
    folder.write("watch.toml", b"[watch]\nrules = [\"own.yml\", \".\"]\n");
    let says = ["M-FILE", "own.yml: No such file", "it is not a regular file"];
    folder.ketupa("check").ends(1, &says);
    folder.write("watch.toml", b"[watch]\nrules = [\"own.yml\"]\n");
    folder.write("own.yml", b"groups:\n- name: own\n  rules:\n  - record: a\n    expr: sum(\n");
    folder.ketupa("check").ends(1, &["M-FILE", "own.yml:5: "]);
    folder.write("own.yml", b"groups:\n- name: own\n  rules:\n  - record: a\n    expr: sum(up)\n");
    folder.ketupa("check").ends(0, &[]);
}
