//! A dead man's timer: what nobody confirms is undone by the host, whatever dies meanwhile.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use host::frame;
use host::wire::{Answer, Boot, Confirmed, End, Guard, Observe, Orders, Request, Seen, Verb};

use crate::lab::{Lab, command, orders, unit};

/// The books, and files of a daemon that runs.
fn laid() -> Lab {
    let lab = Lab::new();
    lab.put("/etc/systemd/system/any.service", "");
    lab.put("/etc/nftables.conf", "old");
    lab.unit("nftables.service", "active", "enabled");
    lab
}

fn change(lab: &Lab, within_s: u32) -> Orders {
    let mut orders =
        orders(vec![lab.write("/etc/nftables.conf", "new"), lab.write("/etc/x/y", "new")]);
    orders.units = vec![unit("nftables.service", Verb::Reload, Boot::Leave)];
    orders.probes = vec![command("probe", &["true"])];
    orders.guard = Some(Guard { id: "night-1".into(), within_s });
    orders
}

fn ask(lab: &Lab, request: &Request) -> Answer {
    let output = lab.start(request).wait_with_output().unwrap();
    frame::receive(&mut output.stdout.as_slice()).unwrap().unwrap()
}

fn apply(lab: &Lab, within_s: u32) -> End {
    let answer = ask(lab, &Request::Apply(change(lab, within_s)));
    let Answer::Applied(outcome) = answer else { panic!("{answer:?}") };
    outcome.end
}

/// What comes of a confirmation, once whoever undoes is not at it any more.
fn confirm(lab: &Lab, id: &str) -> Confirmed {
    for _ in 0..100 {
        let answer = ask(lab, &Request::Confirm { id: id.into() });
        let Answer::Confirmed(confirmed) = answer else { panic!("{answer:?}") };
        if confirmed != Confirmed::Busy {
            return confirmed;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Confirmed::Busy
}

fn seen(lab: &Lab) -> Seen {
    lab.observe(Observe::default())
}

/// Waits until no change is on its way.
fn settled(lab: &Lab) {
    let begun = Instant::now();
    while lab.at("/var/lib/ketupa/journal.json").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", seen(lab));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_change_that_nobody_confirms_is_undone_by_the_host() {
    let lab = laid();
    let before = lab.snapshot();
    assert_eq!(apply(&lab, 3), End::Awaiting);
    assert_eq!(lab.text("/etc/nftables.conf"), "new");
    assert!(seen(&lab).unfinished.unwrap().contains("waits to be confirmed"));
    settled(&lab);
    assert_eq!(lab.snapshot(), before);
    assert_eq!(lab.calls(), ["reload nftables.service", "reload nftables.service"]);
    assert!(seen(&lab).undone.unwrap().contains("nobody confirmed it"));
    assert!(seen(&lab).owned.unwrap().files.is_empty());
    let Confirmed::Gone { why } = confirm(&lab, "night-1") else { panic!("it is gone") };
    assert!(why.contains("undone"), "{why}");
    // Whoever comes next hears of it, once.
    let Answer::Recovered(Ok(Some(said))) = ask(&lab, &Request::Recover) else { panic!("silence") };
    assert!(said.contains("by itself"), "{said}");
    assert_eq!(ask(&lab, &Request::Recover), Answer::Recovered(Ok(None)));
}

#[test]
fn a_confirmed_change_stands_and_may_be_confirmed_twice() {
    let lab = laid();
    assert_eq!(apply(&lab, 3), End::Awaiting);
    assert!(matches!(confirm(&lab, "another"), Confirmed::Gone { .. }));
    assert_eq!(confirm(&lab, "night-1"), Confirmed::Stands);
    assert_eq!(confirm(&lab, "night-1"), Confirmed::Stands);
    std::thread::sleep(Duration::from_millis(3600));
    assert_eq!(lab.text("/etc/nftables.conf"), "new");
    let seen = seen(&lab);
    assert_eq!((seen.unfinished, seen.undone), (None, None));
    let owned = seen.owned.unwrap();
    assert!(owned.files.contains_key("/etc/x/y") && owned.directories.contains("/etc/x"));
}

#[test]
fn nothing_else_begins_while_a_change_waits() {
    let lab = laid();
    assert_eq!(apply(&lab, 9), End::Awaiting);
    let End::Refused { why } = apply(&lab, 9) else { panic!("it must wait") };
    assert!(why.contains("waits to be confirmed"), "{why}");
    assert_eq!(lab.text("/etc/nftables.conf"), "new");
    assert_eq!(confirm(&lab, "night-1"), Confirmed::Stands);
}

#[test]
fn a_killed_executor_leaves_the_old_state_without_anybody_coming_back() {
    let mut kills = 0;
    for step in 0..24_u32 {
        let lab = laid();
        let before = lab.snapshot();
        let mut orders = change(&lab, 1);
        orders.probes = vec![command("probe", &["sleep", "0.1"])];
        let mut child = lab.start(&Request::Apply(orders));
        std::thread::sleep(Duration::from_millis(u64::from(step) * 8));
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(15));
        let armed = lab.at("/var/lib/ketupa/journal.json").exists()
            && std::fs::read_to_string(lab.at("/var/lib/ketupa/journal.json"))
                .unwrap()
                .contains("Changing");
        if armed {
            settled(&lab);
            kills += 1;
        } else {
            ask(&lab, &Request::Recover);
            settled(&lab);
        }
        assert_eq!(lab.snapshot(), before, "step {step}");
    }
    assert!(kills > 3, "{kills} kills hit the change");
}

#[test]
fn a_timer_that_is_killed_does_its_work_when_it_is_started_again() {
    let lab = laid();
    let before = lab.snapshot();
    assert_eq!(apply(&lab, 2), End::Awaiting);
    let undo = || {
        let mut timer = lab.program_of_executor();
        timer.arg("undo").arg(lab.root()).arg("night-1");
        timer.stdout(Stdio::null()).spawn().unwrap()
    };
    // Many timers are as good as one, and each may be killed.
    for step in 0..10 {
        let mut timer = undo();
        std::thread::sleep(Duration::from_millis(step * 5));
        timer.kill().unwrap();
        timer.wait().unwrap();
    }
    let mut timers: Vec<Child> = (0..3).map(|_| undo()).collect();
    settled(&lab);
    assert!(timers.iter_mut().all(|timer| timer.wait().unwrap().success()));
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn systemd_is_asked_to_keep_the_time() {
    let lab = laid();
    let record = lab.programs().join("timer");
    lab.program("systemd-run", &format!("#!/bin/sh\necho \"$*\" >>{}\n", record.display()));
    let before = lab.snapshot();
    assert_eq!(apply(&lab, 60), End::Awaiting);
    let asked = std::fs::read_to_string(record).unwrap();
    assert!(asked.contains("--unit=ketupa-undo-night-1 --on-active=60s"), "{asked}");
    assert!(
        asked.trim_end().ends_with(&format!("undo {} night-1", lab.root().display())),
        "{asked}"
    );
    // And the next boot to do it, should the machine go down before.
    let unit = "/etc/systemd/system/ketupa-boot-undo-night-1.service";
    assert!(lab.text(unit).contains(&format!("undo {} night-1\n", lab.root().display())));
    assert!(lab.at(&unit.replace("system/", "system/multi-user.target.wants/")).exists());
    assert_eq!(confirm(&lab, "night-1"), Confirmed::Stands);
    let units = |lab: &Lab| -> Vec<String> {
        let all = lab.snapshot().into_keys();
        all.filter(|path| path.contains("systemd") && path.ends_with("service")).collect()
    };
    assert_eq!(units(&lab).len(), before.keys().filter(|path| path.ends_with("service")).count());
}

/// A change that waits, and a timer that never comes.
fn forgotten(within_s: u32) -> Lab {
    let lab = laid();
    lab.program("systemd-run", "#!/bin/sh\n");
    assert_eq!(apply(&lab, within_s), End::Awaiting);
    lab
}

#[test]
fn a_confirmation_that_comes_too_late_is_refused() {
    let lab = forgotten(1);
    std::thread::sleep(Duration::from_millis(2100));
    let Confirmed::Gone { why } = confirm(&lab, "night-1") else { panic!("it is too late") };
    assert!(why.contains("time is over"), "{why}");
    // As one leaves it that was killed between noting it and letting the change stand.
    lab.put("/var/lib/ketupa/confirmed.json", "\"night-1\"");
    let said = ask(&lab, &Request::Recover);
    let undid = "undid a change that nobody confirmed".to_owned();
    assert_eq!(said, Answer::Recovered(Ok(Some(undid))));
    assert_eq!(lab.text("/etc/nftables.conf"), "old");
    assert!(matches!(confirm(&lab, "night-1"), Confirmed::Gone { .. }));
}

#[test]
fn a_change_that_waited_before_the_machine_was_started_anew_is_undone_at_once() {
    let lab = forgotten(600);
    assert!(seen(&lab).unfinished.unwrap().contains("waits to be confirmed"));
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let journal = lab.text("/var/lib/ketupa/journal.json");
    let other = journal.replace(boot.trim(), "00000000-0000-0000-0000-000000000000");
    assert_ne!(journal, other);
    lab.put("/var/lib/ketupa/journal.json", &other);
    assert!(seen(&lab).unfinished.unwrap().contains("the next apply undoes it"));
    assert!(matches!(confirm(&lab, "night-1"), Confirmed::Gone { .. }));
    assert!(matches!(ask(&lab, &Request::Recover), Answer::Recovered(Ok(Some(_)))));
    assert_eq!(lab.text("/etc/nftables.conf"), "old");
}

#[test]
fn a_timer_that_cannot_read_the_books_looks_again() {
    let lab = forgotten(1);
    let (books, away) = (lab.at("/var/lib/ketupa/journal.json"), lab.at("/var/lib/away"));
    std::fs::copy(&books, &away).unwrap();
    lab.put("/var/lib/ketupa/journal.json", "{");
    let mut timer = lab.program_of_executor();
    timer.arg("undo").arg(lab.root()).arg("night-1").stdout(Stdio::null());
    let mut timer = timer.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    assert!(timer.try_wait().unwrap().is_none(), "it gave up");
    std::fs::rename(&away, &books).unwrap();
    settled(&lab);
    assert!(timer.wait().unwrap().success());
    assert_eq!(lab.text("/etc/nftables.conf"), "old");
}

#[test]
fn without_a_timer_no_such_change_begins() {
    let lab = laid();
    let before = lab.snapshot();
    // In this process there is no command that undoes.
    let outcome = lab.apply(&change(&lab, 60));
    assert!(matches!(&outcome.end, End::Refused { why } if why.contains("timer")), "{outcome:?}");
    let bad = Orders { guard: Some(Guard { id: "a;b".into(), within_s: 5 }), ..change(&lab, 5) };
    assert!(matches!(lab.apply(&bad).end, End::Refused { .. }));
    assert_eq!(lab.snapshot(), before);
}
