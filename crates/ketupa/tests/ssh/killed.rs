//! `kill -9` of the executor at any moment leaves the old state or the new one, and the next run says so.

use crate::stage::{Story, soon};

/// Waits until a change begins, then for `$1`, and ends every executor at work, but not the timer that
/// waits to undo.
const KILL: &str = "until [ -e /var/lib/ketupa/journal.json ]; do :; done; sleep $1; \
    for p in /proc/[0-9]*; do case $(readlink $p/exe) in */ketupa/executor/*) \
    [ $(tr '\\0' '\\n' <$p/cmdline | wc -l) -gt 1 ] || kill -9 ${p#/proc/} ;; esac; done; true";
/// What the change touches.
const STATE: &str = "cat /etc/network/interfaces /etc/hosts | sha256sum; ip -o -4 address show dev lan; \
    ls -a /etc /etc/network | grep ketupa || true";

#[test]
fn a_killed_executor_leaves_the_old_state_or_the_new_one() {
    let story = Story::begin();
    let words = ["--yes", "--host", "server", "--confirm-within", "20s"];
    story.ketupa("apply", &["--yes"]).ends(0, &[]);
    let before = story.model().to_owned();
    let after = before.replace("80.67.191.10", "80.67.191.11");
    let old = story.sh("server", STATE);
    story.declare(&after);
    story.ketupa("apply", &words).ends(0, &[]);
    let new = story.sh("server", STATE);
    assert_ne!(old, new);

    let mut undone = 0;
    for step in 0..10_u32 {
        story.declare(&before);
        story.ketupa("apply", &words).ends(0, &[]);
        assert_eq!(story.sh("server", STATE), old, "step {step}");
        story.declare(&after);
        let delay = format!("0.{:03}", step * 17);
        let killer = ["timeout", "60", "sh", "-c", KILL, "kill", &delay];
        let mut killer = story.twin().spawn("server", &killer).unwrap();
        // Whoever waits for the answer hears that there is none, and what the host did.
        let said = story.ketupa("apply", &words);
        assert!(killer.wait().unwrap().success());
        soon(30, || match story.tries("server", "test -e /var/lib/ketupa/journal.json") {
            there if there.code == 0 => Err(format!("step {step}: it is not over: {said:?}")),
            _ => Ok(()),
        });
        let found = story.sh("server", STATE);
        assert!(found == old || found == new, "step {step}: {found}");
        assert_eq!(said.code == 0, found == new, "step {step}: {said:?}");
        if found == old {
            undone += 1;
            assert!(said.out.contains("undid a change"), "step {step}: {said:?}");
        }
        story.ketupa("plan", &["--host", "server"]).ends(0, &[]);
    }
    println!("{undone} of 10 are as before");
    assert!(undone > 0, "no kill hit a change");
}
