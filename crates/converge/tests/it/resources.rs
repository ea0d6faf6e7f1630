//! Users, groups, directories, links and packages: planned, applied, left alone, and seen when they drift.

use std::fs;
use std::process::Command;

use component::tree::{Directory, File, HostTree, User, UserSort};
use converge::{Outcome, Plan, plan};
use insta::assert_snapshot;

use crate::lab::Lab;

/// A machine with Debian's account files and an apt that believes what it is told.
fn laid() -> Lab {
    let lab = Lab::new();
    lab.put(
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nold:x:2000:2000:Old:/home/old:/bin/sh\n",
    );
    lab.put("/etc/shadow", "root:*:19000:0:99999:7:::\nold:!:19000:0:99999:7:::\n");
    lab.put("/etc/group", "root:x:0:\nsudo:x:27:old\nadm:x:4:old\nold:x:2000:\n");
    lab.put("/etc/gshadow", "root:*::\nsudo:*::old\nadm:*::old\nold:!::\n");
    lab.put(
        "/etc/login.defs",
        "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUSERGROUPS_ENAB yes\n",
    );
    lab.put("/etc/skel/.profile", "");
    lab.put("/home/old/.ssh/authorized_keys", "ssh-ed25519 AAAA lost\n");
    lab.put(
        "/var/lib/dpkg/status",
        "Package: bird2\nStatus: install ok installed\nVersion: 2.0.12-7\n\n",
    );
    lab.program("apt-get", "true");
    let status = lab.at("/var/lib/dpkg/status").display().to_string();
    let mark = "case $1 in hold) to=hold ;; *) to=install ;; esac; shift 2\n\
                for n; do sed -i \"/^Package: $n\\$/,/^\\$/s/^Status: [a-z]*/Status: $to/\"";
    lab.program("apt-mark", &format!("{mark} {status}; done"));
    lab
}

fn person(comment: &str, name: &str, groups: &[&str]) -> User {
    User {
        uid: None,
        home: format!("/home/{name}"),
        shell: "/bin/bash".into(),
        comment: Some(comment.into()),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        sort: UserSort::Person,
    }
}

fn keys(tree: &mut HostTree, name: &str) {
    let path = format!("/home/{name}/.ssh");
    let mode = 0o700;
    let owner = Directory { mode, owner: name.into(), group: name.into() };
    tree.directories.insert(path.clone(), owner);
    let text = format!("ssh-ed25519 BBBB {name}\n");
    let file = File { text, mode: 0o600, owner: name.into(), group: name.into() };
    tree.files.insert(format!("{path}/authorized_keys"), file);
    tree.ways_in.insert(format!("{path}/authorized_keys"));
}

/// Somebody new, somebody who was there before, and a place for what they share.
fn desired() -> HostTree {
    let mut tree = HostTree::default();
    tree.groups.insert("network".into(), Some(3000));
    let alice = User { uid: Some(2001), ..person("Alice", "alice", &["network", "sudo"]) };
    tree.users.insert("alice".into(), alice);
    tree.users.insert("old".into(), person("Old Hand", "old", &["sudo"]));
    keys(&mut tree, "alice");
    keys(&mut tree, "old");
    let shared = Directory { mode: 0o2775, owner: "root".into(), group: "network".into() };
    tree.directories.insert("/srv/shared".into(), shared);
    tree.links.insert("/etc/motd".into(), "/srv/shared/motd".into());
    tree.packages.extend(["bird2".into(), "caddy".into()]);
    tree.versions.insert("bird2".into(), "2.0.12-7".into());
    tree.held.insert("bird2".into());
    tree
}

#[track_caller]
fn done(lab: &Lab, tree: &HostTree) {
    let outcome = lab.apply(tree);
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let mut status = fs::read_to_string(lab.at("/var/lib/dpkg/status")).unwrap();
    if !status.contains("caddy") {
        status += "Package: caddy\nStatus: install ok installed\nVersion: 2.6\n\n";
        lab.put("/var/lib/dpkg/status", &status);
    }
    let again = lab.plan(tree);
    assert!(again.is_empty(), "{again}");
}

fn lines(plan: &Plan) -> String {
    let text = plan.to_string();
    let shown = text.lines().filter(|line| !line.starts_with("    "));
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn shows_what_is_made_and_what_changes() {
    assert_snapshot!(lines(&laid().plan(&desired())), @r#"
    edge-01: 1 package, 1 hold, 1 group, 2 users, 3 directories, 2 files, 1 link
      create /home/alice/.ssh/authorized_keys (alice:alice 0600)
      change /home/old/.ssh/authorized_keys (root:root 0644 -> old:old 0600)
      install caddy
      hold bird2: no upgrade touches it
      make the group network with the number 3000
      make the user alice (2001, /home/alice, /bin/bash, in network, sudo)
      change the user old: shell "/bin/sh" -> "/bin/bash", comment "Old" -> "Old Hand", leaves adm
      make the directory /home/alice/.ssh (alice:alice 0700)
      change the permissions of /home/old/.ssh (root:root 0755 -> old:old 0700)
      make the directory /srv/shared (root:network 2775)
      link /etc/motd to /srv/shared/motd
    "#);
}

#[test]
fn what_is_applied_is_as_desired_and_every_hand_on_it_is_seen() {
    let lab = laid();
    let tree = desired();
    done(&lab, &tree);
    let passwd = lab.text("/etc/passwd").replace("/home/alice:/bin/bash", "/home/alice:/bin/sh");
    lab.put("/etc/passwd", &passwd);
    lab.put("/home/old/.ssh/authorized_keys", "ssh-ed25519 BBBB old\nssh-ed25519 CCCC thief\n");
    let root = lab.at("/");
    let mut by_hand = Command::new("sh");
    by_hand.current_dir(root).args(["-c", "chmod 777 srv/shared; ln -sf elsewhere etc/motd; usermod --prefix $PWD --append --groups root old; usermod --prefix $PWD --expiredate 2030-01-01 alice"]);
    assert!(by_hand.status().unwrap().success());
    let status = lab.text("/var/lib/dpkg/status").replace("hold ok", "install ok");
    lab.put("/var/lib/dpkg/status", &status.replace("2.0.12-7", "2.0.13-1"));
    let drift = lab.plan(&tree);
    assert!(drift.cuts_off);
    assert_snapshot!(lines(&drift), @r#"
    edge-01: 1 package, 1 hold, 2 users, 1 directory, 1 file, 1 link
      change /home/old/.ssh/authorized_keys, changed by hand since Ketupa wrote it
      install bird2=2.0.12-7
      hold bird2: no upgrade touches it
      change the user alice: shell "/bin/sh" -> "/bin/bash", may log in again
      change the user old: leaves root
      change the permissions of /srv/shared (root:network 2777 -> root:network 2775)
      link /etc/motd to /srv/shared/motd, to elsewhere until now
    "#);
    // The version is apt's to bring, which does nothing here.
    let status = lab.text("/var/lib/dpkg/status").replace("2.0.13-1", "2.0.12-7");
    lab.put("/var/lib/dpkg/status", &status);
    done(&lab, &tree);
    assert_eq!(lab.text("/home/old/.ssh/authorized_keys"), "ssh-ed25519 BBBB old\n");
}

#[test]
fn who_is_no_longer_declared_is_shut_out_only_if_we_made_him() {
    let lab = laid();
    done(&lab, &desired());
    let empty = HostTree::default();
    let plan = lab.plan(&empty);
    assert!(plan.cuts_off);
    assert_snapshot!(lines(&plan), @r#"
    edge-01: 1 hold, 1 user, 1 file, 1 link, 4 things to forget
      remove /home/alice/.ssh/authorized_keys
      hold bird2 no more
      shut out the user alice, no longer declared: no login any more, /home/alice stays
      remove the link /etc/motd
      forget the user old, who was there before Ketupa: login and keys stay
      forget the directory /home/alice/.ssh: it goes once it is empty
      forget the directory /home/old/.ssh: it stays as it is
      forget the directory /srv/shared: it goes once it is empty
    "#);
    done(&lab, &empty);
    assert!(lab.at("/home/old/.ssh/authorized_keys").exists());
    assert!(!lab.at("/home/alice/.ssh").exists() && lab.at("/home/alice/.profile").exists());
    // Whoever opens the door again by hand is seen, and whoever is declared again comes back.
    let root = lab.at("/");
    let mut open = Command::new("sh");
    open.current_dir(root).args(["-c", "usermod --prefix $PWD --expiredate '' alice"]);
    assert!(open.status().unwrap().success());
    assert_eq!(lab.plan(&empty).users.len(), 1);
    done(&lab, &empty);
    done(&lab, &desired());
    done(&lab, &empty);
}

#[test]
fn keys_and_users_that_are_there_can_cut_off_and_new_ones_cannot() {
    let lab = laid();
    let mut tree = HostTree::default();
    tree.users.insert("alice".into(), person("Alice", "alice", &[]));
    keys(&mut tree, "alice");
    assert!(!lab.plan(&tree).cuts_off);
    done(&lab, &tree);
    let mut other = tree.clone();
    let path = "/home/alice/.ssh/authorized_keys";
    other.files.get_mut(path).unwrap().text = "ssh-ed25519 DDDD alice\n".into();
    assert!(lab.plan(&other).cuts_off);
    tree.users.insert("alice".into(), person("Alice", "alice", &["sudo"]));
    assert!(lab.plan(&tree).cuts_off);
}

#[test]
fn what_cannot_be_made_is_an_obstacle() {
    let lab = laid();
    let mut tree = desired();
    tree.users.get_mut("old").unwrap().uid = Some(1234);
    tree.groups.insert("sudo".into(), Some(99));
    lab.put("/srv/shared", "a file");
    fs::create_dir_all(lab.at("/etc/motd")).unwrap();
    let plan = lab.plan(&tree);
    let said: Vec<String> =
        plan.obstacles.iter().map(|one| format!("{}: {}", one.about, one.why)).collect();
    assert_snapshot!(said.join("\n"), @r#"
    the group sudo: it has the number 27, not 99: files may belong to it
    the user old: it has the number 2000, not 1234: files may belong to it
    /srv/shared: a file stands where the directory shall be
    /etc/motd: a directory stands where the link shall be
    "#);
    fs::remove_file(lab.at("/etc/shadow")).unwrap();
    let said = lab.plan(&desired()).obstacles;
    assert!(said.iter().any(|one| one.about == "users"), "{said:?}");
}

#[test]
fn a_clock_that_is_wrong_stands_in_the_way() {
    let lab = laid();
    let tree = HostTree::default();
    let mut observed = lab.observe(&tree);
    assert!(observed.ahead_s.abs() < 60);
    assert!(plan(&tree, &observed).is_empty());
    observed.ahead_s = -7200;
    assert_snapshot!(plan(&tree, &observed), @r#"
    edge-01: 1 obstacle
      OBSTACLE the clock: it is 7200 s behind this machine's: set the wrong one of the two first
    "#);
}
