//! What a change does when all goes well, and what is refused before anything is touched.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use host::wire::{Boot, Command, End, Entry, Observe, Then, Verb};

use crate::lab::{Lab, command, file, orders, unit};

fn refusal(end: End) -> String {
    let End::Refused { why } = end else { panic!("{end:?}") };
    why
}

#[test]
fn creates_changes_and_removes_files_in_order() {
    let lab = Lab::new();
    lab.put("/etc/bird/bird.conf", "old");
    lab.put("/etc/bird/gone.conf", "gone");
    let outcome = lab.apply(&orders(vec![
        lab.write("/etc/bird/peers/new.conf", "new"),
        lab.order("/etc/bird/bird.conf", file("changed", 0o640)),
        lab.order("/etc/bird/gone.conf", Then::Remove),
    ]));
    assert_eq!(outcome.end, End::Done);
    let steps = [
        "create /etc/bird/peers/new.conf",
        "change /etc/bird/bird.conf",
        "remove /etc/bird/gone.conf",
    ];
    assert_eq!(outcome.steps, steps);
    let found = lab.snapshot();
    assert_eq!(found["etc/bird/bird.conf"], "100640 0:0 changed");
    assert_eq!(found["etc/bird/peers"], "40755 0:0 directory");
    let names: Vec<&String> = found.keys().filter(|name| name.starts_with("etc/bird/")).collect();
    assert_eq!(names, ["etc/bird/bird.conf", "etc/bird/peers", "etc/bird/peers/new.conf"]);
}

#[test]
fn sets_owner_and_group_by_the_hosts_own_names() {
    let lab = Lab::new();
    lab.put("/etc/passwd", "root:x:0:0::/root:/bin/sh\nbird:x:1234:5::/:/bin/false\n");
    lab.put("/etc/group", "root:x:0:\nbirds:x:4321:\n");
    let mut order = lab.write("/etc/bird/bird.conf", "text");
    let Then::Write(new) = &mut order.then else { panic!() };
    new.owner = "bird".into();
    new.group = "birds".into();
    assert_eq!(lab.apply(&orders(vec![order.clone()])).end, End::Done);
    assert_eq!(lab.snapshot()["etc/bird/bird.conf"], "100644 1234:4321 text");
    let Entry::File(found) = lab.look("/etc/bird/bird.conf") else { panic!() };
    assert_eq!((found.owner.as_str(), found.group.as_str()), ("bird", "birds"));

    let Then::Write(new) = &mut order.then else { panic!() };
    new.owner = "nobody-knows".into();
    order.was = lab.look("/etc/bird/bird.conf");
    let why = refusal(lab.apply(&orders(vec![order])).end);
    assert_eq!(why, "cannot stage /etc/bird/bird.conf: there is no user nobody-knows");
}

#[test]
fn drives_units_in_order_and_rereads_unit_files_first() {
    let lab = Lab::new();
    lab.unit("bird.service", "active", "enabled");
    lab.unit("gone.service", "active", "enabled");
    lab.unit("new.service", "inactive", "disabled");
    let mut orders = orders(vec![lab.write("/etc/systemd/system/new.service", "[Service]")]);
    orders.units = vec![
        unit("gone.service", Verb::Stop, Boot::Disable),
        unit("new.service", Verb::Start, Boot::Enable),
        unit("bird.service", Verb::Reload, Boot::Leave),
    ];
    assert_eq!(lab.apply(&orders).end, End::Done);
    let expected = [
        "disable gone.service",
        "stop gone.service",
        "daemon-reload ",
        "enable new.service",
        "start new.service",
        "reload bird.service",
    ];
    assert_eq!(lab.calls(), expected);
}

#[test]
fn replaces_a_link_and_leaves_alone_what_it_points_to() {
    let lab = Lab::new();
    lab.put("/srv/precious", "precious");
    fs::create_dir_all(lab.at("/etc")).unwrap();
    symlink("/srv/precious", lab.at("/etc/resolv.conf")).unwrap();
    assert_eq!(lab.look("/etc/resolv.conf"), Entry::Link { to: "/srv/precious".into() });
    let outcome = lab.apply(&orders(vec![lab.write("/etc/resolv.conf", "nameserver ::1")]));
    assert_eq!(outcome.end, End::Done);
    assert_eq!(lab.snapshot()["etc/resolv.conf"], "100644 0:0 nameserver ::1");
    assert_eq!(lab.text("/srv/precious"), "precious");
}

#[test]
fn follows_roots_links_on_the_way_within_the_root_and_nobody_elses() {
    let lab = Lab::new();
    fs::create_dir_all(lab.at("/run/bird")).unwrap();
    fs::create_dir_all(lab.at("/var")).unwrap();
    symlink("/run", lab.at("/var/run")).unwrap();
    let order = lab.write("/var/run/bird/a.conf", "a");
    assert_eq!(lab.apply(&orders(vec![order.clone()])).end, End::Done);
    assert_eq!(lab.text("/run/bird/a.conf"), "a");

    std::os::unix::fs::lchown(lab.at("/var/run"), Some(1000), Some(1000)).unwrap();
    let Entry::Unreadable { why } = lab.look("/var/run/bird/a.conf") else { panic!() };
    assert_eq!(why, "/var/run is a link made by another user");
    refusal(lab.apply(&orders(vec![order])).end);
    chown(lab.at("/run"), Some(0), Some(0)).unwrap();
}

#[test]
fn refuses_paths_with_detours() {
    let lab = Lab::new();
    let before = lab.snapshot();
    let detours =
        ["/etc/../shadow", "/etc//x", "/etc/./x", "etc/x", "/x", "", "/etc/", "/var/lib/ketupa/x"];
    for path in detours {
        let order =
            host::wire::FileOrder { path: path.into(), was: Entry::Absent, then: file("x", 0o644) };
        let why = refusal(lab.apply(&orders(vec![order])).end);
        assert!(why.contains("is refused"), "{path}: {why}");
        let asked =
            Observe { files: [(path.to_owned(), String::new())].into(), ..Observe::default() };
        let answer = host::answer(&lab.place(), &host::wire::Request::Observe(asked));
        assert!(matches!(answer, host::wire::Answer::Refused { .. }), "{path}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn refuses_orders_that_are_out_of_date() {
    let lab = Lab::new();
    lab.put("/etc/a.conf", "one");
    let stale = orders(vec![lab.write("/etc/a.conf", "two")]);
    lab.put("/etc/a.conf", "somebody else's");
    let why = refusal(lab.apply(&stale).end);
    assert_eq!(why, "/etc/a.conf changed after the plan was made: plan again");
    assert_eq!(lab.text("/etc/a.conf"), "somebody else's");
}

#[test]
fn refuses_to_work_beside_another_change_until_that_ends() {
    let lab = Lab::new();
    let orders = orders(vec![lab.write("/etc/a.conf", "a")]);
    let (begun, go) = (lab.at("/begun"), lab.at("/go"));
    let slow = std::thread::scope(|scope| {
        let mut slow = orders.clone();
        let waits = format!(
            "touch {}; until [ -e {} ]; do sleep 0.02; done",
            begun.display(),
            go.display()
        );
        slow.probes = vec![Command { within_s: 60, ..command("slow", &["sh", "-c", &waits]) }];
        slow.files.clear();
        let slow = scope.spawn(|| lab.apply(&{ slow }));
        while !begun.exists() {
            assert!(!slow.is_finished(), "it does not wait");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let why = refusal(lab.apply(&orders).end);
        assert!(why.starts_with("another apply is changing this host"), "{why}");
        let unfinished = lab.observe(Observe::default()).unfinished;
        assert_eq!(unfinished.as_deref(), Some("a change is running at this moment"));
        fs::write(&go, "").unwrap();
        slow.join().unwrap()
    });
    assert_eq!(slow.end, End::Done);
    assert_eq!(lab.apply(&orders).end, End::Done);
}

#[test]
fn remembers_what_it_owns_and_sweeps_up_directories_that_it_made() {
    let lab = Lab::new();
    fs::create_dir_all(lab.at("/etc")).unwrap();
    lab.apply(&orders(vec![lab.write("/etc/a/b/c.conf", "c")]));
    let owned = lab.observe(Observe::default()).owned.unwrap();
    assert!(owned.files.contains_key("/etc/a/b/c.conf"));
    assert_eq!(owned.directories.iter().collect::<Vec<_>>(), ["/etc/a", "/etc/a/b"]);
    let manifest = fs::metadata(lab.at("/var/lib/ketupa/manifest.json")).unwrap();
    assert_eq!(manifest.permissions().mode() & 0o777, 0o600);

    lab.apply(&orders(vec![lab.order("/etc/a/b/c.conf", Then::Remove)]));
    assert!(!lab.at("/etc/a").exists() && lab.at("/etc").exists());
    assert_eq!(lab.observe(Observe::default()).owned.unwrap(), host::wire::Owned::default());
}
