//! What the operator reads.

use component::tree::{File, OnChange};
use converge::{FileAct, Plan, UnitAct, plan};
use insta::assert_snapshot;

use crate::lab::{Lab, router, unit};

#[test]
fn shows_a_first_apply() {
    assert_snapshot!(Lab::new().plan(&router()), @r#"
    edge-01: 2 files, 1 unit
      create /etc/bird/bird.conf (root:root 0644)
        --- /dev/null
        +++ /etc/bird/bird.conf
        @@ -0,0 +1 @@
        +router id 10.0.0.1;
      create /etc/bird/peers/ix.conf (root:root 0644)
        --- /dev/null
        +++ /etc/bird/peers/ix.conf
        @@ -0,0 +1 @@
        +neighbor 10.0.0.2;
      start and enable bird.service, because it does not run
      check bird: true /etc/bird/bird.conf
      probe "BIRD answers" within 5 s
    "#);
}

/// A hand edit, a file and a mode changed in the model, a new daemon.
fn changed() -> Plan {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    lab.put("/etc/bird/peers/ix.conf", "neighbor 10.6.6.6; # by hand\n");
    tree.files.get_mut("/etc/bird/bird.conf").unwrap().mode = 0o640;
    tree.files.insert("/etc/motd".into(), File::public("welcome\n"));
    tree.packages.insert("keepalived".into());
    tree.units.insert("keepalived.service".into(), unit(OnChange::Reload, &[], &["bird.service"]));
    lab.plan(&tree)
}

#[test]
fn shows_what_changes_and_why() {
    assert_snapshot!(changed(), @r#"
    edge-01: 1 package, 3 files, 2 units
      create /etc/motd (root:root 0644)
        --- /dev/null
        +++ /etc/motd
        @@ -0,0 +1 @@
        +welcome
      change /etc/bird/peers/ix.conf, changed by hand since Ketupa wrote it
        --- /etc/bird/peers/ix.conf
        +++ /etc/bird/peers/ix.conf
        @@ -1 +1 @@
        -neighbor 10.6.6.6; # by hand
        +neighbor 10.0.0.2;
      change the permissions of /etc/bird/bird.conf (root:root 0644 -> root:root 0640)
      install keepalived
      reload bird.service, because /etc/bird/peers/ix.conf and /etc/bird/bird.conf change
      restart and enable keepalived.service, because it does not run
      check bird: true /etc/bird/bird.conf
      probe "BIRD answers" within 5 s
    "#);
}

#[test]
fn shows_a_plan_as_markdown() {
    assert_snapshot!(changed().markdown(), @r#"
    ## edge-01: 1 package, 3 files, 2 units

    create /etc/motd (root:root 0644)

    ```diff
    --- /dev/null
    +++ /etc/motd
    @@ -0,0 +1 @@
    +welcome
    ```

    change /etc/bird/peers/ix.conf, changed by hand since Ketupa wrote it

    ```diff
    --- /etc/bird/peers/ix.conf
    +++ /etc/bird/peers/ix.conf
    @@ -1 +1 @@
    -neighbor 10.6.6.6; # by hand
    +neighbor 10.0.0.2;
    ```

    change the permissions of /etc/bird/bird.conf (root:root 0644 -> root:root 0640)

    - install keepalived
    - reload bird.service, because /etc/bird/peers/ix.conf and /etc/bird/bird.conf change
    - restart and enable keepalived.service, because it does not run
    - check bird: true /etc/bird/bird.conf
    - probe "BIRD answers" within 5 s
    "#);
}

#[test]
fn shows_a_plan_as_json() {
    assert_snapshot!(changed().json(), @r#"
    {
      "host": "edge-01",
      "empty": false,
      "packages": [
        "keepalived"
      ],
      "files": [
        {
          "path": "/etc/motd",
          "act": "create",
          "attributes": "root:root 0644",
          "by_hand": false,
          "diff": "--- /dev/null\n+++ /etc/motd\n@@ -0,0 +1 @@\n+welcome\n"
        },
        {
          "path": "/etc/bird/peers/ix.conf",
          "act": "change",
          "attributes": null,
          "by_hand": true,
          "diff": "--- /etc/bird/peers/ix.conf\n+++ /etc/bird/peers/ix.conf\n@@ -1 +1 @@\n-neighbor 10.6.6.6; # by hand\n+neighbor 10.0.0.2;\n"
        },
        {
          "path": "/etc/bird/bird.conf",
          "act": "permissions",
          "attributes": "root:root 0644 -> root:root 0640",
          "by_hand": false,
          "diff": ""
        }
      ],
      "units": [
        {
          "name": "bird.service",
          "act": "reload",
          "why": "because /etc/bird/peers/ix.conf and /etc/bird/bird.conf change"
        },
        {
          "name": "keepalived.service",
          "act": "restart",
          "why": "because it does not run"
        }
      ],
      "adopts": [],
      "checks": [
        [
          "true",
          "/etc/bird/bird.conf"
        ]
      ],
      "probes": [
        "BIRD answers"
      ],
      "obstacles": [],
      "interruption": null,
      "cuts_off": false
    }
    "#);
}

#[test]
fn shows_what_goes() {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    tree.files.remove("/etc/bird/peers/ix.conf");
    tree.units.clear();
    assert_snapshot!(lab.plan(&tree), @r#"
    edge-01: 1 file, 1 unit
      remove /etc/bird/peers/ix.conf
      stop bird.service, because it is no longer declared
      check bird: true /etc/bird/bird.conf
      probe "BIRD answers" within 5 s
    "#);
}

#[test]
fn shows_what_stands_in_the_way() {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.at("/etc/bird/bird.conf")).unwrap();
    lab.put("/etc/bird/peers", "a file");
    std::fs::remove_file(lab.at("/var/lib/dpkg/status")).unwrap();
    let plan = lab.plan(&router());
    assert!(!plan.is_empty());
    assert_snapshot!(plan, @r#"
    edge-01: 1 unit, 3 obstacles
      OBSTACLE packages: cannot read the list of packages: No such file or directory (os error 2)
      OBSTACLE /etc/bird/bird.conf: a directory stands where the file shall be
      OBSTACLE /etc/bird/peers/ix.conf: it cannot be read: Not a directory (os error 20)
      start and enable bird.service, because it does not run
      probe "BIRD answers" within 5 s
    "#);
}

#[test]
fn orders_units_by_what_they_come_after_and_breaks_circles() {
    let lab = Lab::new();
    let mut tree = router();
    tree.units.clear();
    for (name, after) in
        [("a", ["c"]), ("b", ["a"]), ("c", ["elsewhere"]), ("x", ["y"]), ("y", ["x"])]
    {
        tree.units.insert(name.into(), unit(OnChange::Restart, &[], &after));
    }
    let plan = lab.plan(&tree);
    let names: Vec<&str> = plan.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["c", "a", "b", "x", "y"]);
}

#[test]
fn restarts_a_unit_whose_own_file_changes() {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    let addition = "/etc/systemd/system/bird.service.d/limits.conf";
    tree.files.insert(addition.into(), File::public("[Service]\n"));
    let plan = lab.plan(&tree);
    assert_eq!(plan.units[0].act, UnitAct::Restart);
    assert_eq!(plan.units[0].why, format!("because {addition} changes"));
    assert_eq!(plan.checks, [], "no check covers it");
}

#[test]
fn starts_a_unit_that_had_nothing_to_run_for_when_its_files_change() {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    let mut observed = lab.observe(&tree);
    let states = observed.seen.units.as_mut().unwrap();
    let bird = states.get_mut("bird.service").unwrap();
    bird.active = "inactive".into();
    bird.skipped = true;
    assert!(plan(&tree, &observed).is_empty(), "it is well as it is");
    tree.files.get_mut("/etc/bird/bird.conf").unwrap().mode = 0o600;
    assert_eq!(plan(&tree, &observed).units[0].act, UnitAct::Start);
}

#[test]
fn the_same_two_give_the_same_plan_and_removals_come_last() {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    tree.files.remove("/etc/bird/bird.conf");
    tree.files.get_mut("/etc/bird/peers/ix.conf").unwrap().text = "changed\n".into();
    tree.files.insert("/etc/zebra".into(), File::public("new\n"));
    let observed = lab.observe(&tree);
    assert_eq!(plan(&tree, &observed), plan(&tree, &observed));
    let acts: Vec<FileAct> = plan(&tree, &observed).files.iter().map(|file| file.act).collect();
    assert_eq!(acts, [FileAct::Create, FileAct::Change, FileAct::Remove]);
}
