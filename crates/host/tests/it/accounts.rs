//! Users and groups, made and changed by Debian's own tools below a root of the test's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use host::wire::{
    Answer, Content, DirectoryOrder, End, Entry, NewFile, NewGroup, NewUser, Observe, Orders,
    Request, Rights, SHUT, Sort, Then, User, UserOrder, UserThen,
};

use crate::lab::{Lab, never, orders};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(crate) fn laid() -> Lab {
    let lab = Lab::new();
    lab.accounts();
    lab
}

fn users(lab: &Lab) -> BTreeMap<String, User> {
    let users = set(&["alice", "old", "ghost"]);
    lab.observe(Observe { users, ..Observe::default() }).accounts.unwrap().users
}

fn alice() -> NewUser {
    NewUser {
        uid: Some(2001),
        home: "/home/alice".into(),
        shell: "/bin/bash".into(),
        comment: "Alice".into(),
        groups: set(&["sudo", "network"]),
        sort: Sort::Person,
    }
}

fn be(lab: &Lab, name: &str, new: NewUser) -> UserOrder {
    let was = users(lab).remove(name);
    UserOrder { name: name.into(), was, then: UserThen::Be(new) }
}

/// A new user with a group and keys of her own.
pub(crate) fn welcome(lab: &Lab) -> Orders {
    let keys = NewFile {
        content: Content::Text("ssh-ed25519 AAAA alice\n".into()),
        mode: 0o600,
        owner: "alice".into(),
        group: "alice".into(),
    };
    let then = Rights { mode: 0o700, owner: "alice".into(), group: "alice".into() };
    let directory = DirectoryOrder { path: "/home/alice/.ssh".into(), was: Entry::Absent, then };
    Orders {
        groups: vec![NewGroup { name: "network".into(), gid: Some(3000) }],
        users: vec![be(lab, "alice", alice())],
        directories: vec![directory],
        ..orders(vec![lab.order("/home/alice/.ssh/authorized_keys", Then::Write(keys))])
    }
}

/// The lines that count; the tools keep copies of the files and dates of their own.
pub(crate) fn state(lab: &Lab) -> String {
    ["passwd", "group", "gshadow", "shadow"]
        .map(|file| lab.text(&format!("/etc/{file}")))
        .join("\n")
}

#[test]
fn makes_a_user_with_home_groups_and_keys() {
    let lab = laid();
    let done = lab.apply(&welcome(&lab));
    assert_eq!(done.end, End::Done, "{done:?}");
    let steps = ["make the group network", "make the user alice", "make /home/alice/.ssh"];
    assert_eq!(done.steps.get(..3), Some(&steps.map(str::to_owned)[..]));
    let seen = users(&lab).remove("alice").unwrap();
    let expected = User {
        uid: 2001,
        home: "/home/alice".into(),
        shell: "/bin/bash".into(),
        comment: "Alice".into(),
        groups: set(&["sudo", "network"]),
        expires: String::new(),
    };
    assert_eq!(seen, expected);
    assert!(lab.text("/etc/group").contains("network:x:3000:alice\n"));
    let keys = fs::metadata(lab.at("/home/alice/.ssh/authorized_keys")).unwrap();
    assert_eq!((keys.uid(), keys.mode() & 0o7777), (2001, 0o600));
    let ssh = fs::metadata(lab.at("/home/alice/.ssh")).unwrap();
    assert_eq!((ssh.uid(), ssh.mode() & 0o7777), (2001, 0o700));
    assert!(lab.at("/home/alice/.profile").exists());
    // A home is nobody's to sweep up but the user's.
    assert!(!lab.text("/var/lib/ketupa/manifest.json").contains("\"/home/alice\""));
}

#[test]
fn a_change_that_fails_leaves_no_trace_of_a_user() {
    let lab = laid();
    let before = state(&lab);
    for refused in [true, false] {
        let never = vec![never()];
        let orders = welcome(&lab);
        let orders = if refused {
            Orders { checks: never, ..orders }
        } else {
            Orders { probes: never, ..orders }
        };
        let end = lab.apply(&orders).end;
        let fits = match &end {
            End::Refused { .. } => refused,
            End::RolledBack { troubles, .. } => !refused && troubles.is_empty(),
            End::Done | End::Awaiting => false,
        };
        assert!(fits, "{end:?}");
        assert_eq!(state(&lab), before);
        assert!(!lab.at("/home/alice").exists());
    }
}

#[test]
fn changes_what_differs_of_a_user_and_puts_it_back() {
    let lab = laid();
    let wanted = NewUser {
        uid: None,
        home: "/home/old".into(),
        shell: "/usr/sbin/nologin".into(),
        comment: "Old: no".replace(':', ","),
        groups: set(&["staff"]),
        sort: Sort::Person,
    };
    let mut change = Orders { users: vec![be(&lab, "old", wanted)], ..Orders::default() };
    let before = users(&lab);
    change.probes = vec![never()];
    assert!(
        matches!(lab.apply(&change).end, End::RolledBack { ref troubles, .. } if troubles.is_empty())
    );
    assert_eq!(users(&lab), before);
    change.probes.clear();
    assert_eq!(lab.apply(&change).end, End::Done);
    let old = users(&lab).remove("old").unwrap();
    assert_eq!((old.shell.as_str(), old.groups), ("/usr/sbin/nologin", set(&["staff"])));
    let End::Refused { why } = lab.apply(&change).end else { panic!() };
    assert!(why.contains("the user old changed after the plan was made"), "{why}");
}

#[test]
fn shuts_a_user_out_and_lets_him_in_again() {
    let lab = laid();
    let was = users(&lab).remove("old");
    let shut = UserOrder { name: "old".into(), was, then: UserThen::Shut };
    let mut change = Orders { users: vec![shut], ..Orders::default() };
    change.probes = vec![never()];
    let before = state(&lab);
    assert!(matches!(lab.apply(&change).end, End::RolledBack { .. }));
    assert_eq!(state(&lab), before);
    change.probes.clear();
    assert_eq!(lab.apply(&change).end, End::Done);
    assert_eq!(users(&lab).remove("old").unwrap().expires, SHUT);
    assert!(lab.at("/home/old").exists());
}

#[test]
fn refuses_names_and_texts_that_would_mean_something_else() {
    let lab = laid();
    let before = state(&lab);
    let named = |name: &str| UserOrder { name: name.into(), ..be(&lab, "alice", alice()) };
    let like = |new: NewUser| be(&lab, "alice", new);
    let wrong = [
        named("--root=/tmp"),
        named("a:b"),
        named("Alice"),
        named(""),
        like(NewUser { comment: "a:0:0".into(), ..alice() }),
        like(NewUser { shell: "/bin/sh\nroot2::0:0".into(), ..alice() }),
        like(NewUser { home: "home".into(), ..alice() }),
        like(NewUser { groups: set(&["a,b"]), ..alice() }),
    ];
    for user in wrong {
        let orders = Orders { users: vec![user.clone()], ..Orders::default() };
        assert!(matches!(lab.apply(&orders).end, End::Refused { .. }), "{user:?}");
        assert_eq!(state(&lab), before);
    }
}

#[test]
fn a_host_whose_users_cannot_be_read_is_not_one_without_users() {
    let lab = Lab::new();
    let answer = host::answer(
        &lab.place(),
        &Request::Observe(Observe { users: set(&["alice"]), ..Observe::default() }),
    );
    let Answer::Observed(seen) = answer else { panic!("{answer:?}") };
    assert!(seen.accounts.unwrap_err().starts_with("cannot read users and groups"));
}
