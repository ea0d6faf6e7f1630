//! Whatever fails after the swap is put back, files and units.

use std::path::PathBuf;

use host::wire::{Boot, End, Orders, Request, Then, Verb};

use crate::lab::{Lab, command, never, orders, program, unit};

/// A change of everything that can change.
fn change(lab: &Lab) -> Orders {
    lab.put("/etc/bird/bird.conf", "old");
    lab.put("/etc/bird/gone.conf", "gone");
    lab.unit("bird.service", "active", "enabled");
    lab.unit("gone.service", "active", "enabled");
    lab.unit("new.service", "inactive", "disabled");
    let mut orders = orders(vec![
        lab.write("/etc/systemd/system/new.service", "[Service]"),
        lab.write("/etc/bird/bird.conf", "new"),
        lab.order("/etc/bird/gone.conf", Then::Remove),
    ]);
    orders.units = vec![
        unit("gone.service", Verb::Stop, Boot::Disable),
        unit("new.service", Verb::Start, Boot::Enable),
        unit("bird.service", Verb::Reload, Boot::Leave),
    ];
    orders
}

fn rolled_back(lab: &Lab, orders: &Orders) -> String {
    let before = lab.snapshot();
    let End::RolledBack { why, troubles } = lab.apply(orders).end else { panic!() };
    assert_eq!(troubles, Vec::<String>::new());
    assert_eq!(lab.snapshot(), before);
    assert!(!lab.at("/var/lib/ketupa/journal.json").exists());
    why
}

#[test]
fn a_failing_probe_puts_files_and_units_back() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let no = command("BIRD answers", &["false"]);
    orders.probes = vec![host::wire::Command { within_s: 1, ..no }];
    let why = rolled_back(&lab, &orders);
    assert!(why.starts_with("no yes within 1 s to \"BIRD answers\""), "{why}");
    let calls = lab.calls();
    let undone: Vec<&str> = calls.iter().skip(6).map(String::as_str).collect();
    let expected = [
        "stop new.service",
        "disable new.service",
        "daemon-reload ",
        "enable gone.service",
        "start gone.service",
        "reload bird.service",
    ];
    assert_eq!(undone, expected);
}

#[test]
fn a_program_comes_with_all_its_bytes_and_goes_back() {
    const PATH: &str = "/usr/local/lib/ketupa/agent";
    let lab = Lab::new();
    let old: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let first = orders(vec![lab.order(PATH, program(&old))]);
    // As it travels.
    let mut sent = Vec::new();
    host::frame::send(&mut sent, &Request::Apply(first.clone())).unwrap();
    let came = host::frame::receive(&mut sent.as_slice()).unwrap();
    let Some(Request::Apply(came)) = came else { panic!() };
    assert_eq!(came, first);
    assert_eq!(lab.apply(&came).end, End::Done);
    assert_eq!(std::fs::read(lab.at(PATH)).unwrap(), old);
    let mut next = orders(vec![lab.order(PATH, program(&[0, 159, 146, 150]))]);
    next.probes = vec![never()];
    rolled_back(&lab, &next);
    assert_eq!(std::fs::read(lab.at(PATH)).unwrap(), old);
}

#[test]
fn a_probe_is_asked_again_until_it_says_yes() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let flag = lab.programs().join("asked");
    let program = format!("#!/bin/sh\n[ -e {0} ] && exit 0\ntouch {0}\nexit 1\n", flag.display());
    let program = lab.program("probe", &program);
    orders.probes = vec![command("BIRD answers", &[&program])];
    assert_eq!(lab.apply(&orders).end, End::Done);
}

#[test]
fn a_unit_that_will_not_reload_puts_back_only_what_was_touched() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    orders.units.push(unit("never.service", Verb::Restart, Boot::Leave));
    std::fs::write(lab.programs().join("fails.reload.bird.service"), "").unwrap();
    let why = rolled_back(&lab, &orders);
    assert!(why.contains("no reload of bird.service today"), "{why}");
    let calls = lab.calls();
    assert_eq!(
        calls.last().unwrap(),
        "restart bird.service",
        "a reload that fails ends in a restart"
    );
    assert!(!calls.iter().any(|call| call.contains("never.service")));
}

#[test]
fn a_unit_that_dies_after_its_start_is_noticed() {
    let lab = Lab::new();
    let orders = change(&lab);
    std::fs::write(lab.programs().join("dies.new.service"), "").unwrap();
    assert_eq!(rolled_back(&lab, &orders), "new.service does not run: it is failed");
}

#[test]
fn a_unit_that_had_nothing_to_run_for_stops_again() {
    let lab = Lab::new();
    lab.unit("keepalived.service", "inactive", "enabled");
    std::fs::write(lab.programs().join("keepalived.service.skipped"), "").unwrap();
    let mut orders = orders(vec![lab.write("/etc/keepalived/keepalived.conf", "vrrp")]);
    orders.units = vec![unit("keepalived.service", Verb::Start, Boot::Leave)];
    let no = command("VRRP answers", &["false"]);
    orders.probes = vec![host::wire::Command { within_s: 0, ..no }];
    assert!(matches!(lab.apply(&orders).end, End::RolledBack { .. }));
    assert_eq!(lab.calls(), ["start keepalived.service", "stop keepalived.service"]);
}

/// A checker that plays the other administrator: it runs between the look and the swap, and puts a file
/// of its own where one of the orders is to go.
fn meddles(lab: &Lab, orders: &mut Orders, more: &str) -> PathBuf {
    let theirs = lab.programs().join("theirs");
    let target = lab.at("/etc/systemd/system/new.service");
    std::fs::write(&theirs, "theirs").unwrap();
    let enter = format!(
        "nsenter --mount=/proc/{}/ns/mnt sh -c 'cp {} {}{more}'",
        std::process::id(),
        theirs.display(),
        target.display()
    );
    orders.checks = vec![command("other", &["sh", "-c", &enter])];
    target
}

#[test]
fn a_file_that_appeared_meanwhile_is_not_lost() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let target = meddles(&lab, &mut orders, "");
    let End::RolledBack { why, .. } = lab.apply(&orders).end else { panic!() };
    assert!(why.starts_with("cannot change /etc/systemd/system/new.service: File exists"), "{why}");
    assert_eq!(std::fs::read_to_string(target).unwrap(), "theirs");
    assert_eq!(lab.text("/etc/bird/bird.conf"), "old");
}

#[test]
fn nor_is_it_when_the_undoing_takes_a_second_try() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let (bird, aside) = (lab.at("/etc/bird"), lab.at("/etc/aside"));
    let block = format!("; mv {0} {1}; touch {0}", bird.display(), aside.display());
    let target = meddles(&lab, &mut orders, &block);
    let End::RolledBack { troubles, .. } = lab.apply(&orders).end else { panic!() };
    assert!(!troubles.is_empty());
    std::fs::remove_file(&bird).unwrap();
    std::fs::rename(aside, bird).unwrap();
    assert!(lab.apply(&Orders::default()).recovered.unwrap().starts_with("undid"));
    assert_eq!(std::fs::read_to_string(target).unwrap(), "theirs");
    assert_eq!(lab.text("/etc/bird/bird.conf"), "old");
}

#[test]
fn what_could_not_be_put_back_is_told() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let flag = lab.programs().join("fails.stop.new.service");
    let no = command("BIRD answers", &["sh", "-c", &format!("touch {}; false", flag.display())]);
    orders.probes = vec![host::wire::Command { within_s: 0, ..no }];
    let End::RolledBack { troubles, .. } = lab.apply(&orders).end else { panic!() };
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert!(troubles[0].contains("no stop of new.service today"));
    assert_eq!(lab.text("/etc/bird/bird.conf"), "old", "the rest went back all the same");
    // Files are back: what is left is for the next plan to see, and nothing stands in its way.
    assert!(!lab.at("/var/lib/ketupa/journal.json").exists());
}

#[test]
fn a_file_that_could_not_be_put_back_blocks_the_next_change_until_it_is() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let (bird, aside) = (lab.at("/etc/bird"), lab.at("/etc/aside"));
    let block = format!("mv {0} {1}; touch {0}; false", bird.display(), aside.display());
    let no = command("BIRD answers", &["sh", "-c", &block]);
    orders.probes = vec![host::wire::Command { within_s: 0, ..no }];
    let End::RolledBack { troubles, .. } = lab.apply(&orders).end else { panic!() };
    assert!(
        troubles[0].starts_with("cannot put /etc/bird/gone.conf back: Not a dir"),
        "{troubles:?}"
    );
    let End::Refused { why } = lab.apply(&Orders::default()).end else { panic!() };
    assert!(why.starts_with("an interrupted change could not be undone"), "{why}");
    std::fs::remove_file(&bird).unwrap();
    std::fs::rename(aside, bird).unwrap();
    let outcome = lab.apply(&Orders::default());
    assert_eq!(outcome.end, End::Done);
    assert!(outcome.recovered.unwrap().starts_with("undid"));
    assert_eq!(lab.text("/etc/bird/bird.conf"), "old");
    assert_eq!(lab.text("/etc/bird/gone.conf"), "gone");
}
