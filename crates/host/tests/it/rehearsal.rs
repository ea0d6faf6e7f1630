//! The daemons' own checkers see the future, and nothing else does.

use std::fs;

use host::wire::{End, Then};

use crate::lab::{Lab, command, file, orders};

/// A checker that lists what it sees of `/etc/d` into a file outside the root, then says `verdict`.
fn checker(lab: &Lab, verdict: &str) -> host::wire::Command {
    let (etc, saw) = (lab.at("/etc"), lab.programs().join("saw"));
    let text = format!(
        "#!/bin/sh\ncd {}\nfind . -type f | sort | while read f; do \
         echo \"$f $(stat -c %a $f) $(cat $f)\"; done >{}\nexit {verdict}\n",
        etc.display(),
        saw.display()
    );
    let program = lab.program("check", &text);
    command("bird", &[&program])
}

fn saw(lab: &Lab) -> String {
    fs::read_to_string(lab.programs().join("saw")).unwrap()
}

fn change(lab: &Lab) -> host::wire::Orders {
    lab.put("/etc/d/changed", "old");
    lab.put("/etc/d/gone", "gone");
    lab.put("/etc/d/kept", "kept");
    lab.put("/etc/top", "top");
    orders(vec![
        lab.write("/etc/d/new/deep/file", "new"),
        lab.write("/etc/newtop", "newtop"),
        lab.order("/etc/d/changed", file("changed", 0o600)),
        lab.order("/etc/d/gone", Then::Remove),
    ])
}

const FUTURE: &str = "./d/changed 600 changed\n./d/kept 644 kept\n./d/new/deep/file 644 new\n\
                      ./newtop 644 newtop\n./top 644 top\n";

#[test]
fn a_checker_sees_new_changed_and_removed_files_together() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    orders.checks = vec![checker(&lab, "0")];
    let outcome = lab.apply(&orders);
    assert_eq!(outcome.end, End::Done);
    assert_eq!(outcome.steps[0], "bird: the staged files are accepted");
    assert_eq!(saw(&lab), FUTURE);
}

#[test]
fn a_failing_checker_leaves_everything_untouched() {
    let lab = Lab::new();
    lab.unit("bird.service", "active", "enabled");
    let mut orders = change(&lab);
    orders.checks = vec![checker(&lab, "1")];
    orders.units =
        vec![crate::lab::unit("bird.service", host::wire::Verb::Reload, host::wire::Boot::Leave)];
    let before = lab.snapshot();
    let End::Refused { why } = lab.apply(&orders).end else { panic!() };
    assert!(why.starts_with("bird does not accept the staged files"), "{why}");
    assert_eq!(saw(&lab), FUTURE, "the checker saw the future");
    assert_eq!(lab.snapshot(), before, "the live files did not move");
    assert_eq!(lab.calls(), Vec::<String>::new());
}

#[test]
fn a_checker_that_hangs_is_stopped() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let hangs = command("bird", &["sleep", "1000"]);
    orders.checks = vec![host::wire::Command { within_s: 1, ..hangs }];
    let End::Refused { why } = lab.apply(&orders).end else { panic!() };
    assert!(why.contains("no end after 1 s"), "{why}");
}

#[test]
fn what_a_checker_writes_beside_the_files_goes_with_it() {
    let lab = Lab::new();
    let mut orders = change(&lab);
    let litter = lab.at("/etc/d/litter");
    orders.checks = vec![command("bird", &["touch", &litter.to_string_lossy()])];
    assert_eq!(lab.apply(&orders).end, End::Done);
    assert!(!litter.exists());
}

#[test]
fn file_systems_mounted_below_stay_visible_and_are_covered_too() {
    crate::disk::apart(|lab| {
        let mounted = lab.at("/etc/d/mounted");
        fs::create_dir_all(&mounted).unwrap();
        crate::disk::tmpfs(&mounted, "1m");
        let mut orders = change(lab);
        lab.put("/etc/d/mounted/kept", "kept");
        orders.files.push(lab.write("/etc/d/mounted/new", "new"));
        orders.checks = vec![checker(lab, "1")];
        let before = lab.snapshot();
        assert!(matches!(lab.apply(&orders).end, End::Refused { .. }));
        assert_eq!(lab.snapshot(), before);
        let seen = saw(lab);
        assert!(seen.contains("./d/mounted/kept 644 kept\n"), "{seen}");
        assert!(seen.contains("./d/mounted/new 644 new\n"), "{seen}");
    });
}

/// Lays `depth` overlays over each other at the lab's root, as containers do.
fn layer(lab: &Lab, depth: u32) {
    for number in 0..depth {
        let layer = lab.programs().join(format!("layer{number}"));
        fs::create_dir(&layer).unwrap();
        crate::disk::tmpfs(&layer, "4m");
        let (upper, work, root) = (layer.join("upper"), layer.join("work"), lab.root());
        fs::create_dir(&upper).unwrap();
        fs::create_dir(&work).unwrap();
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            root.display(),
            upper.display(),
            work.display()
        );
        let options = std::ffi::CString::new(options).unwrap();
        let none = rustix::mount::MountFlags::empty();
        rustix::mount::mount("layer", &root, "overlay", none, options.as_c_str()).unwrap();
    }
}

fn rehearse_on_layers(depth: u32) {
    crate::disk::apart(|lab| {
        let mut orders = change(lab);
        layer(lab, depth);
        orders.checks = vec![checker(lab, "1")];
        let before = lab.snapshot();
        assert!(matches!(lab.apply(&orders).end, End::Refused { .. }));
        assert_eq!(saw(lab), FUTURE);
        assert_eq!(lab.snapshot(), before);
        orders.checks = vec![checker(lab, "0")];
        assert_eq!(lab.apply(&orders).end, End::Done);
        assert_eq!(lab.text("/etc/d/changed"), "changed");
    });
}

#[test]
fn a_root_that_is_layered_itself_can_be_laid_over() {
    rehearse_on_layers(1);
}

#[test]
fn a_root_that_is_layered_too_deep_is_copied() {
    rehearse_on_layers(2);
}
