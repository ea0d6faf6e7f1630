//! A change that shuts the operator out is taken back by the host.

use std::time::Instant;

use crate::stage::Story;

/// A filter that `nft -c` accepts and every connection that is open survives; no new one comes in.
const SHUT: &str = "#!/usr/sbin/nft -f
table inet ketupa
delete table inet ketupa
table inet ketupa {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
    }
}
";

/// Ends the program and its connections at the operator's desk.
const GONE: &str = "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in */proc/1/exe' 'apply* | ssh' '*) \
    kill -9 ${p#/proc/} ;; esac; done; true";

#[test]
fn a_filter_that_shuts_ssh_out_is_undone_by_the_host() {
    let story = Story::begin();
    story.ketupa("apply", &["--yes"]).ends(0, &["2 hosts changed"]);
    let before = story.sh("server", "sha256sum /etc/nftables.conf; nft -s list table inet ketupa");

    // The operator shares connections: the one that is open survives the filter, and proves nothing.
    let shared = "ControlMaster auto\nControlPath /root/shared-%C\nControlPersist 60";
    story
        .at_desk(&format!("sed -i '1i {}' /root/config", shared.replace('\n', "\\n")))
        .ends(0, &[]);
    story.template("nftables/nftables.conf", SHUT);
    let begun = Instant::now();
    let words = ["--yes", "--host", "server", "--confirm-within", "4s"];
    let said = story.ketupa("apply", &words);
    let alive = "for s in /root/shared-*; do ssh -F /root/config -O check server; done";
    story.at_desk(alive).ends(0, &["Master running"]);
    let seconds = begun.elapsed().as_secs();
    let said =
        said.ends(1, &["undone, it is as before", "no new connection reached it within 4 s"]);
    assert!(said.out.contains("the host undid a change by itself"), "{}", said.out);
    assert!((4..60).contains(&seconds), "{seconds} s");
    let after = story.sh("server", "sha256sum /etc/nftables.conf; nft -s list table inet ketupa");
    assert_eq!(before, after);
    // New connections work again, and all is as it was declared before.
    story.built_in("nftables/nftables.conf");
    story.ketupa("drift", &[]).ends(0, &["2 as declared"]);
}

#[test]
fn a_filter_that_kills_the_connection_that_made_it_is_undone_too() {
    let story = Story::begin();
    story.ketupa("apply", &["--yes", "--host", "server"]).ends(0, &[]);
    let before = story.sh("server", "sha256sum /etc/nftables.conf");
    story.template(
        "nftables/nftables.conf",
        &SHUT.replace("ct state established,related accept", ""),
    );
    let words = ["--yes", "--host", "server", "--confirm-within", "3s"];
    // No answer comes: ssh gives up, and the host has long undone it.
    let said = story.ketupa("apply", &words).ends(1, &["undone, it is as before"]);
    assert!(said.out.contains("the host undid a change by itself"), "{}", said.out);
    assert_eq!(story.sh("server", "sha256sum /etc/nftables.conf"), before);
}

#[test]
fn an_operator_who_disappears_leaves_the_host_as_it_was() {
    let story = Story::begin();
    story.ketupa("apply", &["--yes"]).ends(0, &[]);
    let before = story.sh("server", "sha256sum /etc/nftables.conf");
    story.template("nftables/nftables.conf", SHUT);
    let words = ["--yes", "--host", "server", "--confirm-within", "20s"];
    let mut gone = story.start("apply", &words);
    crate::stage::soon(60, || match story.sh("server", "sha256sum /etc/nftables.conf") {
        now if now != before => Ok(()),
        _ => Err("the change is not live".into()),
    });
    story.at_desk(GONE).ends(0, &[]);
    gone.wait().unwrap();
    // Nobody is there any more; the host knows what to do.
    crate::stage::soon(60, || match story.sh("server", "sha256sum /etc/nftables.conf") {
        now if now == before => Ok(()),
        _ => Err("the change is still live".into()),
    });
    story.built_in("nftables/nftables.conf");
    story.ketupa("plan", &[]).ends(0, &["the host undid a change by itself", "2 as declared"]);
    story.ketupa("apply", &["--yes"]).ends(0, &["the host undid a change by itself"]);
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["0 hosts changed"]);
    assert_eq!(said.out, "", "it is told once");
}
