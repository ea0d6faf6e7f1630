//! Every change leaves one line of who ordered it, from what, and how it ended; and never what stands in files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use host::wire::{
    Answer, Boot, Command, End, Ending, Guard, Orders, Origin, Record, Request, Revision, Verb,
};

use crate::lab::{Lab, command, orders, unit};

const BOOKS: &str = "/var/lib/ketupa/history.jsonl";

fn origin(who: &str) -> Origin {
    let revision = Revision::Commit("1f".repeat(20));
    Origin { who: who.into(), run: "20220109T101500-7".into(), revision }
}

fn change(lab: &Lab, who: &str, text: &str) -> Orders {
    let orders = orders(vec![lab.write("/etc/d/a.conf", text)]);
    Orders { origin: Some(Box::new(origin(who))), ..orders }
}

fn history(lab: &Lab, most: u32) -> Vec<Record> {
    let answer = host::answer(&lab.place(), &Request::History { most });
    let Answer::History(records) = answer else { panic!("{answer:?}") };
    records
}

fn apply(lab: &Lab, orders: Orders) -> End {
    let answer = host::answer(&lab.place(), &Request::Apply(orders));
    let Answer::Applied(outcome) = answer else { panic!("{answer:?}") };
    outcome.end
}

#[test]
fn tells_who_changed_what_and_how_it_ended() {
    let lab = Lab::new();
    assert_eq!(history(&lab, 9), []);
    lab.unit("d.service", "active", "enabled");
    let mut first = change(&lab, "ada@desk", "password hunter2\n");
    first.units = vec![unit("d.service", Verb::Reload, Boot::Leave)];
    assert_eq!(apply(&lab, first), End::Done);
    let mut refused = change(&lab, "ada@desk", "two\n");
    // What checkers say may hold what stands in the file.
    refused.checks = vec![command("check", &["sh", "-c", "echo hunter2; exit 1"])];
    assert!(matches!(apply(&lab, refused), End::Refused { .. }));
    let mut undone = change(&lab, "job deploy", "three\n");
    undone.probes = vec![command("probe", &["false"])];
    assert!(matches!(apply(&lab, undone), End::RolledBack { .. }));
    let ends: Vec<(String, Ending, Vec<String>)> =
        history(&lab, 9).into_iter().map(|r| (r.origin.who, r.end, r.changed)).collect();
    let change = vec!["change /etc/d/a.conf".to_owned()];
    assert_eq!(
        ends,
        [
            (
                "ada@desk".into(),
                Ending::Done,
                vec!["create /etc/d/a.conf".into(), "reload d.service".into()]
            ),
            ("ada@desk".into(), Ending::Refused, change.clone()),
            ("job deploy".into(), Ending::Undone, change),
        ]
    );
    assert_eq!(history(&lab, 1).len(), 1);
    let text = lab.text(BOOKS);
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(fs::metadata(lab.at(BOOKS)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_change_that_nobody_confirms_is_told_as_that() {
    let lab = Lab::new();
    let guard = Some(Guard { id: "g".into(), within_s: 1 });
    let orders = Orders { guard, ..change(&lab, "ada@desk", "one\n") };
    let place = lab.place().with_undo(vec!["sh".into(), "-c".into(), "echo armed".into()]);
    let answer = host::answer(&place, &Request::Apply(orders));
    assert!(matches!(&answer, Answer::Applied(o) if o.end == End::Awaiting), "{answer:?}");
    assert_eq!(history(&lab, 9), [], "it is not over");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    host::answer(&place, &Request::Recover);
    let ends: Vec<Ending> = history(&lab, 9).into_iter().map(|record| record.end).collect();
    assert_eq!(ends, [Ending::Unconfirmed]);
}

#[test]
fn stays_small_and_outlives_a_line_that_was_cut_short() {
    let lab = Lab::new();
    apply(&lab, change(&lab, "first", "0\n"));
    let line = lab.text(BOOKS);
    lab.put(BOOKS, &line.repeat((1 << 20) / line.len()));
    let text = lab.text(BOOKS);
    fs::write(lab.at(BOOKS), &text.as_bytes()[..text.len() - 9]).unwrap();
    apply(&lab, change(&lab, "second", "1\n"));
    assert_eq!(history(&lab, 2).last().unwrap().origin.who, "second");
    assert!(lab.text(BOOKS).len() > 1 << 19);
    apply(&lab, change(&lab, "third", "2\n"));
    let found = history(&lab, 2).into_iter().map(|record| record.origin.who);
    assert_eq!(found.collect::<Vec<_>>(), ["second", "third"]);
    assert!(lab.text(BOOKS).len() < 600 << 10, "{}", lab.text(BOOKS).len());
}

#[test]
fn whoever_meets_the_lock_hears_who_holds_it() {
    let lab = Lab::new();
    let (begun, go) = (lab.at("/begun"), lab.at("/go"));
    let mut slow = change(&lab, "ada@desk", "one\n");
    let script =
        format!("touch {}; until [ -e {} ]; do sleep 0.02; done", begun.display(), go.display());
    slow.checks = vec![Command { within_s: 60, ..command("check", &["sh", "-c", &script]) }];
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(apply(&lab, slow), End::Done));
        while !begun.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let End::Refused { why } = apply(&lab, change(&lab, "bob@home", "two\n")) else {
            panic!("two at a time")
        };
        assert!(why.contains("at this moment: ada@desk holds it since "), "{why}");
        fs::write(&go, "").unwrap();
    });
    assert_eq!(apply(&lab, change(&lab, "bob@home", "two\n")), End::Done);
}
