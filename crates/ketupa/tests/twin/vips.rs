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
    let questions = Questions::start(&network, ("friend", "eth0"), GATEWAY, 30);

    silence(&network, "the master loses its power", || {
        network.twin().power_off(&master).unwrap();
        soon(4, || holds(&network, backup));
    });
    silence(&network, "it comes back", || {
        network.twin().power_on(&master).unwrap();
    });
    silence(&network, "keepalived of the new master crashes", || {
        network.says(backup, "kill -9 $(cat /run/vrrp.pid)");
        soon(4, || only(&network));
    });
    silence(&network, "keepalived of the new master stops", || {
        network.says(backup, "systemctl stop keepalived");
        soon(4, || holds(&network, &master));
    });

    let heard = questions.heard();
    println!("{heard:?}");
    assert_eq!(heard.twice, 0, "{heard:?}");
    assert_eq!(heard.macs, ["00:00:5e:00:01:32"]);
    assert!(heard.answered * 10 > heard.questions * 7, "{heard:?}");
}

/// Does something while `friend` talks to the Internet: it notices less than four seconds of it.
fn silence(network: &Living, what: &str, act: impl FnOnce()) {
    let pings = [
        Pings::start(network, "friend", "9.9.9.9", 6),
        Pings::start(network, "friend", "2620:fe::9", 6),
    ];
    sleep(Duration::from_millis(500));
    act();
    let gap = pings.into_iter().map(Pings::longest_gap).fold(0.0, f64::max);
    println!("{what}: {gap:.2} s without an answer");
    assert!(gap < 4.0, "{what}: {gap:.2} s");
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

/// The fault of a real network: neither half hears the other, because each drops its VRRP.
#[test]
fn two_halves_that_drop_each_others_vrrp_both_answer_and_check_had_named_them() {
    let wrong = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twin/wrong/gateway-in-halves");
    let declared = Declared::copy(&wrong, "halves");
    let said = declared.ketupa("check");
    assert_eq!(said.code, 1);
    let said = format!("{}{}", said.out, said.err).replace(declared.folder(), ".");
    testkit::golden::check(&wrong.join("expected.txt"), &said);

    declared.write("waivers.toml", &waivers());
    let network = declared.up();
    let vip = Ipv4Addr::new(192, 0, 2, 9);
    for host in ["left", "right"] {
        soon(10, || {
            let shown = network.says(host, "ip -o address");
            if shown.contains(&format!(" {vip}/")) { Ok(()) } else { Err(shown) }
        });
    }
    let heard = Questions::start(&network, ("member", "lan"), vip, 3).heard();
    println!("{heard:?}");
    assert_eq!((heard.answered, heard.twice), (heard.questions, heard.questions), "{heard:?}");
    let dropped = network.says("left", "nft list chain inet ketupa input | grep 'input default'");
    assert!(!dropped.contains("packets 0 "), "{dropped}");
}

/// What an operator who does not listen writes.
fn waivers() -> String {
    let waiver = |lint: &str| {
        format!(
            "[waiver.{}]\nlint = \"{lint}\"\non = [\"vip.gateway\", \"vip.gateway-too\"]\n\
             reason = \"we know better\"\nuntil = 2022-02-01\n",
            lint.to_lowercase()
        )
    };
    ["N4-VRID", "N1-ADDRESS"].map(waiver).concat()
}
