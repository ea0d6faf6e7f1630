//! The firewall that works loses its power: who was connected stays connected.

use std::io::{BufRead as _, BufReader, Write as _};
use std::thread::{sleep, spawn};
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
        ["timeout", "90", "socat", "-t", "5", "-", &format!("OPENSSL:{name}:443,verify=0")];
    let mut child = network.twin().spawn(INTERNET, &client).unwrap();
    let mut connection = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    // TCP waits ever longer before it sends again: the last answers come when they come.
    let all = spawn(move || {
        let answers = answers.by_ref().map_while(Result::ok);
        answers.filter(|line| line.contains("service cube on")).take(QUESTIONS).count()
    });
    for number in 0..QUESTIONS {
        if number == QUESTIONS / 4 {
            network.twin().power_off(master).unwrap();
        }
        write!(connection, "GET /?{number} HTTP/1.1\r\nHost: {name}\r\n\r\n").unwrap();
        sleep(Duration::from_millis(200));
    }
    let answers = all.join().unwrap();
    drop(connection);
    child.wait().unwrap();
    let states = network.says(backup, "conntrack -L -p tcp --dport 443 2>/dev/null");
    assert_eq!(answers, QUESTIONS, "{states}");
    assert!(states.contains("ESTABLISHED") || states.contains("WAIT"), "{states}");
}
