//! Two bare machines become a core router and a web host; then hands, mistakes, kills and a power cut.

use std::time::{Duration, Instant};

use crate::desk::{BOTH, Desk, soon};
use crate::role::a_role_that_nobody_here_wrote_runs_on_the_declared_hosts;

const BIRD: &str = "/etc/bird/bird.conf";
/// A filter that `nft -c` accepts and that lets no new connection in.
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
/// Waits until a change begins, then for `$1` seconds, and ends the executor.
const KILL: &str = "until [ -e /var/lib/ketupa/journal.json ]; do sleep 0.01; done; sleep DELAY; \
    for p in /proc/[0-9]*; do case $(readlink $p/exe) in */ketupa/executor/*) \
    [ $(tr '\\0' '\\n' <$p/cmdline | wc -l) -gt 1 ] || kill -9 ${p#/proc/} ;; esac; done; true";
/// What the changes of the last scenes touch.
const STATE: &str = "cat /etc/network/interfaces /etc/hosts | sha256sum; \
    ip -o -4 address show dev enp0s3 | grep -o 'inet [^ ]*'; ls -a /etc /etc/network | grep ketupa || true";

#[test]
fn real_machines_become_what_is_declared_and_stay_so() {
    let mut desk = Desk::begin();
    let begun = Instant::now();
    let scene = |name: &str| println!("{:6.1} s  {name}", begun.elapsed().as_secs_f32());
    scene("bare machines become a core router and a web host");
    become_what_is_declared(&desk);
    the_router_routes_and_the_site_is_served(&desk);
    scene("a second apply changes nothing");
    desk.ketupa("apply", BOTH, &["--yes"]).ends(0, &["2 as declared", "0 hosts changed"]);
    scene("a hand is noticed and put back");
    a_hand_is_noticed_and_put_back(&desk);
    scene("a broken file never goes live");
    a_broken_file_never_goes_live(&desk);
    scene("a filter that shuts ssh out is undone");
    a_filter_that_shuts_ssh_out_is_undone(&desk);
    scene("the executor is killed twenty times");
    kills_leave_the_old_state_or_the_new_one(&desk);
    scene("the power fails in the middle of a change");
    a_power_cut_leaves_the_old_state_or_the_new_one(&mut desk);
    scene("a role that nobody here wrote");
    a_role_that_nobody_here_wrote_runs_on_the_declared_hosts(&desk);
    scene("the end");
}

fn become_what_is_declared(desk: &Desk) {
    desk.ketupa("plan", BOTH, &[]).ends(0, &["install bird2", "install caddy", "install haproxy"]);
    desk.ketupa("apply", BOTH, &["--yes"]).ends(0, &["2 hosts changed"]);
    for host in BOTH {
        let failed = desk.sh(host, "systemctl --failed --no-legend --plain");
        assert_eq!(failed, "", "{host}");
    }
}

/// Debian's kernel has what a twin's may lack: management has a VRF, and ssh goes on through it.
fn the_router_routes_and_the_site_is_served(desk: &Desk) {
    desk.sh("core", "birdc show status | grep 'Router ID is 80.67.191.253'");
    desk.sh(
        "core",
        "ip vrf show vrf-enp0s2 && nft list chain inet ketupa input | grep 'policy drop'",
    );
    soon(30, || match desk.tries("web", "ping -c 1 -W 1 80.67.191.1") {
        said if said.code == 0 => Ok(()),
        said => Err(said.all),
    });
    desk.sh("web", "mkdir -p /srv/www/www && echo 'an owl at night' >/srv/www/www/index.html");
    let ask = "curl -sS --insecure --max-time 10 --resolve www.isp.example:443:80.67.191.10 \
               https://www.isp.example/";
    soon(30, || match desk.tries("web", ask) {
        said if said.all.contains("an owl at night") => Ok(()),
        said => Err(said.all),
    });
}

fn a_hand_is_noticed_and_put_back(desk: &Desk) {
    let before = desk.sh("core", &format!("sha256sum {BIRD}"));
    desk.sh("core", &format!("echo '# just for a moment' >>{BIRD}"));
    desk.sh("web", "systemctl stop caddy");
    let by_hand = "changed by hand since Ketupa wrote it";
    desk.ketupa("drift", BOTH, &[]).ends(1, &[by_hand, "-# just for a moment", "caddy.service"]);
    desk.ketupa("apply", BOTH, &["--yes"]).ends(0, &["reload bird.service", "2 hosts changed"]);
    assert_eq!(desk.sh("core", &format!("sha256sum {BIRD}")), before);
    desk.sh("web", "systemctl is-active caddy");
}

fn a_broken_file_never_goes_live(desk: &Desk) {
    let before = desk.sh("core", &format!("sha256sum {BIRD}"));
    desk.template("bird/bird.conf", Some("router id of nobody;\n"));
    let said = desk.ketupa("apply", &["core"], &["--yes"]);
    said.ends(1, &["bird does not accept the staged files", "nothing was touched", "syntax error"]);
    desk.template("bird/bird.conf", None);
    assert_eq!(desk.sh("core", &format!("birdc show status >&2 && sha256sum {BIRD}")), before);
    desk.ketupa("drift", BOTH, &[]).ends(0, &["2 as declared"]);
}

fn a_filter_that_shuts_ssh_out_is_undone(desk: &Desk) {
    let state = "sha256sum /etc/nftables.conf; nft -s list table inet ketupa";
    let before = desk.sh("web", state);
    desk.template("nftables/nftables.conf", Some(SHUT));
    let words = ["--yes", "--confirm-within", "15s"];
    let said = desk.ketupa("apply", &["web"], &words);
    said.ends(1, &["undone, it is as before", "no new connection reached it within 15 s"]);
    assert_eq!(desk.sh("web", state), before);
    desk.template("nftables/nftables.conf", None);
    desk.ketupa("drift", BOTH, &[]).ends(0, &["2 as declared"]);
}

/// The other address of the web host: a change that may cut it off.
fn other(model: &str) -> String {
    let (ten, eleven) = ("80.67.191.10\"", "80.67.191.11\"");
    if model.contains(ten) { model.replace(ten, eleven) } else { model.replace(eleven, ten) }
}

const ONE: &[&str] = &["web"];
const WORDS: &[&str] = &["--yes", "--confirm-within", "25s"];

fn kills_leave_the_old_state_or_the_new_one(desk: &Desk) {
    let mut now = desk.sh("web", STATE);
    let begun = Instant::now();
    desk.declare(&other(&desk.model()));
    desk.ketupa("apply", ONE, WORDS).ends(0, &[]);
    let whole = begun.elapsed();
    let mut then = desk.sh("web", STATE);
    assert_ne!(now, then);
    std::mem::swap(&mut now, &mut then);
    let mut undone = 0;
    for step in 0..20_u32 {
        let declared = desk.model();
        desk.declare(&other(&declared));
        let delay = whole.mul_f64(f64::from(step) / 30.0).as_secs_f64();
        let mut killer = desk.leaves("web", &KILL.replace("DELAY", &format!("{delay:.3}")));
        let said = desk.ketupa("apply", ONE, WORDS);
        // A change that was over too soon leaves the killer waiting.
        let _ended = killer.kill().and_then(|()| killer.wait());
        let found = settled(desk);
        assert!(found == now || found == then, "step {step}: {found}\n{}", said.all);
        assert_eq!(said.code == 0, found == then, "step {step}: {}", said.all);
        if found == then {
            std::mem::swap(&mut now, &mut then);
        } else {
            undone += 1;
            desk.declare(&declared);
        }
        desk.ketupa("drift", ONE, &[]).ends(0, &["1 as declared"]);
    }
    println!("          {undone} of 20 kills left it as before");
    assert!(undone > 0, "no kill hit a change");
}

/// What the web host shows once no change is on its way.
fn settled(desk: &Desk) -> String {
    soon(90, || match desk.tries("web", "test ! -e /var/lib/ketupa/journal.json") {
        said if said.code == 0 => Ok(()),
        said => Err(said.all),
    });
    desk.sh("web", STATE)
}

fn a_power_cut_leaves_the_old_state_or_the_new_one(desk: &mut Desk) {
    let before = desk.sh("web", STATE);
    let declared = desk.model();
    desk.declare(&other(&declared));
    let waits = "until [ -e /var/lib/ketupa/journal.json ]; do sleep 0.01; done";
    let mut begun = desk.leaves("web", waits);
    let mut change = desk.start("apply", ONE, WORDS);
    assert!(begun.wait().unwrap().success());
    std::thread::sleep(Duration::from_millis(300));
    desk.loses_power("web");
    change.wait().unwrap();
    // The next run says which state it found, and mends what was left half done.
    desk.ketupa("apply", ONE, WORDS).ends(0, &[]);
    assert_ne!(settled(desk), before);
    desk.ketupa("apply", BOTH, WORDS).ends(0, &[]);
    desk.ketupa("drift", BOTH, &[]).ends(0, &["2 as declared"]);
    desk.sh("web", "systemctl is-active haproxy caddy nftables");
}
