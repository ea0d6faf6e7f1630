//! Twenty hosts with everything that can be declared of a host, and what hands and mistakes do to it.

use std::fmt::Write as _;

use crate::stage::Story;

/// The router, the server, and these.
const MORE: u32 = 18;
/// The one host that serves route origins: the only one whose filter lets this port in.
const CUT: &str = "n07";
const ORIGINS: &str = "8282";

/// Everything of the operators' and of what is on hosts besides daemons.
const RESOURCES: &str = r#"
[account.root]
keys = ["DESK"]

[account.alice]
description = "Alice"
uid    = 2001
groups = ["network"]
keys   = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVEm7Qh8pCWyDtD5qZJ8hJxX3sWvNh9sVb4kq3mM1yX alice"]

[account.bot]
system = true

[group.network]
gid = 3000

[package.bird2]
hold = true

[directory.shared]
path  = "/srv/shared"
group = "network"
mode  = "2775"

[link.motd]
path = "/etc/motd"
to   = "/srv/shared/motd"

[mount.scratch]
path = "/srv/scratch"
what = "tmpfs"
type = "tmpfs"

[timer.tidy]
when    = "daily"
command = "/usr/bin/find /srv/scratch -mtime 30 -delete"
user    = "bot"
"#;

/// On the one host nobody comes in any more; on the others nothing that counts changes.
const SHUT: &str = r#"#!/usr/sbin/nft -f
table inet ketupa
delete table inet ketupa
table inet ketupa {
    chain input {
        type filter hook input priority filter; policy accept;
{% if "8282" in chains | map(attribute="rules") | map("join") | join %}
        ct state established,related accept
        drop
{% endif %}
    }
}
"#;

fn hosts() -> String {
    let mut text = String::new();
    for number in 1..=MORE {
        let name = format!("n{number:02}");
        let role = if name == CUT { "validator" } else { "server" };
        let address = format!("10.9.0.{}", 30 + number);
        write!(text, "\n[host.{name}]\nrole = \"{role}\"\nsite = \"here\"\nnic.mgmt = {{ segment = \"management\", ipv4 = \"{address}\" }}\n").unwrap();
    }
    text
}

#[test]
fn twenty_hosts_become_and_stay_what_is_declared() {
    let story = Story::with(&hosts());
    // Twenty logins at a time: the exchange of keys that is dear by default is not what is tested here.
    story.at_desk("echo 'Host *\n  KexAlgorithms curve25519-sha256' >>/root/config").ends(0, &[]);
    let key = story.at_desk("cat /root/key.pub").out;
    let model = format!("{}{}", story.model(), RESOURCES.replace("DESK", key.trim()));
    story.declare(&model);
    becomes_what_is_declared(&story);
    hands_are_seen_and_put_back(&story);
    a_broken_file_goes_live_nowhere(&story);
    one_that_is_cut_off_comes_back_and_the_others_go_on(&story);
    who_leaves_is_shut_out(&story, &model);
}

fn becomes_what_is_declared(story: &Story) {
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["20 hosts changed"]);
    assert!(said.out.contains("make the user alice (2001, /home/alice"), "{}", said.out);
    for host in ["router", "n01", "n18"] {
        story
            .sh(host, "test \"$(id -nG alice)\" = 'alice network' && test -f /home/alice/.profile");
        story.sh(host, "test $(stat -c %a:%U /home/alice/.ssh/authorized_keys) = 600:alice");
        story.sh(host, "test $(stat -c %a:%G /srv/shared) = 2775:network");
        story.sh(host, "test $(readlink /etc/motd) = /srv/shared/motd");
        story.sh(host, "test $(apt-mark showhold) = bird2");
        story.sh(host, "systemctl is-enabled ketupa-tidy.timer srv-scratch.mount");
    }
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["20 as declared", "0 hosts changed"]);
    assert_eq!(said.out, "");
}

/// What somebody does on a host, and how drift tells of it.
const HANDS: [(&str, &str, &str); 8] = [
    ("n01", "echo 'ssh-ed25519 AAAA thief' >>/home/alice/.ssh/authorized_keys", "+ssh-ed25519"),
    ("n02", "usermod --shell /bin/sh alice", "shell \"/bin/sh\" -> \"/bin/bash\""),
    ("n03", "apt-mark unhold bird2", "hold bird2: no upgrade touches it"),
    ("n04", "chmod 777 /srv/shared", "(root:network 2777 -> root:network 2775)"),
    ("n05", "ln -sfn /tmp /etc/motd", "link /etc/motd to /srv/shared/motd, to /tmp until now"),
    ("n06", "userdel --remove alice", "make the user alice"),
    ("n08", "systemctl disable --now ketupa-tidy.timer", "start and enable ketupa-tidy.timer"),
    ("n09", "usermod --append --groups root alice", "leaves root"),
];

fn hands_are_seen_and_put_back(story: &Story) {
    for (host, hand, _) in HANDS {
        story.sh(host, hand);
    }
    let said = story.ketupa("drift", &[]).ends(1, &["8 not as declared, 12 as declared"]);
    for (host, _, tells) in HANDS.iter().skip(1) {
        let (_, told) = said.out.split_once(&format!("{host}: ")).unwrap_or_default();
        let told: String =
            told.split_inclusive('\n').take_while(|line| !line.starts_with("n1")).collect();
        assert!(told.contains(tells), "{host} does not tell {tells:?}:\n{}", said.out);
    }
    assert!(said.out.contains("-ssh-ed25519 AAAA thief"), "{}", said.out);
    story.ketupa("apply", &["--yes"]).ends(0, &["8 hosts changed"]);
    story.ketupa("drift", &[]).ends(0, &["20 as declared"]);
}

fn a_broken_file_goes_live_nowhere(story: &Story) {
    let before = story.sh("router", "sha256sum /etc/bird/bird.conf");
    story.template("bird/bird.conf", "router id of nobody;\n");
    story.template(
        "local/timer",
        "# anew\n[Timer]\nOnCalendar={{ when }}\n[Install]\nWantedBy=timers.target\n",
    );
    let said = story.ketupa("apply", &["--yes"]);
    let said = said.ends(1, &["bird does not accept the staged files", "19 changed, 1 failed"]);
    assert!(said.out.contains("router: refused, nothing was touched"), "{}", said.out);
    assert_eq!(story.sh("router", "sha256sum /etc/bird/bird.conf"), before);
    story.built_in("bird/bird.conf");
    story.built_in("local/timer");
}

fn one_that_is_cut_off_comes_back_and_the_others_go_on(story: &Story) {
    story.sh(CUT, &format!("grep -q {ORIGINS} /etc/nftables.conf"));
    let before = story.sh(CUT, "sha256sum /etc/nftables.conf; nft -s list table inet ketupa");
    story.template("nftables/nftables.conf", SHUT);
    let words = ["--yes", "--confirm-within", "30s"];
    let said = story.ketupa("apply", &words).ends(1, &["19 changed, 1 failed"]);
    assert!(said.out.contains(&format!("{CUT}: undone, it is as before")), "{}", said.out);
    let after = story.sh(CUT, "sha256sum /etc/nftables.conf; nft -s list table inet ketupa");
    assert_eq!(before, after);
    story.built_in("nftables/nftables.conf");
}

fn who_leaves_is_shut_out(story: &Story, model: &str) {
    let (before, rest) = model.split_once("[account.alice]").unwrap();
    let (_, after) = rest.split_once("[account.bot]").unwrap();
    story.declare(&format!("{before}[account.bot]{after}"));
    story.ketupa("apply", &["--yes"]).ends(0, &["20 hosts changed", "shut out the user alice"]);
    story.sh("n01", "test -f /home/alice/.profile && test ! -e /home/alice/.ssh/authorized_keys");
    story.sh("n01", "test \"$(getent shadow alice | cut -d : -f 8)\" = 1");
    story.ketupa("drift", &[]).ends(0, &["20 as declared"]);
}
