//! The firewall that works loses its power: who was connected stays connected.

use std::io::Write as _;
use std::thread::sleep;
use std::time::Duration;

use model::ask::Family;
use rehearse::ask;
use rehearse::outside::INTERNET;

use crate::stage::Declared;

/// How many times the one connection is used.
const QUESTIONS: usize = 40;

#[test]
fn a_connection_through_the_firewalls_survives_the_loss_of_one() {
    let network = Declared::example("neutrinet", "firewalls").up();
    let vip = &network.isp.vips[network.isp.vips.find("services").unwrap()];
    let holders = ask::holders(network.twin(), &network.isp, vip, Family::V4);
    let [master] = holders.as_slice() else { panic!("{holders:?}") };
    let backup = if master == "fw-01" { "fw-02" } else { "fw-01" };
    let name = "cube.neutrinet.be";
    let client =
        ["timeout", "20", "socat", "-t", "5", "-", &format!("OPENSSL:{name}:443,verify=0")];
    let mut child = network.twin().spawn(INTERNET, &client).unwrap();
    let mut connection = child.stdin.take().unwrap();
    for number in 0..QUESTIONS {
        if number == QUESTIONS / 4 {
            network.twin().power_off(master).unwrap();
        }
        write!(connection, "GET /?{number} HTTP/1.1\r\nHost: {name}\r\n\r\n").unwrap();
        sleep(Duration::from_millis(200));
    }
    sleep(Duration::from_secs(2));
    drop(connection);
    let output = child.wait_with_output().unwrap();
    let answers = String::from_utf8_lossy(&output.stdout).matches("service cube on").count();
    let states = network.says(backup, "conntrack -L -p tcp --dport 443 2>/dev/null");
    assert_eq!(answers, QUESTIONS, "{states}");
    assert!(states.contains("ESTABLISHED") || states.contains("WAIT"), "{states}");
}
