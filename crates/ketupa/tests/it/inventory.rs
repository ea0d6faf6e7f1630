//! The model as Ansible's inventory: its groups, its variables, and Ansible itself reading it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::run::{Folder, KETUPA, Ran, example, ketupa};
use serde_json::{Value, json};

fn hosts<'a>(inventory: &'a Value, group: &str) -> Vec<&'a str> {
    let hosts = inventory.pointer(&format!("/{group}/hosts"));
    let hosts = hosts.and_then(Value::as_array).expect("a group with hosts");
    hosts.iter().map(|host| host.as_str().expect("a name")).collect()
}

#[test]
fn groups_are_roles_sites_services_and_owners() {
    let all = ketupa(&["inventory", &example("neutrinet"), "--list"]).ends(0, &[]).json();
    assert_eq!(hosts(&all, "role_edge"), ["edge-01", "edge-02"]);
    assert!(hosts(&all, "on_hv_01").contains(&"core-01"));
    assert!(hosts(&all, "managed").contains(&"core-01"));
    assert!(!hosts(&all, "managed").contains(&"hv-01"));
    // What belongs to friends and members is nobody's to configure.
    assert_eq!(all["role_client"], Value::Null);
    assert_eq!(all["_meta"]["hostvars"]["friend"], Value::Null);
    let edge = &all["_meta"]["hostvars"]["edge-01"]["ketupa"];
    assert_eq!(edge["ipv4"], "80.67.191.241");
    assert_eq!(edge["nics"]["mgmt"]["segment"], "management");
}

#[test]
fn a_host_is_reached_where_the_model_says() {
    let text = "[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n[site.here]\n\
                [host.a-b]\nrole = \"server\"\nsite = \"here\"\nssh = \"ops@10.0.0.1\"\n[host.plain]\nrole = \"server\"\nsite = \"here\"\n";
    let folder = Folder::with("inventory", &[("isp.toml", text.as_bytes())]);
    let all = ketupa(&["inventory", folder.text()]).ends(0, &[]).json();
    let of = |host: &str| all["_meta"]["hostvars"][host].clone();
    assert_eq!(of("a-b")["ansible_host"], "10.0.0.1");
    assert_eq!(of("a-b")["ansible_user"], "ops");
    // The operator's ssh_config leads to it by its name.
    assert_eq!(of("plain")["ansible_host"], Value::Null);
    let one = ketupa(&["inventory", folder.text(), "--host", "a-b"]).ends(0, &[]).json();
    assert_eq!(one, of("a-b"));
    ketupa(&["inventory", folder.text(), "--host", "c"]).ends(2, &["no host of this name"]);
}

#[test]
fn nothing_is_on_standard_output_when_the_model_is_wrong() {
    let wrong = Folder::with("inventory-wrong", &[("isp.toml", b"[isp]\n")]);
    let ran = wrong.ketupa("inventory").ends(1, &["M-MISSING-KEY"]);
    assert_eq!(ran.out, "");
}

#[test]
fn real_ansible_reads_it() {
    let folder = Folder::example("inventory-ansible", "neutrinet");
    let script = folder.path().join("hosts.sh");
    let text = format!("#!/bin/sh\nexec {KETUPA} inventory {} \"$@\"\n", folder.text());
    std::fs::write(&script, text).expect("write the script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("mark it");
    let inventory = |words: &[&str]| -> Ran {
        let mut ansible = Command::new("ansible-inventory");
        ansible.env("ANSIBLE_HOME", folder.path()).arg("-i").arg(&script).args(words);
        ansible.output().expect("start ansible-inventory").into()
    };
    let listed = inventory(&["--list"]).ends(0, &[]);
    // It warns of names that it would rather not have.
    assert!(!listed.err.contains("WARNING"), "{}", listed.err);
    assert_eq!(hosts(&listed.json(), "role_edge"), ["edge-01", "edge-02"]);
    let one = inventory(&["--host", "edge-01"]).ends(0, &[]).json();
    assert_eq!(one["ketupa"]["role"], json!("edge"));
}
