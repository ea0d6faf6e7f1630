//! What can be broken, breaks, and heals.

use std::process::Stdio;

use twin::fabric::Tap;

use crate::bench::{Bench, lan, soon};

fn pair(name: &str) -> Bench {
    let bench = Bench::up(&lan(name, &["a", "b"]));
    bench.addressed("a", "eth0", &["10.0.0.1/24"]);
    bench.addressed("b", "eth0", &["10.0.0.2/24"]);
    bench.says("a", "ping -c1 -W2 10.0.0.2");
    bench
}

fn reaches(bench: &Bench) -> bool {
    bench.tries("a", "ping -c1 -W1 10.0.0.2").0 == 0
}

#[test]
fn twin_a_cut_is_silent_and_an_unplugged_cable_is_not() {
    let bench = pair("cut");
    bench.cut("b", "eth0").unwrap();
    assert!(!reaches(&bench));
    assert_eq!(bench.says("b", "cat /sys/class/net/eth0/carrier"), "1\n");
    bench.heal("b", "eth0").unwrap();
    assert!(reaches(&bench));
    bench.unplug("b", "eth0").unwrap();
    assert!(!reaches(&bench));
    assert_eq!(bench.says("b", "cat /sys/class/net/eth0/carrier"), "0\n");
    bench.heal("b", "eth0").unwrap();
    assert!(reaches(&bench));
}

#[test]
fn twin_loss_drops_a_share_of_the_packets() {
    let bench = pair("loss");
    bench.loss("b", "eth0", 50).unwrap();
    let (_, text) = bench.tries("a", "ping -q -c100 -i0.01 -W1 10.0.0.2");
    let lost = text.split(", ").find_map(|part| part.split_once("% packet loss")).unwrap().0;
    let lost: f32 = lost.parse().unwrap();
    // Both directions lose a half: three quarters of the answers are missing.
    assert!((50.0..95.0).contains(&lost), "{text}");
    bench.heal("b", "eth0").unwrap();
    bench.says("a", "ping -q -c20 -i0.01 10.0.0.2 | grep ' 0% packet loss'");
}

#[test]
fn twin_a_host_without_power_keeps_its_disk_and_boots_what_is_enabled() {
    let bench = pair("power");
    bench.says("b", "systemctl enable nftables; echo kept > /srv/kept; echo gone > /run/gone");
    let before = bench.pid("b").unwrap();
    bench.power_off("b").unwrap();
    assert!(!reaches(&bench));
    assert!(bench.exec("b", &["true"]).is_err());
    assert!(bench.power_on("a").is_err(), "a has power");
    assert_eq!(bench.power_on("b").unwrap().err, "");
    assert_ne!(bench.pid("b").unwrap(), before);
    bench.says("b", "cat /srv/kept; test ! -e /run/gone; systemctl is-active nftables");
    // networking.service was enabled by nobody, as the packages' own links are not taken over.
    bench.says("b", "systemctl start networking");
    assert!(reaches(&bench));
}

#[test]
fn twin_capture_shows_what_passes_a_segment() {
    let bench = pair("tap");
    let tap = Tap::Segment("lan".to_owned());
    let mut capture = bench.pcap(&tap, &["-c", "2", "icmp"]).unwrap();
    let mut child = capture.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Its socket is there before it listens: what passes until then is missed.
    soon("tcpdump has seen two packets", || {
        assert!(reaches(&bench));
        child.try_wait().unwrap().is_some()
    });
    let bytes = child.wait_with_output().unwrap().stdout;
    assert_eq!(bytes.get(..4), Some([0xd4, 0xc3, 0xb2, 0xa1].as_slice()));
    assert!(bytes.len() > 200, "{} bytes", bytes.len());
}
