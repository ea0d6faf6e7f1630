//! Bare hosts become what is declared; hands and mistakes are noticed.

use crate::stage::{Story, soon};

const BIRD: &str = "/etc/bird/bird.conf";
/// Nobody listens there: what agents measure waits.
const WATCH: &str = "[watch]\nurl = \"http://10.9.0.100:9090\"\ntoken = \"env:AGENTS\"";
const AGENT: &str = "/usr/local/lib/ketupa/ketupa-agent";

#[test]
fn bare_hosts_become_what_is_declared_and_stay_so() {
    let story = Story::with(WATCH);
    looking_needs_no_more_than_to_read(&story);
    asks_first(&story);
    becomes_what_is_declared(&story);
    the_agent_was_brought(&story);
    a_second_apply_changes_nothing(&story);
    a_program_that_was_changed_by_hand_is_put_back(&story);
    a_hand_is_noticed_and_put_back(&story);
    sudo_is_as_good_as_root(&story);
    a_broken_file_never_goes_live(&story);
}

/// A login without sudo sees what it may read; nothing of Ketupa stays in the system.
fn looking_needs_no_more_than_to_read(story: &Story) {
    let key = story.at_desk("cat /root/key.pub").out;
    for host in ["router", "server"] {
        story.sh(host, "useradd --create-home --shell /bin/bash guest && mkdir /home/guest/.ssh");
        story.write(host, "/home/guest/.ssh/authorized_keys", &key);
        // systemd tells everybody how units are; the container's stand-in for it only root.
        story.sh(host, "chmod 666 /run/twin/control");
    }
    story.at_desk("sed 's/User root/User guest/' /root/config >/root/guest").ends(0, &[]);
    let guest = ["--ssh-config", "/root/guest"];
    let server = [&guest[..], &["--host", "server"]].concat();
    story.ketupa("plan", &server).ends(0, &["change /etc/nftables.conf", "1 not as declared"]);
    // What only BIRD's group may read is unknown, and said to be.
    let said = story.ketupa("plan", &guest).ends(1, &["2 not as declared"]);
    let unread = format!("OBSTACLE {BIRD}: it cannot be read: Permission denied");
    assert!(said.out.contains(&unread), "{}", said.out);
    for host in ["router", "server"] {
        let left = "ls -d /var/lib/ketupa /var/cache/ketupa /etc/systemd/network/*ketupa* 2>&-";
        assert_eq!(story.tries(host, left).out, "", "{host}");
    }
    story.ketupa("drift", &server).ends(1, &["1 not as declared"]);
    story.ketupa("apply", &[&guest[..], &["--yes"]].concat()).ends(1, &["sudo refuses"]);
}

/// On a terminal it asks, and no means no.
fn asks_first(story: &Story) {
    story.ketupa("apply", &[]).ends(2, &["--yes"]);
    let apply = "env AGENTS=not-to-be-told /proc/1/exe apply /root/isp --today 2022-01-09 --ssh-config /root/config \
                 --executor /root/ketupa-host";
    let said = story.at_desk(&format!("echo no | script -qec '{apply}' /dev/null"));
    said.ends(0, &["Change 2 hosts?", "nothing was changed"]);
}

fn becomes_what_is_declared(story: &Story) {
    assert_ne!(story.tries("router", "test -e /etc/systemd/network/60-ketupa-lan.link").code, 0);
    let binary = format!("create {AGENT} (root:root 0755)\n    the program ketupa-agent: binary, ");
    story.ketupa("plan", &[]).ends(0, &[&binary, "start and enable ketupa-agent.service"]);
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["2 hosts changed", "router: done"]);
    assert!(!format!("{}{}", said.out, said.err).contains("not-to-be-told"));
    assert!(said.err.contains("wave 1 of 1: router, server"), "{}", said.err);
    story.sh("router", "birdc show status | grep 'Router ID is 80.67.191.254'");
    story.sh("router", "nft list chain inet ketupa input | grep 'policy drop'");
    story.sh("router", "ip -4 address show dev lan | grep 80.67.191.1/25");
    story.sh("router", "test $(stat -c %a:%U /var/cache/ketupa/executor/*) = 755:root");
}

/// Program, file, token and unit, each for whom it is.
fn the_agent_was_brought(story: &Story) {
    let built = sha256(&testkit::executor().with_file_name("ketupa-agent"));
    for host in ["router", "server"] {
        story.sh(host, &format!("echo '{built}  {AGENT}' | sha256sum --check"));
        let rights = "stat -c '%a %U:%G' /usr/local/lib/ketupa/ketupa-agent /etc/ketupa/agent.toml \
                      /etc/ketupa/agent.token /var/lib/ketupa-text";
        let wanted = "755 root:root\n644 root:root\n640 root:ketupa\n755 root:root\n";
        assert_eq!(story.sh(host, rights), wanted, "{host}");
        story.sh(host, "test \"$(cat /etc/ketupa/agent.token)\" = 'not-to-be-told'");
        story.sh(host, "systemctl is-active ketupa-agent && systemctl is-enabled ketupa-agent");
        story.sh(host, "getent passwd ketupa-agent | grep /usr/sbin/nologin");
    }
    let metrics =
        "exec 3<>/dev/tcp/127.0.0.1/9100; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
    let metrics = story.sh("router", &format!("bash -c \"{metrics}\""));
    assert!(metrics.contains("\nnode_uname_info{"), "{metrics}");
    assert!(metrics.contains("collector=\"textfile\"} 1"), "{metrics}");
}

fn a_program_that_was_changed_by_hand_is_put_back(story: &Story) {
    let right = sha256(&testkit::executor().with_file_name("ketupa-agent"));
    // What runs cannot be written to: it is replaced, as people and package managers do it.
    let other =
        format!("cp {AGENT} /root/other && echo 'by hand' >>/root/other && mv /root/other {AGENT}");
    story.sh("server", &format!("{other} && chmod 4711 {AGENT}"));
    let found = story.sh("server", &format!("sha256sum {AGENT}"));
    let differs = format!("binary, {} -> {}", found.get(..12).unwrap(), right.get(..12).unwrap());
    let rights = "root:root 4711 -> root:root 0755";
    let by_hand = "changed by hand since Ketupa wrote it";
    let said = story.ketupa("drift", &[]).ends(1, &[AGENT, &differs, rights, by_hand]);
    assert!(!said.out.contains("router"), "{}", said.out);
    let restart = "restart ketupa-agent.service";
    story.ketupa("apply", &["--yes"]).ends(0, &[&differs, restart, "1 host changed"]);
    story.sh("server", &format!("echo '{right}  {AGENT}' | sha256sum --check"));
    story.sh("server", &format!("test $(stat -c %a {AGENT}) = 755"));
    // The one that runs is that one.
    let runs = "sha256sum /proc/$(pgrep -x ketupa-agent)/exe";
    assert!(story.sh("server", runs).starts_with(&right));
    story.ketupa("drift", &[]).ends(0, &["2 as declared"]);
}

fn sha256(path: &std::path::Path) -> String {
    let said = std::process::Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(said.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

fn a_second_apply_changes_nothing(story: &Story) {
    let before = story.logins("router");
    let said = story.ketupa("apply", &["--yes"]).ends(0, &["2 as declared", "0 hosts changed"]);
    assert_eq!(said.out, "");
    // Nothing to change, the executor cached: one connection.
    assert_eq!(story.logins("router") - before, 1);
    // One that is in use is not old: none that a timer needs is swept away.
    story.sh("router", "touch -d '40 days ago' /var/cache/ketupa/executor/*");
    story.ketupa("drift", &[]).ends(0, &["2 hosts: 2 as declared"]);
    story.sh("router", "find /var/cache/ketupa/executor -type f -mtime -1 | grep .");
    // One that somebody touched is never run: it travels anew.
    story.sh("router", "for f in /var/cache/ketupa/executor/*; do echo 'not this' >>$f; done");
    story.ketupa("drift", &[]).ends(0, &["2 hosts: 2 as declared"]);
    let whole = "cd /var/cache/ketupa/executor && echo \"$(ls)  $(ls)\" | sha256sum --check";
    story.sh("router", whole);
}

fn a_hand_is_noticed_and_put_back(story: &Story) {
    let before = story.sh("router", &format!("sha256sum {BIRD}"));
    story.sh("router", &format!("echo '# just for a moment' >>{BIRD}"));
    let by_hand = "changed by hand since Ketupa wrote it";
    let said = story.ketupa("drift", &[]).ends(1, &[by_hand, "-# just for a moment"]);
    assert!(said.out.contains(&format!("{BIRD}: changed ")), "{}", said.out);
    assert!(said.out.contains("s ago, its owner is bird"), "{}", said.out);
    assert!(!said.out.contains("server"), "{}", said.out);
    story.ketupa("drift", &["--host", "server"]).ends(0, &[]);
    story.ketupa("apply", &["--yes"]).ends(0, &["reload bird.service", "1 host changed"]);
    assert_eq!(story.sh("router", &format!("sha256sum {BIRD}")), before);
}

/// Also with a terminal of sudo's own between it and the executor, as Debian has it, and where sudo
/// records what goes through it.
fn sudo_is_as_good_as_root(story: &Story) {
    story.sh("server", "grep -q '^Defaults.*use_pty' /etc/sudoers");
    story.sh(
        "server",
        "useradd --create-home ops && cp -r /root/.ssh /home/ops && chown -R ops /home/ops/.ssh",
    );
    let sudoers = "Defaults log_input\nops ALL=(root) NOPASSWD: ALL\n";
    story.write("server", "/etc/sudoers.d/ops", sudoers);
    story.at_desk("sed 's/User root/User ops/' /root/config >/root/ops").ends(0, &[]);
    story.sh("server", "echo '# by hand' >>/etc/nftables.conf");
    let words = ["--ssh-config", "/root/ops", "--host", "server"];
    let said = story.ketupa("apply", &[&words[..], &["--yes"]].concat());
    said.ends(0, &["could cut it off", "1 host changed"]);
    story.ketupa("drift", &words).ends(0, &["1 as declared"]);
}

fn a_broken_file_never_goes_live(story: &Story) {
    let before = story.sh("router", &format!("sha256sum {BIRD}"));
    story.template("bird/bird.conf", "router id of nobody;\n");
    let said = story.ketupa("apply", &["--yes"]);
    said.ends(1, &["bird does not accept the staged files", "nothing was touched", "syntax error"]);
    assert_eq!(story.sh("router", &format!("sha256sum {BIRD}")), before);
    soon(5, || match story.tries("router", "birdc show status") {
        said if said.code == 0 => Ok(()),
        said => Err(said.err),
    });
    story.built_in("bird/bird.conf");
    story.ketupa("drift", &[]).ends(0, &[]);
}
