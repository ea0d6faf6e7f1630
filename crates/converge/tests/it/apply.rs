//! From a plan to a host, and back to an empty plan.

use std::collections::BTreeMap;

use component::tree::{File, HostTree};
use converge::{FileAct, Interrupted, Outcome, apply, observe, plan};
use host::wire::{Answer, End, Request};
use machine::Recorded;
use proptest::prelude::*;

use crate::lab::{Lab, Safe, router};

#[test]
fn an_applied_plan_leaves_nothing_to_do() {
    let lab = Lab::new();
    assert!(matches!(lab.apply(&router()), Outcome::Done { .. }));
    assert_eq!(lab.calls(), ["enable -- bird.service", "start -- bird.service"]);
    assert!(lab.plan(&router()).is_empty(), "{}", lab.plan(&router()));
    assert_eq!(lab.apply(&router()), Outcome::Unchanged);
}

#[test]
fn a_file_edited_by_hand_is_drift_and_is_put_right() {
    let lab = Lab::new();
    lab.apply(&router());
    lab.put("/etc/bird/bird.conf", "router id 6.6.6.6;\n");
    let plan = lab.plan(&router());
    assert_eq!((plan.files.len(), plan.files[0].by_hand), (1, true));
    lab.apply(&router());
    assert_eq!(lab.text("/etc/bird/bird.conf"), "router id 10.0.0.1;\n");
    assert_eq!(lab.calls().last().unwrap(), "reload -- bird.service");
}

#[test]
fn a_file_that_changes_in_the_model_is_not_called_edited_by_hand() {
    let lab = Lab::new();
    let mut tree = router();
    lab.apply(&tree);
    tree.files.get_mut("/etc/bird/bird.conf").unwrap().text = "router id 10.0.0.9;\n".into();
    assert!(!lab.plan(&tree).files[0].by_hand);
}

#[test]
fn what_leaves_the_tree_leaves_the_host_and_nothing_else_does() {
    let lab = Lab::new();
    lab.put("/etc/bird/peers/theirs.conf", "theirs");
    lab.apply(&router());
    assert!(matches!(lab.apply(&HostTree::default()), Outcome::Done { .. }));
    assert!(!lab.at("/etc/bird/bird.conf").exists());
    assert!(!lab.at("/etc/bird/peers/ix.conf").exists());
    assert_eq!(lab.text("/etc/bird/peers/theirs.conf"), "theirs");
    assert_eq!(lab.calls()[2..], ["disable -- bird.service", "stop -- bird.service"]);
    assert!(lab.plan(&HostTree::default()).is_empty());
}

#[test]
fn what_is_as_desired_already_is_adopted_and_later_removed() {
    let lab = Lab::new();
    lab.put("/etc/motd", "welcome\n");
    let mut tree = HostTree::default();
    tree.files.insert("/etc/motd".into(), File::public("welcome\n"));
    assert_eq!(lab.plan(&tree).adopts, ["/etc/motd"]);
    lab.apply(&tree);
    assert!(lab.plan(&tree).is_empty());
    lab.apply(&HostTree::default());
    assert!(!lab.at("/etc/motd").exists());
}

#[test]
fn an_obstacle_keeps_the_plan_from_being_applied() {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.at("/etc/bird/bird.conf")).unwrap();
    let Outcome::Refused { why } = lab.apply(&router()) else { panic!() };
    assert_eq!(why, "/etc/bird/bird.conf: a directory stands where the file shall be");
    assert!(!lab.at("/etc/bird/peers").exists());
}

#[test]
fn an_interrupted_change_is_told_by_a_plan_and_settled_by_an_apply() {
    let lab = Lab::new();
    lab.apply(&router());
    let journal = r#"{"phase":"Changing","changes":[{"path":"/etc/bird/bird.conf","kind":"Replace"}],
        "directories":[],"units":[],"daemon_reload":false}"#;
    lab.put("/var/lib/ketupa/journal.json", journal);
    lab.put("/etc/bird/.bird.conf.ketupa.dpkg-old", "router id 10.0.0.1;\n");
    lab.put("/etc/bird/bird.conf", "half done\n");
    let plan = lab.plan(&router());
    assert_eq!(plan.obstacles.len(), 1);
    assert!(plan.obstacles[0].why.contains("interrupted"), "{plan}");
    let machine = lab.machine();
    let observed = observe(&router(), &machine, &Safe("x"), Interrupted::Settle).unwrap();
    let plan = converge::plan(&router(), &observed);
    assert_eq!(plan.interruption.as_deref(), Some("undid a change that was interrupted"));
    assert!(plan.files.is_empty() && plan.obstacles.is_empty());
    assert_eq!(lab.text("/etc/bird/bird.conf"), "router id 10.0.0.1;\n");
}

#[test]
fn a_check_or_probe_that_says_no_leaves_the_host_as_it_was() {
    let lab = Lab::new();
    lab.apply(&router());
    let mut tree = router();
    tree.files.get_mut("/etc/bird/bird.conf").unwrap().text = "mistake\n".into();
    let mut unchecked = tree.clone();
    tree.checks[0].command = vec!["false".into()];
    assert!(matches!(lab.apply(&tree), Outcome::Refused { .. }));
    unchecked.probes[0].command = vec!["false".into()];
    unchecked.probes[0].within_s = 0;
    assert!(matches!(lab.apply(&unchecked), Outcome::RolledBack { .. }));
    assert!(lab.plan(&router()).is_empty());
}

#[test]
fn a_host_that_falls_silent_is_unknown() {
    let lab = Lab::new();
    let silent = Recorded::new("edge-01", []);
    let outcome = apply(&lab.plan(&router()), &silent, &Safe("x"));
    assert!(matches!(outcome, Outcome::Unknown { .. }));
}

#[test]
fn sends_exactly_what_the_plan_says() {
    let lab = Lab::new();
    let done = host::wire::Outcome { recovered: None, steps: Vec::new(), end: End::Done };
    let recorded = Recorded::new("edge-01", [Answer::Applied(done)]);
    let plan = lab.plan(&router());
    apply(&plan, &recorded, &Safe("x"));
    let asked = recorded.asked();
    let [Request::Apply(orders)] = asked.as_slice() else { panic!("{asked:?}") };
    let paths: Vec<&String> = orders.files.iter().map(|order| &order.path).collect();
    assert_eq!(paths, plan.files.iter().map(|file| &file.path).collect::<Vec<_>>());
    assert_eq!(orders.owned.files.len(), 2);
    assert_eq!((orders.checks.len(), orders.probes.len(), orders.units.len()), (1, 1, 1));
}

fn tree() -> impl Strategy<Value = HostTree> {
    let path = proptest::sample::select(vec![
        "/etc/a", "/etc/b", "/etc/d/a", "/etc/d/b", "/srv/x/y", "/srv/x/z",
    ]);
    let file = (".{0,30}\n?", any::<bool>()).prop_map(|(text, private)| {
        // A vault of one secret serves every mark.
        let text = text.replace('⟪', "⟪pass:a⟫");
        if private { File::private(text, "root") } else { File::public(text) }
    });
    proptest::collection::btree_map(path.prop_map(str::to_owned), file, 0..6)
        .prop_map(|files: BTreeMap<String, File>| HostTree { files, ..HostTree::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_before_an_applied_tree_plans_nothing(before in tree(), after in tree()) {
        let lab = Lab::new();
        for tree in [&before, &after] {
            let planned = lab.plan(tree);
            let outcome = apply(&planned, &lab.machine(), &Safe("hunter2"));
            let fine = matches!(outcome, Outcome::Done { .. } | Outcome::Unchanged);
            prop_assert!(fine, "{:?}", outcome);
            let again = lab.plan(tree);
            prop_assert!(again.is_empty(), "{}", again);
        }
        for path in before.files.keys().filter(|path| !after.files.contains_key(*path)) {
            prop_assert!(!lab.at(path).exists());
        }
    }

    #[test]
    fn a_plan_names_every_difference_and_nothing_else(before in tree(), after in tree()) {
        let lab = Lab::new();
        lab.apply(&before);
        let plan = plan(&after, &lab.observe(&after));
        for (path, file) in &after.files {
            let expected = match before.files.get(path) {
                None => Some(FileAct::Create),
                Some(old) if old.text != file.text => Some(FileAct::Change),
                Some(old) if old != file => Some(FileAct::Permissions),
                Some(_) => None,
            };
            let found = plan.files.iter().find(|change| change.path == *path).map(|change| change.act);
            prop_assert_eq!(found, expected, "{}", path);
        }
        prop_assert!(plan.files.iter().all(|change| !change.by_hand));
    }
}
