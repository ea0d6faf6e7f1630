//! Hosts that stand in for each other are changed one after the other, and not at all after a failure.

use crate::stage::Story;

/// Two of a kind, side by side on a segment.
const PAIR: &str = r#"
[host.rpki-01]
role = "validator"
site = "here"
nic.lan  = { segment = "lan", ipv4 = "80.67.191.31", ipv6 = "2001:913:1000::31" }
nic.mgmt = { segment = "management", ipv4 = "10.9.0.31" }

[host.rpki-02]
role = "validator"
site = "here"
nic.lan  = { segment = "lan", ipv4 = "80.67.191.32", ipv6 = "2001:913:1000::32" }
nic.mgmt = { segment = "management", ipv4 = "10.9.0.32" }
"#;

#[test]
fn a_pair_is_never_changed_at_the_same_time_nor_after_a_failure() {
    let story = Story::with(PAIR);
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["4 hosts changed"]);
    assert!(said.err.contains("wave 1 of 2: router, rpki-01, server"), "{}", said.err);
    let (first, second) = said.err.split_once("wave 2 of 2: rpki-02").unwrap();
    assert!(first.contains("rpki-01: done") && second.contains("rpki-02: done"), "{}", said.err);

    // What fails on the first is not tried on the second.
    story.template("nftables/nftables.conf", "table of nobody\n");
    let said = story.ketupa("apply", &["--yes", "--host", "rpki-01,rpki-02"]);
    let said = said.ends(1, &["rpki-01: refused, nothing was touched", "1 failed, 1 not begun"]);
    let left = "rpki-02: not begun: an earlier wave is not well";
    assert!(said.out.contains(left), "{}", said.out);
    story.built_in("nftables/nftables.conf");

    // Nor is one touched while nobody knows how the other is.
    story.twin().systemctl("rpki-01", &["stop", "ssh.service"]).unwrap();
    for host in ["rpki-02", "server"] {
        story.sh(host, "echo '# by hand' >>/etc/nftables.conf");
    }
    let said = story.ketupa("apply", &["--yes"]).ends(1, &["server: done", "1 not begun"]);
    for line in [
        "rpki-02: not begun: rpki-01 shares segment.lan with it and does not answer",
        "not touched because they are unknown: rpki-01",
    ] {
        assert!(said.out.contains(line), "{}", said.out);
    }
    story.sh("rpki-02", "grep -q 'by hand' /etc/nftables.conf");
}
