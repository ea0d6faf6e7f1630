//! `kill -9` at any moment: the next run leaves the old state or the new one, never a third.

use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};

use host::frame;
use host::wire::{Answer, Boot, Hold, HoldOrder, Orders, Request, Then, Verb};

use crate::accounts::welcome;
use crate::lab::{Lab, command, unit};
use crate::resources::directory;

type Snapshot = BTreeMap<String, String>;

fn laid() -> Lab {
    let lab = crate::accounts::laid();
    crate::resources::apt(&lab);
    std::fs::create_dir_all(lab.at("/srv/there")).unwrap();
    for number in 0..12 {
        lab.put(&format!("/etc/d/{number}.conf"), &format!("old {number}"));
    }
    lab.put("/var/lib/any", "");
    lab.unit("old.service", "active", "enabled");
    lab.unit("new.service", "inactive", "disabled");
    lab
}

fn change(lab: &Lab) -> Orders {
    let mut files = Vec::new();
    for number in 0..6 {
        files.push(lab.write(&format!("/etc/new/{number}.conf"), "new"));
        files.push(lab.write(&format!("/etc/d/{number}.conf"), "changed"));
        files.push(lab.order(&format!("/etc/d/{}.conf", number + 6), Then::Remove));
    }
    files.push(lab.order("/etc/new/link", Then::Link { to: "0.conf".into() }));
    files.push(lab.write("/etc/apt/sources.list.d/new.sources", "Types: deb\n"));
    files.push(lab.write("/etc/apt/keyrings/new.asc", "key"));
    let welcome = welcome(lab);
    files.extend(welcome.files.clone());
    let mut orders = Orders { files: Vec::new(), ..welcome };
    orders.owned = crate::lab::orders(files.clone()).owned;
    orders.files = files;
    orders.directories.push(directory(lab, "/srv/new", 0o750));
    orders.directories.push(directory(lab, "/srv/there", 0o750));
    orders.owned.declared = ["/srv/new", "/srv/there"].map(str::to_owned).into();
    orders.holds = vec![HoldOrder { package: "bird2".into(), then: Hold::Keep }];
    orders.checks = vec![command("check", &["true"])];
    orders.units = vec![
        unit("old.service", Verb::Stop, Boot::Disable),
        unit("new.service", Verb::Start, Boot::Enable),
        // One that systemd does not know until it is started.
        unit("fresh.service", Verb::Start, Boot::Enable),
    ];
    orders.probes = vec![command("probe", &["true"])];
    orders
}

/// Files, and how the units are.
fn state(lab: &Lab) -> (Snapshot, Vec<String>) {
    let units =
        ["old.service.active", "old.service.enabled", "new.service.active", "new.service.enabled"];
    let units = units.map(|name| std::fs::read_to_string(lab.programs().join(name)).unwrap());
    let mut files = lab.snapshot();
    // What Debian's tools leave for themselves.
    files.retain(|path, _| !path.ends_with('-') && !path.ends_with(".pwd.lock"));
    (files, units.into())
}

fn killed_after(mut child: Child, delay: Duration) {
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    // A systemctl that it had started may still be on its way.
    std::thread::sleep(Duration::from_millis(15));
}

fn ended(child: Child) -> Answer {
    let output = child.wait_with_output().unwrap();
    frame::receive(&mut output.stdout.as_slice()).unwrap().unwrap()
}

#[test]
fn a_killed_change_is_undone_or_finished_by_the_next_run() {
    let lab = laid();
    let old = state(&lab);
    let begin = Instant::now();
    let answer = ended(lab.start(&Request::Apply(change(&lab))));
    let whole = begin.elapsed();
    assert!(matches!(answer, Answer::Applied(_)), "{answer:?}");
    let new = state(&lab);
    assert_ne!(old, new);

    let (mut undone, mut stood, mut recovered) = (0, 0, 0);
    for step in 0..60_u32 {
        let lab = laid();
        let request = Request::Apply(change(&lab));
        killed_after(lab.start(&request), whole * (step * 7 % 60) / 55);
        // The one that comes to clean up may be killed, too.
        killed_after(lab.start(&Request::Recover), whole * (step % 10) / 20);
        let Answer::Recovered(Ok(said)) = ended(lab.start(&Request::Recover)) else { panic!() };
        recovered += u32::from(said.is_some());
        let found = state(&lab);
        assert!(found == old || found == new, "step {step}: {found:#?}");
        undone += u32::from(found == old);
        stood += u32::from(found == new);
        for book in ["journal.json", "done.json"] {
            assert!(!lab.at("/var/lib/ketupa").join(book).exists(), "step {step}: {book}");
        }
    }
    println!("{undone} as before, {stood} as ordered, {recovered} recovered by the last run");
    assert!(undone > 0 && undone + stood == 60);
}

#[test]
fn an_apply_after_a_kill_says_what_it_undid_first() {
    for attempt in 1..40 {
        let lab = laid();
        let orders = change(&lab);
        let child = lab.start(&Request::Apply(orders.clone()));
        killed_after(child, Duration::from_millis(attempt * 2));
        if !lab.at("/var/lib/ketupa/journal.json").exists() {
            continue;
        }
        let Answer::Observed(seen) = ended(lab.start(&Request::Observe(<_>::default()))) else {
            panic!()
        };
        assert!(seen.unfinished.unwrap().contains("half done"));
        let Answer::Applied(outcome) = ended(lab.start(&Request::Apply(orders))) else { panic!() };
        assert_eq!(outcome.recovered.as_deref(), Some("undid a change that was interrupted"));
        assert_eq!(outcome.end, host::wire::End::Done);
        return;
    }
    panic!("no kill hit the change");
}
