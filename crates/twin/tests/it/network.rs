//! Segments carry what hosts send.

use crate::bench::{Bench, lan, port};

use twin::{HostSpec, Lab};

#[test]
fn twin_hosts_reach_each_other_over_a_segment() {
    let bench = Bench::up(&lan("ping", &["a", "b"]));
    // Daemons bind to link-local addresses the moment that the link is up.
    assert_eq!(bench.says("a", "ip link set eth0 up; ip -6 addr show tentative"), "");
    assert!(bench.says("a", "ip -6 addr show dev eth0").contains("fe80::"));
    bench.addressed("a", "eth0", &["10.0.0.1/24", "2001:db8::1/64"]);
    bench.addressed("b", "eth0", &["10.0.0.2/24", "2001:db8::2/64"]);
    bench.says("a", "ping -c1 -W2 10.0.0.2");
    bench.says("a", "ping -c1 -W2 2001:db8::2");
    let neighbour = bench.says("a", "ip neigh show 10.0.0.2");
    assert!(neighbour.contains("02:00:00:00:00:02"), "{neighbour}");
}

#[test]
fn twin_interface_may_be_called_like_a_vlan() {
    let mut lab = lan("vlan", &["a", "b"]);
    for (number, host) in lab.hosts.iter_mut().enumerate() {
        host.ports.push(port("eth0.50", "guests", number + 8));
    }
    lab.segments.push("guests".to_owned());
    let bench = Bench::up(&lab);
    bench.addressed("a", "eth0.50", &["10.0.50.1/24"]);
    bench.addressed("b", "eth0.50", &["10.0.50.2/24"]);
    bench.says("a", "ping -c1 -W2 10.0.50.2");
}

#[test]
fn twin_keeps_other_segments_apart() {
    let host = |name: &str, segment: &str, number| HostSpec {
        name: name.to_owned(),
        ports: vec![port("eth0", segment, number)],
    };
    let bench = Bench::up(&Lab {
        name: "apart".to_owned(),
        hosts: vec![host("a", "one", 0), host("b", "two", 1)],
        segments: vec!["one".to_owned(), "two".to_owned()],
    });
    bench.addressed("a", "eth0", &["10.0.0.1/24"]);
    bench.addressed("b", "eth0", &["10.0.0.2/24"]);
    assert_ne!(bench.tries("a", "ping -c1 -W1 10.0.0.2").0, 0);
}

#[test]
fn twin_two_side_by_side_may_use_the_same_addresses() {
    let benches = ["left", "right"].map(|name| Bench::up(&lan(name, &["a", "b"])));
    for bench in &benches {
        bench.addressed("a", "eth0", &["10.0.0.1/24"]);
    }
    benches[0].addressed("b", "eth0", &["10.0.0.2/24"]);
    benches[0].says("a", "ping -c1 -W2 10.0.0.2");
    assert_ne!(benches[1].tries("a", "ping -c1 -W1 10.0.0.2").0, 0);
}
