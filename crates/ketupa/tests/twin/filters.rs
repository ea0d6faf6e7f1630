//! What others tell us that is wrong is refused, and the reason can be read on the router.

use policy::{REASON_FUNCTION, REASONS, Reason};
use rehearse::outside::INTERNET;

use crate::stage::{Declared, Living, soon};
use crate::uptimes::{kept, uptimes};

/// A customer with a prefix of its own, a peer with a narrow limit, and a signed prefix of a third.
const NEIGHBORS: &str = r#"
[segment.acme]
kind = "transit"
ipv4 = "192.0.2.8/30"

[neighbor.acme]
asn      = 50620
relation = "customer"
prefixes = ["185.100.0.0/22"]
limit4   = 10
limit6   = 10
[neighbor.acme.session.cable]
host = "edge-01"
ipv4 = "192.0.2.9"
[neighbor.acme.twin]
announces = ["185.100.0.0/22"]

[neighbor.leaky]
asn      = 50621
relation = "peer"
limit4   = 50
limit6   = 50
[neighbor.leaky.session.belgiumix]
host = "edge-02"
ipv4 = "198.51.100.77"
[neighbor.leaky.twin]
announces = ["185.104.0.0/22"]

[roa.acme]
prefix = "185.100.0.0/22"
asn    = 50620

[roa.signed]
prefix = "45.83.0.0/22"
asn    = 13335
"#;

#[test]
fn what_is_wrong_is_refused_with_a_reason_and_a_blackhole_is_honoured() {
    let declared = Declared::example("neutrinet", "filters");
    declared.write("neighbors/test.toml", NEIGHBORS);
    let nic = "nic.ix      = { segment = \"bnix\"";
    let cable = "nic.acme = { segment = \"acme\", ipv4 = \"192.0.2.10\" }";
    declared.edit("network/routers.toml", nic, &format!("{cable}\n{nic}"));
    let network = declared.up();
    a_signed_prefix_of_another_is_refused(&network);
    a_bogon_is_refused(&network);
    a_customer_may_not_blackhole_others(&network);
    a_customers_blackhole_is_honoured(&network);
    a_leaked_table_trips_the_limit(&network);
}

fn a_signed_prefix_of_another_is_refused(network: &Living) {
    let said = network.ketupa("announce", &["hurricane", "45.83.0.0/22"]);
    assert_eq!(said.code, 0, "{}", said.err);
    refused(network, "edge-02", "45.83.0.0/22", Reason::RPKI_INVALID);
}

fn a_bogon_is_refused(network: &Living) {
    let prefixes = ["hurricane", "10.66.0.0/16", "2001:db8:66::/48"];
    assert_eq!(network.ketupa("announce", &prefixes).code, 0);
    refused(network, "edge-02", "10.66.0.0/16", Reason::BOGON_PREFIX);
    refused(network, "edge-02", "2001:db8:66::/48", Reason::BOGON_PREFIX);
    let path = ["hurricane", "45.84.0.0/22", "--path", "64999"];
    assert_eq!(network.ketupa("announce", &path).code, 0);
    refused(network, "edge-02", "45.84.0.0/22", Reason::BOGON_ASN);
}

/// Waits until the router shows the route among those that it filtered, with the reason that people
/// read: BIRD shows its number, and the table of reasons its words.
fn refused(network: &Living, host: &str, prefix: &str, reason: Reason) {
    let shown = soon(10, || {
        let shown = network.says(host, &format!("birdc show route filtered all {prefix} || true"));
        if shown.contains(prefix) { Ok(shown) } else { Err(shown) }
    });
    let own = network.isp.about.asn.0;
    let said = REASONS
        .iter()
        .filter(|reason| shown.contains(&format!("({own}, {REASON_FUNCTION}, {})", reason.number)));
    assert_eq!(said.collect::<Vec<_>>(), [&reason], "{shown}");
    let best = network.says(host, &format!("birdc show route {prefix} || true"));
    assert!(!best.contains("unicast"), "{best}");
}

fn a_customer_may_not_blackhole_others(network: &Living) {
    let words = ["acme", "104.16.0.1/32", "--community", "65535:666"];
    assert_eq!(network.ketupa("announce", &words).code, 0);
    refused(network, "edge-01", "104.16.0.1/32", Reason::BLACKHOLE);
}

fn a_customers_blackhole_is_honoured(network: &Living) {
    network.says("acme", "ip address add 185.100.0.66/32 dev lo");
    for from in [INTERNET, "friend"] {
        network.says(from, "ping -n -c 2 -W 2 185.100.0.66 && ping -n -c 2 -W 2 185.100.0.1");
    }
    let words = ["acme", "185.100.0.66/32", "--community", "65535:666"];
    assert_eq!(network.ketupa("announce", &words).code, 0);
    for edge in ["edge-01", "edge-02"] {
        soon(10, || {
            let kernel = network.says(edge, "ip route show 185.100.0.66");
            if kernel.contains("blackhole") { Ok(()) } else { Err(format!("{edge}: {kernel}")) }
        });
    }
    soon(10, || {
        let told = network.says("verixi", "birdc show route all 185.100.0.66/32 || true");
        if told.contains("(6696,666)") { Ok(()) } else { Err(told) }
    });
    for from in [INTERNET, "friend"] {
        let (code, said) = network.tries(from, "ping -n -c 3 -i 0.2 -W 1 185.100.0.66");
        assert_ne!(code, 0, "{from}: {said}");
        network.says(from, "ping -n -c 1 -W 2 185.100.0.1");
    }
    assert_eq!(network.ketupa("announce", &["acme"]).code, 0);
    soon(10, || {
        let (code, said) = network.tries(INTERNET, "ping -n -c 1 -W 1 185.100.0.66");
        if code == 0 { Ok(()) } else { Err(said) }
    });
}

fn a_leaked_table_trips_the_limit(network: &Living) {
    let others = || uptimes(network, &["edge-02"], |session| !session.contains("leaky"));
    let before = others();
    let prefixes: Vec<String> = (0..200).map(|n| format!("45.90.{n}.0/24")).collect();
    let words: Vec<&str> =
        ["leaky"].into_iter().chain(prefixes.iter().map(String::as_str)).collect();
    assert_eq!(network.ketupa("announce", &words).code, 0);
    let shown = soon(10, || {
        let shown = network.says("edge-02", "birdc show protocols | grep leaky");
        if shown.contains("Established") { Err(shown) } else { Ok(shown) }
    });
    assert!(shown.to_lowercase().contains("limit"), "{shown}");
    let taken = network.says("edge-02", "birdc show route 45.90.7.0/24 || true");
    assert!(!taken.contains("unicast"), "{taken}");
    kept(&before, &others());
    let status = network.ketupa("status", &[]);
    assert_eq!(status.code, 1);
    assert!(status.out.to_lowercase().contains("limit"), "{}", status.out);
}
