//! An agent on every host of the example, and a real server that they send to: all that is declared is
//! told to be well, what breaks alerts by its own name and nothing else does, and no longer than it is broken.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use model::{Isp, Named as _};

use crate::server::Server;
use crate::stage::{Declared, Living, soon};

/// The host of the server, at another company.
const SERVER: &str = "monitoring";
/// Often, so that a story need not last: what is asked stays the same. Nobody plays the proxy with TLS, and the
/// firewalls let services reach ports of the web only.
const WATCH: &str = "token    = \"env:KETUPA_AGENTS\"\nurl      = \"http://monitoring.neutrinet.be\"\n\
                     interval = \"10s\"\nevery    = \"15s\"";

/// What stops: the holders of an address, all proxies, one session of an edge, the agent of one place. What is
/// done about each is its own business: they break at the same time, because alerts take their time.
const STOPS: [(&str, &str); 5] = [
    ("core-03", "keepalived"),
    ("core-04", "keepalived"),
    ("lb-01", "haproxy"),
    ("lb-02", "haproxy"),
    ("probe-01", "ketupa-agent"),
];
/// Not of a transit: an edge that lost its own has no way to a server elsewhere, and is not heard at all.
const SESSIONS: &str = "\"bgp_cloudflare_bnix_*\"";

#[test]
fn agents_tell_of_all_that_is_declared_and_of_what_breaks() {
    let begun = Instant::now();
    let tell = |text: &str| println!("{:6.1} s  {text}", begun.elapsed().as_secs_f32());
    let declared = Declared::example("neutrinet", "agents");
    declared.edit("isp.toml", "token  = \"pass:infra/watch/agents\"", WATCH);
    let network = declared.up_with_agents();
    tell("the twin is up");
    let server = Server::start(&network, SERVER);
    tell_of_backups(&network);

    let hosts = soon(90, || server.hosts());
    let checks = soon(90, || server.checks());
    tell(&format!("{hosts} agents tell that all of {checks} checks are well"));

    breaks(&network, "stop", "disable");
    let expected = expected(&network.isp);
    soon(120, || server.tells(&expected));
    // Who has waited for long enough is a cause by itself: nothing of the rest explains it, or follows.
    soon(60, || match server.causes()?.get("VipUnheld vip.meme").map(Vec::as_slice) {
        Some([]) => Ok(()),
        other => Err(format!("VipUnheld vip.meme has {other:?} below it")),
    });
    tell(&format!("{} alerts, each of what is broken", expected.len()));
    let found = "/proc/1/exe agent --once --config /etc/ketupa/agent.toml 2>&1";
    let found = network.says("core-03", found);
    assert!(found.contains("ketupa_vip_held{vip=\"vip.meme\"} 0\n"), "{found}");

    breaks(&network, "start", "enable");
    soon(120, || server.tells(&BTreeSet::new()));
    soon(60, || server.checks());
    tell("nothing alerts any more");

    let folder = network.rehearsal().folder();
    drop(server);
    assert_eq!(network.ketupa("down", &[]).code, 0);
    assert!(!folder.exists(), "{} is left", folder.display());
    assert_eq!(processes(&network), 0, "agents go on");
}

/// What must alert, and nothing else: the certificate is shown by the proxies, which every service is behind.
fn expected(isp: &Isp) -> BTreeSet<String> {
    let services =
        isp.services.values().map(|service| format!("ServiceDown service.{}", service.name()));
    let others = [
        "VipUnheld vip.meme",
        "SessionDown neighbor.cloudflare.session.bnix",
        "CertificateUnusable certificate.neutrinet",
        "HostUnseen host.probe-01",
    ];
    services.chain(others.map(str::to_owned)).collect()
}

fn breaks(network: &Living, unit: &str, session: &str) {
    for (host, name) in STOPS {
        network.says(host, &format!("systemctl {unit} {name}"));
    }
    network.says("edge-01", &format!("birdc '{session} {SESSIONS}'"));
}

/// What makes copies has ended well on each host that is saved: nobody makes any here.
fn tell_of_backups(network: &Living) {
    for backup in network.isp.backups.values() {
        let text = "/var/lib/ketupa-text";
        let name = &backup.name;
        let told = format!(
            "printf 'ketupa_backup_last_success_seconds{{backup=\"{name}\"}} %s\\n' \
             \"$(date +%s)\" > {text}/{name}.tmp && mv {text}/{name}.tmp {text}/{name}.prom"
        );
        for id in network.isp.saved(backup) {
            network.says(network.isp.hosts[id].name(), &told);
        }
    }
}

/// How many processes of this story's containers are there.
fn processes(network: &Living) -> usize {
    let name = network.declared.folder().rsplit('/').next().unwrap();
    let found = Command::new("pgrep").args(["--full", &format!("twin/{name}")]).output().unwrap();
    String::from_utf8_lossy(&found.stdout).lines().count()
}
