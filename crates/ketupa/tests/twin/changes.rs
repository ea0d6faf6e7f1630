//! A policy changes: routers take it while they run, and a second apply finds nothing to do.

use crate::stage::{Declared, Living, soon};
use crate::uptimes::{kept, uptimes};

#[test]
fn a_changed_policy_resets_no_session_and_a_second_apply_changes_nothing() {
    let network = Declared::example("neutrinet", "changes").up();
    let rehearsal = network.rehearsal();
    let speakers = rehearsal.speakers();
    let before = uptimes(&network, &speakers, |_| true);
    assert!(before.len() > 100);

    network.declared.edit("isp.toml", "transit      = 100", "transit      = 90");
    let rule = "[[policy.neutral.import]]\nprefixes = [\"134.58.0.0/16\"]\nlocal_pref = 95\n";
    network.declared.edit(
        "isp.toml",
        "[policy.neutral.local_pref]",
        &format!("{rule}\n[policy.neutral.local_pref]"),
    );
    let said = network.declared.twin("apply");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for line in said.out.lines().filter(|line| line.contains(".service")) {
        assert!(line.contains("reload bird.service") && !line.contains("restart"), "{line}");
    }
    for (edge, prefix, preference) in
        [("edge-01", "9.9.9.0/24", "90"), ("edge-02", "134.58.0.0/16", "95")]
    {
        soon(5, || {
            let shown =
                network.says(edge, &format!("birdc show route primary all {prefix} || true"));
            let wanted = format!("BGP.local_pref: {preference}\n");
            if shown.contains(&wanted) { Ok(()) } else { Err(shown) }
        });
    }
    kept(&before, &uptimes(&network, &speakers, |_| true));

    nothing_to_do(&network);
    what_hands_changed_is_put_back(&network);
    kept(&before, &uptimes(&network, &speakers, |_| true));
}

fn nothing_to_do(network: &Living) {
    let said = network.declared.twin("apply");
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(said.err.starts_with("0 of "), "{}", said.err);
}

fn what_hands_changed_is_put_back(network: &Living) {
    let sum = || network.says("edge-01", "sha256sum /etc/bird/filters.conf");
    let before = sum();
    network.says("edge-01", "echo '# just for a moment' >> /etc/bird/filters.conf");
    let said = network.declared.twin("apply");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.starts_with("1 of "), "{}", said.err);
    assert!(said.out.contains("edge-01") && said.out.contains("filters.conf"), "{}", said.out);
    assert_eq!(before, sum());
}
