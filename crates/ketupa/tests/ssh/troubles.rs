//! Every way in which a host cannot be reached has its own words, and is no matter of the others.

use crate::stage::Story;

/// Hosts that each have their own trouble, all in one container's shadow or their own.
const HOSTS: &str = r#"
[host.full]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.21" }

[host.foreign]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.22" }

[host.stranger]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.23" }

[host.changed]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.24" }

[host.beggar]
role = "server"
site = "here"
ssh  = "ops@beggar"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.25" }

[host.nameless]
role = "server"
site = "here"
ssh  = "nobody-knows.invalid"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.26" }

[host.closed]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.27" }

[host.away]
role = "server"
site = "here"
ssh  = "10.9.0.250"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.28" }

[host.denied]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.29" }

[host.busy]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.30" }

[host.cramped]
role = "server"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.9.0.31" }
"#;

/// What each host's trouble is called.
const SAYS: [(&str, &str); 10] = [
    ("full", "its disk is full: nothing was changed"),
    ("foreign", "its processor is aarch64"),
    ("stranger", "its host key is not known here"),
    ("changed", "its host key is not the one that is known for changed"),
    ("beggar", "sudo refuses to make the login root"),
    ("nameless", "the name nobody-knows.invalid leads nowhere"),
    ("closed", "it refuses connections"),
    ("away", "there is no way to it from here"),
    ("denied", "it accepts no key of yours"),
    ("busy", "another apply is changing this host at this moment"),
];

#[test]
fn each_trouble_has_its_own_words_and_is_no_matter_of_the_others() {
    let story = Story::with(HOSTS);
    prepare(&story);
    // Who says no to what is known has not heard of the rest.
    let apply = "/proc/1/exe apply /root/isp --today 2022-01-09 --ssh-config /root/config \
                 --executor /root/ketupa-host";
    let said = story.at_desk(&format!("echo no | script -qec '{apply}' /dev/null"));
    said.ends(1, &["nothing was changed", "10 unknown"]);
    let said = story.ketupa("apply", &["--yes"]).ends(1, &["10 unknown"]);
    for (host, says) in SAYS {
        let (_, told) = said.out.split_once(&format!("\n{host}: unknown\n")).unwrap_or_else(|| {
            assert!(said.out.starts_with(&format!("{host}: unknown\n")), "{host}: {}", said.out);
            ("", &said.out)
        });
        let told: Vec<&str> = told
            .lines()
            .take_while(|line| line.starts_with(' ') || line.starts_with(host))
            .collect();
        assert!(
            told.join("\n").contains(says),
            "{host} does not say {says:?}: {told:#?}\n{}",
            said.err
        );
    }
    let cramped = "cramped: refused, nothing was touched: cannot stage /etc/systemd/network/";
    assert!(said.out.contains(cramped) && said.out.contains("No space left"), "{}", said.out);
    story.sh("cramped", "test -z \"$(ls /etc/systemd/network)\"");
    // The others are what they shall be.
    for host in ["router", "server"] {
        assert!(said.out.contains(&format!("{host}: done")), "{}", said.out);
    }
    story.ketupa("drift", &["--host", "router,server"]).ends(0, &["2 as declared"]);
    // What was refused has changed nothing.
    story.sh(
        "full",
        "test ! -e /var/lib/ketupa && test ! -e /etc/systemd/network/60-ketupa-mgmt.link",
    );
}

fn prepare(story: &Story) {
    story.sh(
        "cramped",
        "mkdir -p /etc/systemd/network && mount -t tmpfs -o nr_inodes=1 small /etc/systemd/network",
    );
    story.sh("full", "mkdir -p /var/cache/ketupa && mount -t tmpfs -o size=64k,nr_inodes=20 small /var/cache/ketupa");
    story.sh("foreign", "mkdir -p /usr/local/bin && printf '#!/bin/sh\\necho aarch64\\n' >/usr/local/bin/uname && chmod 755 /usr/local/bin/uname");
    story.at_desk("sed -i '/^stranger /d' /root/known").ends(0, &[]);
    story.at_desk("ssh-keygen -q -t ed25519 -N '' -f /root/other && sed -i '/^changed /d' /root/known && echo changed $(cut -d ' ' -f 1,2 /root/other.pub) >>/root/known").ends(0, &[]);
    story.sh("beggar", "useradd --create-home --shell /bin/sh ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh");
    let stopped = story.twin().systemctl("closed", &["stop", "ssh.service"]).unwrap();
    assert_eq!(stopped.code, 0, "{stopped:?}");
    story.sh("denied", "rm /root/.ssh/authorized_keys");
    // As another executor at work holds it.
    story.sh("busy", "mkdir -p /var/lib/ketupa && chmod 700 /var/lib/ketupa && (setsid flock /var/lib/ketupa/lock sleep 600 >/dev/null 2>&1 </dev/null &)");
}
