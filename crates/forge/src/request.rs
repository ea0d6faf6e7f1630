//! What is asked of each kind of forge, as data. Pure.
//!
//! GitLab: REST API v4, "Commits" (post the status of a commit), "Merge requests", "Notes". Forgejo and Gitea:
//! API v1 of the instance (`/api/swagger`): `repoCreateStatus`, `repoListPullRequests`, `issueCreateComment`.

use serde_json::{Value, json};

use crate::{Change, State, Status};

/// How many changes are asked for at a time.
pub(crate) const PAGE: usize = 50;
/// What forges take as a description.
const LINE: usize = 140;
/// What a comment may be long; GitLab takes a million characters, Forgejo 65,535.
const COMMENT: usize = 60_000;

/// Which API a forge speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// GitLab's, version 4.
    Gitlab,
    /// Forgejo's and Gitea's, version 1.
    Forgejo,
}

/// One question to a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Behind the forge's address.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Kind {
    /// The name of a change's newest commit in the forge's repository, as a pattern for all of them.
    pub fn refs(self) -> &'static str {
        match self {
            Self::Gitlab => "refs/merge-requests/*/head",
            Self::Forgejo => "refs/pull/*/head",
        }
    }

    /// The header that carries the token.
    pub(crate) fn header(self, token: &str) -> String {
        match self {
            Self::Gitlab => format!("PRIVATE-TOKEN: {token}"),
            Self::Forgejo => format!("Authorization: token {token}"),
        }
    }

    /// GitLab takes a project's path as one word.
    fn of(self, project: &str) -> String {
        match self {
            Self::Gitlab => format!("/api/v4/projects/{}", escaped(project)),
            Self::Forgejo => {
                let words: Vec<String> = project.split('/').map(escaped).collect();
                format!("/api/v1/repos/{}", words.join("/"))
            }
        }
    }

    fn state(self, state: State) -> &'static str {
        match (self, state) {
            (_, State::Success) => "success",
            (Self::Gitlab, State::Failure | State::Error) => "failed",
            (Self::Forgejo, State::Failure) => "failure",
            (Self::Forgejo, State::Error) => "error",
        }
    }
}

/// Changes that wait, a page of them.
pub(crate) fn changes(kind: Kind, project: &str, branch: &str, page: usize) -> Request {
    let all = kind.of(project);
    let path = match kind {
        Kind::Gitlab => format!(
            "{all}/merge_requests?state=opened&target_branch={}&per_page={PAGE}&page={page}",
            escaped(branch)
        ),
        Kind::Forgejo => format!("{all}/pulls?state=open&limit={PAGE}&page={page}"),
    };
    Request { method: "GET", path, body: None }
}

/// One of them, if it is for this branch.
pub(crate) fn change(kind: Kind, branch: &str, one: &Value) -> Option<Change> {
    let text = |path: &str| one.pointer(path).and_then(Value::as_str);
    let (number, commit, into) = match kind {
        Kind::Gitlab => ("/iid", "/sha", "/target_branch"),
        Kind::Forgejo => ("/number", "/head/sha", "/base/ref"),
    };
    let commit = text(commit).filter(|commit| is_commit(commit))?.to_owned();
    let number = one.pointer(number)?.as_u64()?;
    (text(into) == Some(branch)).then_some(Change { number, commit })
}

/// Whether this is the name of a commit: what a forge says goes into paths and to git.
pub(crate) fn is_commit(text: &str) -> bool {
    (40..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Something said of a commit.
pub(crate) fn status(kind: Kind, project: &str, commit: &str, status: &Status) -> Request {
    let mut body = json!({
        "state": kind.state(status.state),
        "context": status.context,
        "description": cut(&status.description, LINE),
    });
    if let (Some(link), Some(fields)) = (&status.link, body.as_object_mut()) {
        fields.insert("target_url".to_owned(), json!(link));
    }
    let path = format!("{}/statuses/{commit}", kind.of(project));
    Request { method: "POST", path, body: Some(body) }
}

/// A new comment under a change.
pub(crate) fn comment(kind: Kind, project: &str, change: u64, text: &str) -> Request {
    let all = kind.of(project);
    let path = match kind {
        Kind::Gitlab => format!("{all}/merge_requests/{change}/notes"),
        Kind::Forgejo => format!("{all}/issues/{change}/comments"),
    };
    Request { method: "POST", path, body: Some(json!({ "body": cut(text, COMMENT) })) }
}

/// Another text for a comment.
pub(crate) fn edit(kind: Kind, project: &str, change: u64, number: u64, text: &str) -> Request {
    let all = kind.of(project);
    let (method, path) = match kind {
        Kind::Gitlab => ("PUT", format!("{all}/merge_requests/{change}/notes/{number}")),
        Kind::Forgejo => ("PATCH", format!("{all}/issues/comments/{number}")),
    };
    Request { method, path, body: Some(json!({ "body": cut(text, COMMENT) })) }
}

/// At most so many characters, and a word where some are missing.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Percent-encoded (RFC 3986, section 2.1), everything but unreserved characters.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind) -> Request {
        let said = Status {
            context: "ketupa/check".into(),
            state: State::Error,
            description: "é".repeat(300),
            link: None,
        };
        status(kind, "a b/c", "f00", &said)
    }

    #[test]
    fn each_forge_is_asked_in_its_own_words() {
        let gitlab = told(Kind::Gitlab);
        assert_eq!(gitlab.path, "/api/v4/projects/a%20b%2Fc/statuses/f00");
        assert_eq!(gitlab.body.unwrap()["state"], "failed");
        let forgejo = told(Kind::Forgejo);
        assert_eq!(forgejo.path, "/api/v1/repos/a%20b/c/statuses/f00");
        assert_eq!(forgejo.body.unwrap()["state"], "error");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let body = told(Kind::Gitlab).body.unwrap();
        let line = body["description"].as_str().unwrap().to_owned();
        assert_eq!(line.chars().count(), LINE);
        assert!(line.ends_with("é…"), "{line}");
    }

    #[test]
    fn what_is_no_commit_is_no_change() {
        let sha = "a".repeat(40);
        let said = |sha: &str| json!({ "iid": 7, "sha": sha, "target_branch": "main" });
        assert_eq!(change(Kind::Gitlab, "main", &said(&sha)).unwrap().number, 7);
        assert_eq!(change(Kind::Gitlab, "main", &said("--upload-pack=x")), None);
        assert_eq!(change(Kind::Gitlab, "other", &said(&sha)), None);
        assert_eq!(change(Kind::Forgejo, "main", &said(&sha)), None);
    }
}
