//! A repository is followed: each commit is looked at once, and its forge hears of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::forge::{Asked, Forge, TOKEN};
use crate::run::{Folder, KETUPA, Ran};
use serde_json::json;

/// A provider's repository, and somebody who follows it.
struct Story {
    folder: Folder,
    forge: Forge,
}

impl Story {
    fn begin(name: &str) -> Self {
        let story = Self { folder: Folder::example(name, "minimal"), forge: Forge::begin() };
        story.git(&["init", "--quiet", "--initial-branch", "main"]);
        story.commit();
        story
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, words: &[&str]) -> String {
        let who = ["-c", "user.name=A", "-c", "user.email=a@isp.example"];
        let said = Command::new("git").arg("-C").arg(self.path()).args(who).args(words).output();
        Ran::from(said.expect("start git")).ends(0, &[]).out.trim().to_owned()
    }

    /// Everything as it is now; its name.
    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "A change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.isp();
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).expect("write");
    }

    fn isp(&self) -> PathBuf {
        self.path().join("isp.toml")
    }

    fn follow(&self, kind: &str, token: &str) -> Ran {
        let mut command = Command::new(KETUPA);
        command.arg("follow").arg(self.path()).arg("--state").arg(self.path().join(".git/state"));
        command.args(["--forge", kind, "--url", &self.forge.url, "--project", "network/isp"]);
        // One router is not enough for any failure.
        command.args(["--failures", "0"]);
        command.args(["--token", "env:FORGE"]).env("FORGE", token);
        command.output().expect("start the command").into()
    }
}

fn said<'a>(asked: &'a [Asked], of: &str) -> Vec<(&'a str, &'a str)> {
    let of = asked.iter().filter(|asked| asked.what.ends_with(of));
    let text = |asked: &'a Asked, key| asked.body.get(key).and_then(|value| value.as_str());
    of.filter_map(|asked| Some((text(asked, "context")?, text(asked, "state")?))).collect()
}

#[test]
fn a_commit_on_the_branch_is_looked_at_once() {
    let story = Story::begin("follow-branch");
    let head = story.git(&["rev-parse", "HEAD"]);
    story.follow("gitlab", TOKEN).ends(0, &["check well", "prove well"]);
    let asked = story.forge.written();
    assert_eq!(said(&asked, &head), [("ketupa/check", "success"), ("ketupa/prove", "success")]);
    assert!(
        asked.iter().all(|asked| asked.what.starts_with("POST /api/v4/projects/network%2Fisp/"))
    );
    assert_eq!(story.follow("gitlab", TOKEN).ends(0, &[]).out, "");

    story.edit("asn    = 204059\ndomain", "asn    = 0\ndomain");
    let broken = story.commit();
    story.follow("gitlab", TOKEN).ends(1, &["check not well", "1 error"]);
    assert_eq!(said(&story.forge.written(), &broken)[0], ("ketupa/check", "failed"));
}

#[test]
fn what_a_forge_does_not_take_is_told_again() {
    let story = Story::begin("follow-token");
    let ran = story.follow("forgejo", "another-token").ends(3, &["401", "the token is not taken"]);
    assert!(!ran.err.contains("another-token"), "{}", ran.err);
    story.forge.written();
    story.follow("forgejo", TOKEN).ends(0, &["check well"]);
    assert_eq!(story.forge.written().len(), 2);
}

#[test]
fn a_change_that_waits_gets_one_comment_that_is_kept_up_to_date() {
    let story = Story::begin("follow-change");
    story.git(&["checkout", "--quiet", "-b", "mine"]);
    story.edit("80.67.191.10\"", "80.67.191.11\"");
    let first = story.commit();
    story.git(&["update-ref", "refs/pull/7/head", &first]);
    story
        .forge
        .waits(json!([{ "number": 7, "head": { "sha": first }, "base": { "ref": "main" } }]));
    story.follow("forgejo", TOKEN).ends(0, &["change 7", "changes well"]);
    let asked = story.forge.written();
    assert_eq!(said(&asked, &first).len(), 3);
    let comment = asked.last().expect("a comment");
    assert_eq!(comment.what, "POST /api/v1/repos/network/isp/issues/7/comments");
    let text = comment.body["body"].as_str().expect("text");
    assert!(text.contains("0 errors") && !text.contains(".git/state"), "{text}");

    // It is wrong now; what is behind `templates` or in a hook of the change is not run by git.
    story.edit("asn    = 204059\ndomain", "asn    = 0\ndomain");
    let second = story.commit();
    story.git(&["update-ref", "refs/pull/7/head", &second]);
    story
        .forge
        .waits(json!([{ "number": 7, "head": { "sha": second }, "base": { "ref": "main" } }]));
    story.follow("forgejo", TOKEN).ends(1, &["change 7", "check not well"]);
    let asked = story.forge.written();
    let comment = asked.last().expect("a comment");
    assert_eq!(comment.what, "PATCH /api/v1/repos/network/isp/issues/comments/77");
    assert!(
        comment.body["body"].as_str().expect("text").contains("AS 0 is reserved"),
        "{comment:?}"
    );
    assert_eq!(story.follow("forgejo", TOKEN).ends(0, &[]).out, "");
    assert!(story.forge.written().is_empty());
}

#[test]
fn what_a_change_says_of_its_files_is_not_for_the_branch() {
    let story = Story::begin("follow-attributes");
    story.git(&["checkout", "--quiet", "-b", "mine"]);
    let attributes = "*.toml text working-tree-encoding=UTF-16LE\n";
    std::fs::write(story.path().join(".gitattributes"), attributes).expect("write");
    story.git(&["add", ".gitattributes"]);
    story.git(&["commit", "--quiet", "--message", "Attributes"]);
    let change = story.git(&["rev-parse", "HEAD"]);
    story.git(&["update-ref", "refs/pull/7/head", &change]);
    story
        .forge
        .waits(json!([{ "number": 7, "head": { "sha": change }, "base": { "ref": "main" } }]));
    story.follow("forgejo", TOKEN).ends(1, &["main", "check well", "change 7", "check not well"]);
    // The branch goes on, with files that are read as they are.
    story.git(&["checkout", "--quiet", "--force", "main"]);
    story.commit();
    story.follow("forgejo", TOKEN).ends(0, &["main", "check well"]);
}

#[test]
fn a_change_that_would_fill_the_disk_is_not_checked_out() {
    let story = Story::begin("follow-large");
    story.git(&["checkout", "--quiet", "-b", "mine"]);
    let blob = "x".repeat(4 << 20);
    for number in 0..20 {
        std::fs::write(story.path().join(format!("{number}.txt")), &blob).expect("write");
    }
    let change = story.commit();
    story.git(&["update-ref", "refs/pull/7/head", &change]);
    story
        .forge
        .waits(json!([{ "number": 7, "head": { "sha": change }, "base": { "ref": "main" } }]));
    story.follow("forgejo", TOKEN).ends(3, &["change 7", "no provider's directory"]);
}

#[test]
fn a_branch_that_is_not_there_is_said_so() {
    let story = Story::begin("follow-nothing");
    let state = story.path().join("state");
    let said = Command::new(KETUPA)
        .arg("follow")
        .arg(story.path())
        .args(["--branch", "production", "--state"])
        .arg(&state)
        .output();
    Ran::from(said.expect("start")).ends(3, &["git: ", "production"]);
}
