//! A gateway dies and its other half answers: soon, and never both at once.

use std::net::Ipv4Addr;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use model::ask::Family;
use rehearse::ask;

use crate::probe::{Pings, Questions};
use crate::stage::{Declared, Living, soon};

/// The gateway of `friend`.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(80, 67, 181, 1);

#[test]
fn a_dead_gateway_is_replaced_within_four_seconds_and_never_do_two_answer() {
    let network = Declared::example("neutrinet", "vips").up();
    let master = soon(5, || only(&network));
    let backup = if master == "core-01" { "core-02" } else { "core-01" };
    let questions = Questions::start(&network, ("friend", "eth0"), GATEWAY);

    silence(&network, "the master loses its power", || {
        network.twin().power_off(&master).unwrap();
        soon(4, || holds(&network, backup));
    });
    silence(&network, "it comes back", || {
        network.twin().power_on(&master).unwrap();
    });
    // One failure at a time: whoever shall take over must know the way first.
    soon(40, || converged(&network, &master));
    // All of it at once: a parent starts its child again, and a child whose parent is gone says goodbye.
    silence(&network, "keepalived of the new master crashes", || {
        network.says(backup, "pkill -STOP -x keepalived; pkill -KILL -x keepalived");
        soon(4, || holds(&network, &master));
    });
    network.says(backup, "systemctl start keepalived");
    silence(&network, "keepalived of the master stops", || {
        network.says(&master, "systemctl stop keepalived");
        soon(4, || holds(&network, backup));
    });

    let heard = questions.heard(&network);
    println!("{heard:?}");
    assert_eq!(heard.twice, 0, "{heard:?}");
    assert_eq!(heard.macs, ["00:00:5e:00:01:32"]);
    assert!(heard.answered * 10 > heard.questions * 7, "{heard:?}");
}

/// Does something while `friend` talks to its gateway and through it to the Internet. The gateway is
/// back within four seconds. The way back from the Internet may take OSPF's dead interval of four
/// seconds and the lookup of next hops on top of it.
fn silence(network: &Living, what: &str, act: impl FnOnce()) {
    let pings = |places: [&str; 2]| places.map(|to| Pings::start(network, "friend", to, 8));
    let gateway = pings(["80.67.181.1", "2001:913:1000:1::1"]);
    let internet = pings(["9.9.9.9", "2620:fe::9"]);
    sleep(Duration::from_millis(500));
    act();
    let gap = |pings: [Pings; 2]| pings.map(Pings::longest_gap).into_iter().fold(0.0, f64::max);
    let (gateway, internet) = (gap(gateway), gap(internet));
    println!("{what}: gateway {gateway:.2} s, Internet {internet:.2} s without an answer");
    assert!(gateway < 4.0, "{what}: {gateway:.2} s");
    assert!(internet < 6.0, "{what}: {internet:.2} s");
}

/// Every internal session of a router that came back: by then it knows every way out.
fn converged(network: &Living, host: &str) -> Result<(), String> {
    let mut sessions = ask::sessions(network.twin(), host)?;
    sessions.retain(|session| session.name.starts_with("ibgp_"));
    let down = sessions.iter().filter(|session| !session.is_established()).count();
    if down == 0 && !sessions.is_empty() {
        Ok(())
    } else {
        Err(format!("{down} sessions are down"))
    }
}

/// The only host that holds the gateway's address.
fn only(network: &Living) -> Result<String, String> {
    let holders = holders(network);
    if let [one] = holders.as_slice() { Ok(one.clone()) } else { Err(format!("{holders:?}")) }
}

fn holders(network: &Living) -> Vec<String> {
    let vip = &network.isp.vips[network.isp.vips.find("patata").unwrap()];
    ask::holders(network.twin(), &network.isp, vip, Family::V4)
}

fn holds(network: &Living, host: &str) -> Result<(), String> {
    let holders = holders(network);
    if holders == [host] { Ok(()) } else { Err(format!("{holders:?}")) }
}

/// The fault of a real network: neither hears the other, because a rule of the firewall drops VRRP.
#[test]
fn a_pair_that_drops_vrrp_answers_twice_and_check_had_named_it() {
    let wrong = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twin/wrong/vrrp-dropped");
    let declared = Declared::copy(&wrong, "deaf");
    let said = declared.ketupa("check");
    assert_eq!(said.code, 1);
    let said = format!("{}{}", said.out, said.err).replace(declared.folder(), ".");
    testkit::golden::check(&wrong.join("expected.txt"), &said);

    declared.write("waivers.toml", WAIVER);
    let network = declared.up();
    let vip = Ipv4Addr::new(192, 0, 2, 9);
    for host in ["left", "right"] {
        soon(10, || {
            let shown = network.says(host, "ip -o address");
            if shown.contains(&format!(" {vip}/")) { Ok(()) } else { Err(shown) }
        });
    }
    let questions = Questions::start(&network, ("member", "lan"), vip);
    sleep(Duration::from_secs(3));
    let heard = questions.heard(&network);
    println!("{heard:?}");
    assert_eq!((heard.answered, heard.twice), (heard.questions, heard.questions), "{heard:?}");
    // IPv6 routers advertise from link-local addresses: the rule with the zone's own prefix meets none.
    for source in ["ip saddr 192.0.2.0/25", "ip6 saddr fe80::/10"] {
        let shown = "nft list table inet ketupa | grep no-strangers | grep drop";
        let dropped = network.says("left", &format!("{shown} | grep '{source}'"));
        assert!(!dropped.contains("packets 0 ") && dropped.contains("packets"), "{dropped}");
    }
}

/// What an operator who does not listen writes.
const WAIVER: &str = "[waiver.deaf]\nlint = \"N4-VRRP-DROPPED\"\n\
    reason = \"we know better\"\nuntil = 2022-02-01\n";
