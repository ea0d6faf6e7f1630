//! Directories, links, apt's own files and holds.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use host::wire::{
    DirectoryOrder, End, Entry, Hold, HoldOrder, Observe, Orders, Owned, Rights, Then,
};

use crate::lab::{Lab, file, never, orders};

pub(crate) fn rights(mode: u32) -> Rights {
    Rights { mode, owner: "root".into(), group: "root".into() }
}

pub(crate) fn directory(lab: &Lab, path: &str, mode: u32) -> DirectoryOrder {
    DirectoryOrder { path: path.into(), was: lab.look(path), then: rights(mode) }
}

/// An apt that keeps a record, and an apt-mark that does what it is told below the lab's root.
pub(crate) fn apt(lab: &Lab) {
    let record = lab.programs().join("apt");
    lab.program("apt-get", &format!("#!/bin/sh\necho \"$*\" >>{}\n", record.display()));
    let status = lab.at("/var/lib/dpkg/status");
    let mark = format!(
        "#!/bin/sh\ncase $1 in hold) to=hold ;; unhold) to=install ;; esac\nshift 2\n\
         for name; do sed -i \"/^Package: $name$/,/^$/s/^Status: [a-z]*/Status: $to/\" {}; done\n",
        status.display()
    );
    lab.program("apt-mark", &mark);
    lab.put(
        "/var/lib/dpkg/status",
        "Package: bird2\nStatus: install ok installed\nVersion: 2\n\n\
         Package: nginx\nStatus: hold ok installed\nVersion: 1\n\n",
    );
}

fn apt_calls(lab: &Lab) -> String {
    fs::read_to_string(lab.programs().join("apt")).unwrap_or_default()
}

fn held(lab: &Lab) -> Vec<String> {
    let packages: BTreeSet<String> = ["bird2", "nginx"].map(str::to_owned).into();
    let seen = lab.observe(Observe { packages, ..Observe::default() }).packages.unwrap();
    seen.into_iter().filter(|(_, package)| package.held).map(|(name, _)| name).collect()
}

#[test]
fn makes_directories_with_their_rights_and_changes_those_that_differ() {
    let lab = Lab::new();
    lab.put("/srv/old/file", "");
    let then = orders(vec![lab.write("/srv/new/deep/file", "x")]);
    let mut change = Orders {
        directories: vec![
            directory(&lab, "/srv/new", 0o750),
            directory(&lab, "/srv/old", 0o700),
            directory(&lab, "/srv/empty", 0o1777),
        ],
        ..then
    };
    change.owned.declared = ["/srv/new", "/srv/old", "/srv/empty"].map(str::to_owned).into();
    let before = lab.snapshot();
    change.probes = vec![never()];
    assert!(
        matches!(lab.apply(&change).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    assert_eq!(lab.snapshot(), before);
    change.probes.clear();
    assert_eq!(lab.apply(&change).end, End::Done);
    assert_eq!(lab.look("/srv/new"), Entry::Directory(rights(0o750)));
    assert_eq!(lab.look("/srv/old"), Entry::Directory(rights(0o700)));
    assert_eq!(lab.look("/srv/empty"), Entry::Directory(rights(0o1777)));
    // No longer declared: what was made goes once it is empty, what was there before stays.
    lab.put("/srv/new/deep/mine", "");
    let gone = Orders {
        files: vec![lab.order("/srv/new/deep/file", Then::Remove)],
        owned: Owned::default(),
        ..Orders::default()
    };
    assert_eq!(lab.apply(&gone).end, End::Done);
    assert!(!lab.at("/srv/empty").exists());
    assert!(lab.at("/srv/old").exists() && lab.at("/srv/new/deep/mine").exists());
}

#[test]
fn a_link_comes_changes_and_goes_like_a_file() {
    let lab = Lab::new();
    lab.put("/etc/motd", "old");
    let link = |lab: &Lab, path: &str, to: &str| lab.order(path, Then::Link { to: to.into() });
    let mut change =
        orders(vec![link(&lab, "/etc/motd", "/run/motd"), link(&lab, "/etc/new/link", "../x")]);
    let before = lab.snapshot();
    change.probes = vec![never()];
    assert!(
        matches!(lab.apply(&change).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    assert_eq!(lab.snapshot(), before);
    change.probes.clear();
    assert_eq!(lab.apply(&change).end, End::Done);
    assert_eq!(lab.look("/etc/motd"), Entry::Link { to: "/run/motd".into() });
    assert_eq!(lab.look("/etc/new/link"), Entry::Link { to: "../x".into() });
    let back =
        orders(vec![lab.write("/etc/motd", "file"), lab.order("/etc/new/link", Then::Remove)]);
    assert_eq!(lab.apply(&back).end, End::Done);
    assert_eq!(lab.text("/etc/motd"), "file");
    assert_eq!(lab.look("/etc/new/link"), Entry::Absent);
}

#[test]
fn refuses_a_directory_where_something_else_stands() {
    let lab = Lab::new();
    lab.put("/srv/file", "x");
    std::os::unix::fs::symlink("/etc", lab.at("/srv/link")).unwrap();
    for path in ["/srv/file", "/srv/link"] {
        let orders =
            Orders { directories: vec![directory(&lab, path, 0o777)], ..Orders::default() };
        let End::Refused { why } = lab.apply(&orders).end else { panic!() };
        assert_eq!(why, format!("{path} is no directory"));
    }
}

#[test]
fn a_repository_is_read_before_packages_are_installed_and_goes_when_that_fails() {
    let lab = Lab::new();
    apt(&lab);
    let list = "/etc/apt/sources.list.d/caddy.sources";
    let change = Orders {
        packages: vec!["caddy=2.8".into()],
        ..orders(vec![
            lab.write("/etc/apt/keyrings/caddy.asc", "key"),
            lab.write(list, "Types: deb\n"),
            lab.write("/etc/caddy/Caddyfile", "{}"),
        ])
    };
    let done = lab.apply(&change);
    assert_eq!(done.end, End::Done, "{done:?}");
    let calls = apt_calls(&lab);
    let (update, install) = calls.trim().split_once('\n').unwrap();
    assert!(update.starts_with("update") && update.contains(list), "{update}");
    assert!(install.starts_with("install") && install.ends_with("-- caddy=2.8"), "{install}");
    let steps: Vec<&str> = done.steps.iter().map(String::as_str).collect();
    let caddy = "create /etc/caddy/Caddyfile";
    let key = "create /etc/apt/keyrings/caddy.asc";
    assert_eq!(steps, [key, &format!("create {list}"), "installed caddy=2.8", caddy]);

    // The new key is none: everything that was there stays, whatever apt had begun.
    let before = lab.snapshot();
    let broken = Orders {
        packages: vec!["more".into()],
        ..orders(vec![lab.write(list, "Types: nonsense\n"), lab.write("/etc/apt/keyrings/new", "")])
    };
    lab.program("apt-get", "#!/bin/sh\necho 'E: Malformed entry' >&2\nexit 100\n");
    let End::Refused { why } = lab.apply(&broken).end else { panic!() };
    assert!(why.contains("Malformed entry"), "{why}");
    assert_eq!(lab.snapshot(), before);

    // What fails later takes them back, too.
    apt(&lab);
    let late = Orders { checks: vec![never()], ..broken };
    assert!(matches!(lab.apply(&late).end, End::Refused { .. }));
    assert_eq!(lab.snapshot(), before);
    let late = Orders { checks: Vec::new(), probes: vec![never()], ..late };
    assert!(
        matches!(lab.apply(&late).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn an_apt_at_work_has_words_of_its_own() {
    let lab = Lab::new();
    let says = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (unattended-upgr)";
    lab.program("apt-get", &format!("#!/bin/sh\necho '{says}' >&2\nexit 100\n"));
    let orders = Orders { packages: vec!["bird2".into()], ..Orders::default() };
    let End::Refused { why } = lab.apply(&orders).end else { panic!() };
    assert!(why.starts_with("apt or dpkg is at work on it already"), "{why}");
    assert!(why.contains("held by process 42"), "{why}");
}

#[test]
fn holds_and_frees_packages_and_puts_them_back() {
    let lab = Lab::new();
    apt(&lab);
    let order = |package: &str, then| HoldOrder { package: package.into(), then };
    let mut change = Orders {
        holds: vec![order("bird2", Hold::Keep), order("nginx", Hold::Free)],
        ..Orders::default()
    };
    change.probes = vec![never()];
    assert!(
        matches!(lab.apply(&change).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    assert_eq!(held(&lab), ["nginx"]);
    change.probes.clear();
    let done = lab.apply(&change);
    assert_eq!(done.steps, ["hold bird2", "hold nginx no more"]);
    assert_eq!(held(&lab), ["bird2"]);
}

#[test]
fn a_directory_of_another_owner_is_given_back_as_it_was() {
    let lab = Lab::new();
    fs::create_dir_all(lab.at("/srv/theirs")).unwrap();
    std::os::unix::fs::chown(lab.at("/srv/theirs"), Some(4242), Some(4243)).unwrap();
    fs::set_permissions(lab.at("/srv/theirs"), fs::Permissions::from_mode(0o2775)).unwrap();
    let mut change =
        Orders { directories: vec![directory(&lab, "/srv/theirs", 0o755)], ..Orders::default() };
    change.files = vec![lab.order("/srv/theirs/file", file("x", 0o644))];
    change.probes = vec![never()];
    assert!(
        matches!(lab.apply(&change).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    let data = fs::metadata(lab.at("/srv/theirs")).unwrap();
    assert_eq!((data.uid(), data.gid(), data.mode() & 0o7777), (4242, 4243, 0o2775));
}
