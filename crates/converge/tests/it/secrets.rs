//! Secrets reach the host and nobody's eyes.

use component::tree::{File, HostTree};
use converge::{Interrupted, Outcome, Plan, Trouble, apply, observe, plan};
use insta::assert_snapshot;

use crate::lab::{Lab, Safe};

const PATH: &str = "/etc/bird/bgp.conf";

fn with_secret() -> HostTree {
    let text = "neighbor 10.0.0.2;\npassword \"⟪pass:bgp/ix⟫\";\nhold time 90;\n";
    HostTree {
        files: [(PATH.to_owned(), File::private(text, "root"))].into(),
        ..HostTree::default()
    }
}

/// Nothing that can be printed of a plan holds one of these.
fn assert_silent(plan: &Plan, secrets: &[&str]) {
    for text in [plan.to_string(), plan.markdown(), plan.json(), format!("{plan:?}")] {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_secret_is_resolved_on_the_host_only() {
    let lab = Lab::new();
    let plan = lab.plan(&with_secret());
    assert_silent(&plan, &["hunter2"]);
    assert!(matches!(lab.apply(&with_secret()), Outcome::Done { .. }));
    assert!(lab.text(PATH).contains("password \"hunter2\";"));
    assert!(lab.plan(&with_secret()).is_empty());
}

#[test]
fn a_new_secret_is_a_change_that_shows_neither_the_old_nor_the_new() {
    let lab = Lab::new();
    lab.apply(&with_secret());
    let rotated = Safe("correct-horse");
    let observed = observe(&with_secret(), &lab.machine(), &rotated, Interrupted::Report).unwrap();
    let plan = plan(&with_secret(), &observed);
    assert_silent(&plan, &["hunter2", "correct-horse"]);
    assert_snapshot!(plan, @r#"
    edge-01: 1 file
      change /etc/bird/bgp.conf
        --- /etc/bird/bgp.conf
        +++ /etc/bird/bgp.conf
        @@ -1,3 +1,3 @@
         neighbor 10.0.0.2;
        -⟪a line that is not shown⟫
        +password "⟪pass:bgp/ix⟫";
         hold time 90;
    "#);
    apply(&plan, &lab.machine(), &rotated);
    assert!(lab.text(PATH).contains("correct-horse"));
}

#[test]
fn a_hand_edit_beside_a_secret_is_drift_that_hides_the_edited_line() {
    let lab = Lab::new();
    lab.apply(&with_secret());
    lab.put(
        PATH,
        "neighbor 10.0.0.2;\npassword \"hunter2\";\n# was hunter1 before\nhold time 90;\n",
    );
    let plan = lab.plan(&with_secret());
    assert_silent(&plan, &["hunter1", "hunter2"]);
    assert_snapshot!(plan, @r#"
    edge-01: 1 file
      change /etc/bird/bgp.conf, changed by hand since Ketupa wrote it
        --- /etc/bird/bgp.conf
        +++ /etc/bird/bgp.conf
        @@ -1,4 +1,3 @@
         neighbor 10.0.0.2;
         password "⟪pass:bgp/ix⟫";
        -⟪a line that is not shown⟫
         hold time 90;
    "#);
}

#[test]
fn a_file_that_held_a_secret_hides_it_when_the_new_text_has_none() {
    let lab = Lab::new();
    lab.apply(&with_secret());
    let mut tree = with_secret();
    tree.files.insert(PATH.into(), File::public("neighbor 10.0.0.2;\n"));
    assert_silent(&lab.plan(&tree), &["hunter2"]);
    assert_silent(&lab.plan(&HostTree::default()), &["hunter2"]);
}

#[test]
fn a_strangers_private_file_is_not_shown() {
    let lab = Lab::new();
    lab.put(PATH, "password \"from before Ketupa\";\n");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(lab.at(PATH), private).unwrap();
    let mut tree = HostTree::default();
    tree.files.insert(PATH.into(), File::public("neighbor 10.0.0.2;\n"));
    assert_silent(&lab.plan(&tree), &["from before Ketupa"]);
}

#[test]
fn a_secret_of_several_lines_is_masked_as_one() {
    let lab = Lab::new();
    let key = Safe("-----BEGIN-----\nAAAA\n-----END-----");
    let tree = with_secret();
    let first = observe(&tree, &lab.machine(), &key, Interrupted::Report).unwrap();
    apply(&plan(&tree, &first), &lab.machine(), &key);
    let mut tree = tree;
    tree.files.get_mut(PATH).unwrap().text += "end;\n";
    let observed = observe(&tree, &lab.machine(), &key, Interrupted::Report).unwrap();
    let plan = plan(&tree, &observed);
    assert_silent(&plan, &["AAAA", "-----BEGIN"]);
    let shown = plan.files[0].diff();
    assert!(
        shown.contains(" password \"⟪pass:bgp/ix⟫\";") && !shown.contains("not shown"),
        "{shown}"
    );
}

#[test]
fn a_lost_secret_is_told_by_its_reference() {
    let lab = Lab::new();
    let mut tree = with_secret();
    tree.files.get_mut(PATH).unwrap().text = "⟪pass:lost⟫".into();
    let trouble = observe(&tree, &lab.machine(), &Safe("x"), Interrupted::Report).unwrap_err();
    assert!(matches!(trouble, Trouble::NoSecret(_)));
    assert_eq!(trouble.to_string(), "no secret for pass:lost: it is lost");
}
