//! Debian's own units run as on a real host.

use twin::Answer;

use crate::bench::{Bench, lan, soon};

fn host(name: &str) -> Bench {
    let bench = Bench::up(&lan(name, &["a"]));
    bench.addressed("a", "eth0", &["10.0.0.1/24"]);
    bench
}

fn property(bench: &Bench, unit: &str, key: &str) -> String {
    let Answer { out, .. } = bench.systemctl("a", &["show", "--value", "-p", key, unit]).unwrap();
    out.trim().to_owned()
}

/// Starts, reloads, restarts and stops a unit; each must show in its main process.
fn lives(bench: &Bench, unit: &str) {
    bench.says("a", &format!("systemctl start {unit}"));
    let first = property(bench, unit, "MainPID");
    bench.says("a", &format!("systemctl is-active {unit} && kill -0 {first}"));
    bench.says("a", &format!("systemctl reload-or-restart {unit}; systemctl is-active {unit}"));
    bench.says("a", &format!("systemctl restart {unit}; systemctl is-active {unit}"));
    assert_ne!(property(bench, unit, "MainPID"), first, "{unit}");
    bench.says("a", &format!("systemctl stop {unit}"));
    assert_eq!(
        bench.tries("a", &format!("systemctl is-active {unit}")),
        (3, "inactive\n".to_owned()),
        "{}",
        bench.unit_log("a", unit).unwrap()
    );
}

const BIRD: &[u8] = b"router id 10.0.0.1;\nprotocol device {}\nprotocol static { ipv4; route 10.9.0.0/16 blackhole; }\n";

#[test]
fn twin_bird_lives_as_its_unit_says() {
    let bench = host("bird");
    bench.write("a", "/etc/bird/bird.conf", BIRD).unwrap();
    lives(&bench, "bird");
    bench.says("a", "systemctl start bird");
    soon("bird has the route", || bench.tries("a", "birdc show route").1.contains("10.9.0.0/16"));
    assert_eq!(bench.says("a", "ps -o user= -C bird"), "bird\n");
    bench.write("a", "/etc/bird/bird.conf", b"nonsense\n").unwrap();
    bench.says("a", "systemctl is-active bird");
    let (code, text) = bench.tries("a", "systemctl restart bird");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("bird.conf:1"), "{text}");
    assert_eq!(bench.tries("a", "systemctl is-failed bird"), (0, "failed\n".to_owned()));
}

#[test]
fn twin_killed_bird_comes_back_and_stopped_bird_does_not() {
    let bench = host("abort");
    bench.write("a", "/etc/bird/bird.conf", BIRD).unwrap();
    bench.says("a", "systemctl start bird");
    let first = property(&bench, "bird", "MainPID");
    bench.kill("a", "bird").unwrap();
    soon("bird is back", || !["0", &first].contains(&property(&bench, "bird", "MainPID").as_str()));
    assert_eq!(property(&bench, "bird", "NRestarts"), "1");
    // Restart=on-abort: an orderly end is the end.
    soon("bird ends", || bench.tries("a", "birdc down").0 == 0);
    soon("bird is down", || property(&bench, "bird", "ActiveState") == "inactive");
}

#[test]
fn twin_service_that_keeps_dying_is_given_up() {
    let bench = host("limit");
    let unit = b"[Service]\nExecStart=/bin/sh -c 'echo born; exit 3'\nRestart=on-failure\n";
    bench.write("a", "/etc/systemd/system/mayfly.service", unit).unwrap();
    bench.says("a", "systemctl start mayfly");
    soon("it is given up", || property(&bench, "mayfly", "Result") == "start-limit-hit");
    assert_eq!(bench.unit_log("a", "mayfly").unwrap().matches("born").count(), 5);
    assert_eq!(bench.tries("a", "systemctl start mayfly").0, 1);
    bench.says("a", "systemctl reset-failed mayfly; systemctl start mayfly");
}

#[test]
fn twin_keepalived_holds_an_address() {
    let bench = host("vrrp");
    let text = b"vrrp_instance v {\n interface eth0\n virtual_router_id 7\n priority 100\n advert_int 1\n use_vmac vrv\n vmac_xmit_base\n virtual_ipaddress { 10.0.0.9/24 }\n}\n";
    // Without a configuration its unit does not want to run, and that is no failure.
    bench.says("a", "rm -f /etc/keepalived/keepalived.conf; systemctl start keepalived");
    assert_eq!(bench.tries("a", "systemctl is-active keepalived").0, 3);
    bench.write("a", "/etc/keepalived/keepalived.conf", text).unwrap();
    lives(&bench, "keepalived");
    bench.says("a", "systemctl start keepalived");
    soon("the address is there", || bench.says("a", "ip addr").contains("10.0.0.9/24"));
    let log = bench.program_log("a", "Keepalived_vrrp").unwrap();
    assert!(log.contains("Entering MASTER STATE"), "{log}");
}

#[test]
fn twin_haproxy_and_caddy_serve() {
    let bench = host("web");
    bench.write("a", "/etc/caddy/Caddyfile", b":8081 {\n respond caddy\n}\n").unwrap();
    let haproxy = b"global\n chroot /var/lib/haproxy\n stats socket /run/haproxy/admin.sock\n user haproxy\n group haproxy\n log /dev/log local0\ndefaults\n log global\n option httplog\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nfrontend f\n bind :80\n default_backend b\nbackend b\n server s 127.0.0.1:8081\n";
    bench.write("a", "/etc/haproxy/haproxy.cfg", haproxy).unwrap();
    lives(&bench, "caddy");
    lives(&bench, "haproxy");
    bench.says("a", "systemctl start caddy haproxy");
    assert_eq!(bench.says("a", "curl -s http://10.0.0.1/"), "caddy");
    assert_eq!(bench.says("a", "ps -o user= -C caddy"), "caddy\n");
    // Debian runs it in a chroot, and gives it the log there.
    soon("the request is logged", || {
        bench.program_log("a", "haproxy").is_ok_and(|log| log.contains("GET / HTTP"))
    });
    let before = property(&bench, "haproxy", "MainPID");
    bench.says("a", "systemctl reload haproxy");
    assert_eq!(property(&bench, "haproxy", "MainPID"), before);
    assert_eq!(bench.says("a", "curl -s http://10.0.0.1/"), "caddy");
    bench.write("a", "/etc/haproxy/haproxy.cfg", b"nonsense\n").unwrap();
    assert_eq!(bench.tries("a", "systemctl reload haproxy").0, 1);
    bench.says("a", "systemctl is-active haproxy");
}

#[test]
fn twin_firewall_units_run() {
    let bench = host("fw");
    bench.write("a", "/etc/nftables.conf", b"flush ruleset\ntable inet t {\n chain c {\n  type filter hook input priority 0\n  ct state established accept\n }\n}\n").unwrap();
    bench.says("a", "systemctl start nftables; nft list ruleset | grep established");
    assert_eq!(property(&bench, "nftables", "SubState"), "exited");
    bench.says("a", "systemctl stop nftables; test -z \"$(nft list ruleset)\"");
    let conntrackd = b"Sync {\n Mode FTFW {\n }\n UDP {\n  IPv4_address 10.0.0.1\n  IPv4_Destination_Address 10.0.0.2\n  Port 3780\n  Interface eth0\n }\n}\nGeneral {\n LockFile /var/lock/conntrack.lock\n UNIX {\n  Path /var/run/conntrackd.ctl\n }\n Systemd on\n}\n";
    bench.write("a", "/etc/conntrackd/conntrackd.conf", conntrackd).unwrap();
    lives(&bench, "conntrackd");
}

#[test]
fn twin_stayrtr_runs_as_its_own_user() {
    let bench = host("rtr");
    bench
        .write(
            "a",
            "/etc/default/stayrtr",
            b"STAYRTR_ARGS='-bind :323 -cache /etc/vrps.json -checktime=false'\n",
        )
        .unwrap();
    bench
        .write(
            "a",
            "/etc/vrps.json",
            br#"{"metadata":{},"roas":[{"asn":"AS64500","prefix":"192.0.2.0/24","maxLength":24}]}"#,
        )
        .unwrap();
    lives(&bench, "stayrtr");
    bench.says("a", "systemctl start stayrtr");
    // A port below 1024 without root: the right comes from the unit.
    soon("it listens", || bench.tries("a", "nc -z 127.0.0.1 323").0 == 0);
    assert_eq!(bench.says("a", "ps -o user:20= -C stayrtr"), "_stayrtr\n");
}

#[test]
fn twin_overrides_environment_and_folders_reach_a_service() {
    let bench = host("unit");
    let unit = b"[Service]\nType=forking\nUser=daemon\nRuntimeDirectory=%p\nPIDFile=/run/probe/pid\nEnvironment=A=1\nExecStart=/bin/false\n";
    bench.write("a", "/etc/systemd/system/probe@.service", unit).unwrap();
    let drop_in = b"[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo $A $B %i $RUNTIME_DIRECTORY; id -un; (setsid sleep 2000 &); sleep 1000 & echo $$! > /run/probe/pid'\nEnvironment=\"B=two words\"\nExecStop=/bin/sh -c 'echo stop $MAINPID'\n";
    bench.write("a", "/etc/systemd/system/probe@.service.d/x.conf", drop_in).unwrap();
    bench.says("a", "systemctl start probe@one");
    let main = property(&bench, "probe@one", "MainPID");
    bench.says("a", &format!("kill -0 {main} && test $(stat -c %U /run/probe) = daemon"));
    bench.says("a", "pgrep -f 'sleep 2000'");
    bench.says("a", "systemctl stop probe@one; test ! -e /run/probe");
    // Also what slipped away from the main process.
    assert_eq!(bench.tries("a", "pgrep -x sleep"), (1, String::new()));
    assert_ne!(bench.tries("a", &format!("kill -0 {main}")).0, 0);
    let log = bench.unit_log("a", "probe@one").unwrap();
    assert_eq!(log, format!("1 two words one /run/probe\ndaemon\nstop {main}\n"));
}

#[test]
fn twin_systemctl_answers_like_the_real_one() {
    let bench = host("codes");
    for (command, code) in [
        ("start no-such-unit", 5),
        ("status no-such-unit", 4),
        ("status bird", 3),
        ("is-active bird", 3),
        ("reload bird", 1),
        ("stop bird", 0),
        ("try-restart bird", 0),
        ("try-reload-or-restart bird", 0),
        ("enable no-such-unit", 1),
        ("is-enabled bird", 1),
        ("enable bird", 0),
        ("is-enabled bird", 0),
        ("mask bird", 0),
        ("start bird", 1),
        ("unmask bird", 0),
        ("disable bird", 0),
        ("daemon-reload", 0),
        ("frobnicate bird", 1),
    ] {
        let (actual, text) = bench.tries("a", &format!("systemctl {command}"));
        assert_eq!(actual, code, "{command}: {text}");
    }
    let shown = bench.says("a", "systemctl show -p LoadState,UnitFileState -- nothing bird");
    assert_eq!(
        shown,
        "LoadState=not-found\nUnitFileState=\n\nLoadState=loaded\nUnitFileState=disabled\n"
    );
}

#[test]
fn twin_what_runs_keeps_its_unit_until_daemon_reload() {
    let bench = host("cache");
    let unit =
        |word: &str| format!("[Service]\nExecStart=/bin/sh -c 'echo {word}; exec sleep 1000'\n");
    let path = "/etc/systemd/system/probe.service";
    bench.write("a", path, unit("old").as_bytes()).unwrap();
    bench.says("a", "systemctl start probe");
    bench.write("a", path, unit("new").as_bytes()).unwrap();
    bench.says("a", "systemctl restart probe; systemctl daemon-reload; systemctl restart probe");
    soon("it spoke thrice", || bench.unit_log("a", "probe").unwrap() == "old\nold\nnew\n");
}
