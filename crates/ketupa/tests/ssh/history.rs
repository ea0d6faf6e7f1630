//! Every operator sees who changed what, and an earlier commit can be had back.

use crate::stage::Story;

#[test]
fn who_changed_what_is_told_and_an_earlier_commit_comes_back() {
    let story = Story::begin();
    story
        .at_desk("git config --global user.name Ada && git config --global user.email a@b.example")
        .ends(0, &[]);
    let (first, second) = two_commits_are_applied(&story);
    changes_that_are_not_committed_are_told(&story, &second);
    the_first_commit_comes_back(&story, &first);
    what_cannot_come_back_is_told(&story);
    a_host_that_does_not_answer_is_told(&story);
}

/// Commits what is declared.
fn commit(story: &Story, model: &str) -> String {
    story.declare(model);
    let script =
        "cd /root/isp && git init -q . && git add . && git commit -qm step && git rev-parse HEAD";
    story.at_desk(script).ends(0, &[]).out.trim().to_owned()
}

fn other(story: &Story) -> String {
    story.model().replace("80.67.191.10", "80.67.191.11")
}

fn two_commits_are_applied(story: &Story) -> (String, String) {
    let first = commit(story, story.model());
    story.ketupa("history", &[]).ends(0, &[]);
    story.ketupa("apply", &["--yes"]).ends(0, &["2 hosts changed"]);
    let line = format!("root@desk  commit {first:.12}");
    let said = story.ketupa("history", &[]).ends(0, &[&line, "router: done", "server: done"]);
    assert!(said.out.contains("    change /etc/nftables.conf\n"), "{}", said.out);
    assert!(said.out.contains("    start bird.service\n"), "{}", said.out);
    assert_eq!(said.out.matches('@').count(), 1, "one run: {}", said.out);

    let second = commit(story, &other(story));
    let words = ["--yes", "--by", "job nightly", "--format", "json", "--confirm-within", "20s"];
    let said = story.ketupa("apply", &words).ends(0, &["\"end\": \"done\"", "\"job nightly\""]);
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(all["origin"]["revision"]["Commit"], second.as_str(), "{all}");
    story.at_desk("cd /root/isp && test -z \"$(git status --porcelain)\"").ends(0, &[]);
    let said = story.ketupa("history", &["--limit", "1"]).ends(0, &["job nightly  commit"]);
    assert!(!said.out.contains("root@desk"), "the latest alone: {}", said.out);
    story.sh("server", "ip -4 address show dev lan | grep 80.67.191.11/25");
    (first, second)
}

fn changes_that_are_not_committed_are_told(story: &Story, second: &str) {
    story.at_desk("echo '# not committed' >>/root/isp/isp.toml").ends(0, &[]);
    story.sh("router", "echo '# by hand' >>/etc/bird/bird.conf");
    story.ketupa("apply", &["--yes", "--host", "router"]).ends(0, &["1 host changed"]);
    let line = format!("root@desk  commit {second:.12} with changes (");
    story.ketupa("history", &["--host", "router"]).ends(0, &[&line, "reload bird.service"]);
    // Of no repository there is only a hash.
    story.at_desk("cp -r /root/isp /root/plain && rm -r /root/plain/.git").ends(0, &[]);
    let words = "--today 2022-01-09 --ssh-config /root/config --executor /root/ketupa-host";
    story.sh("router", "echo '# by hand' >>/etc/bird/bird.conf");
    story.at_desk(&format!("/proc/1/exe apply /root/plain {words} --yes")).ends(0, &[]);
    story.ketupa("history", &["--host", "router"]).ends(0, &["root@desk  no commit ("]);
    story
        .at_desk(&format!("/proc/1/exe rollback /root/plain {words} --to HEAD --yes"))
        .ends(3, &["/root/plain has no history here: not a git repository"]);
}

fn the_first_commit_comes_back(story: &Story, first: &str) {
    let before = story.at_desk("cd /root/isp && cat isp.toml .git/HEAD .git/index | sha256sum").out;
    story.ketupa("rollback", &["--to", "HEAD~1"]).ends(2, &["no terminal to ask on"]);
    let words = ["--to", "HEAD~1", "--yes", "--confirm-within", "20s"];
    let back = "+    address 80.67.191.10/25";
    story.ketupa("rollback", &words).ends(0, &["server: done", "router: done", back]);
    story.sh("server", "ip -4 address show dev lan | grep 80.67.191.10/25");
    let line = format!("root@desk  commit {first:.12}\n  server: done");
    story.ketupa("history", &["--host", "server", "--limit", "1"]).ends(0, &[&line]);
    let after = story.at_desk("cd /root/isp && cat isp.toml .git/HEAD .git/index | sha256sum").out;
    assert_eq!(before, after, "the operator's own tree stays as it is");
    story.at_desk("ls -d /tmp/ketupa-*").ends(2, &["No such file"]);
}

fn what_cannot_come_back_is_told(story: &Story) {
    let says = "there is no commit `no-such` in /root/isp";
    story.ketupa("rollback", &["--to", "no-such", "--yes"]).ends(2, &[says, "git log"]);
    story.ketupa("rollback", &["--to", "--help", "--yes"]).ends(2, &[]);
    let broken = commit(story, &story.model().replace("asn      = 6696", "asn = 0"));
    commit(story, story.model());
    let says = format!("what was declared at commit {broken:.12} does not hold today");
    let place = format!("/root/isp@{broken:.12}/isp.toml");
    story
        .ketupa("rollback", &["--to", &broken, "--yes"])
        .ends(1, &[&says, &place, "nothing was changed"]);
}

/// Also whoever says no hears it by the exit status.
fn a_host_that_does_not_answer_is_told(story: &Story) {
    story.twin().systemctl("router", &["stop", "ssh.service"]).unwrap();
    let said = story.ketupa("history", &[]).ends(1, &["router: unknown", "1 host did not tell"]);
    assert!(said.out.contains("server: done"), "{}", said.out);
    story.sh("server", "echo '# by hand' >>/etc/nftables.conf");
    let apply = "/proc/1/exe apply /root/isp --today 2022-01-09 --ssh-config /root/config \
                 --executor /root/ketupa-host";
    story
        .at_desk(&format!("echo no | script -qec '{apply}' /dev/null"))
        .ends(1, &["Change 1 host?", "nothing was changed", "router: unknown"]);
}
