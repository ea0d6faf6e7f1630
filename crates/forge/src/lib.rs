//! Follows a git repository, and tells its forge (GitLab, Forgejo, Gitea) what became of a commit.
//!
//! [`Mirror`] has the commits; [`Forge`] says which changes wait for review and takes statuses and comments.
//! What is asked of a forge is built in `request`, which touches nothing; `git` and `curl` do the rest, as the
//! programs that operators know: with the machine's own certificates, proxies and credentials.
#![expect(clippy::disallowed_methods, reason = "starts git and curl")]

mod curl;
mod git;
mod request;

use std::fmt;

pub use git::{Checkout, Mirror};
pub use request::Kind;
use request::Request;
use serde_json::Value;

/// A project on a forge, and the right to speak there.
#[derive(Clone)]
pub struct Forge {
    /// Which API it speaks.
    pub kind: Kind,
    /// Where: `https://git.example.org`, with the path before `/api` if there is one.
    pub url: String,
    /// Which project: `group/name`.
    pub project: String,
    /// The token; never shown.
    pub token: String,
}

/// A change that waits for review: a merge request, a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number in the project.
    pub number: u64,
    /// The newest commit of it.
    pub commit: String,
}

/// What is said of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What was looked at: `ketupa/check`.
    pub context: String,
    /// How it ended.
    pub state: State,
    /// One line for people.
    pub description: String,
    /// Where more is said.
    pub link: Option<String>,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Success,
    /// Something is wrong with the commit.
    Failure,
    /// It could not be found out.
    Error,
}

/// A forge or git did not do what it was asked, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(pub String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.kind, self.url, self.project)
    }
}

impl Forge {
    /// The changes that wait to come into a branch, oldest first; a thousand at most.
    pub fn changes(&self, branch: &str) -> Result<Vec<Change>, Trouble> {
        let mut all = Vec::new();
        for page in 1..=20 {
            let answer = self.ask(&request::changes(self.kind, &self.project, branch, page))?;
            let found = answer.as_array().cloned().unwrap_or_default();
            all.extend(found.iter().filter_map(|one| request::change(self.kind, branch, one)));
            if found.len() < request::PAGE {
                break;
            }
        }
        all.sort_by_key(|change| change.number);
        Ok(all)
    }

    /// Says something of a commit. To say the same twice is no error.
    pub fn tell(&self, commit: &str, status: &Status) -> Result<(), Trouble> {
        let request = request::status(self.kind, &self.project, commit, status);
        match self.ask(&request) {
            // GitLab refuses to go from a state to the same state.
            Err(Trouble(why)) if why.contains("Cannot transition status") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Writes a comment under a change, or writes the one anew that it wrote before; its number comes back.
    pub fn comment(&self, change: u64, text: &str, before: Option<u64>) -> Result<u64, Trouble> {
        if let Some(number) = before {
            let edit = request::edit(self.kind, &self.project, change, number, text);
            match self.ask(&edit) {
                Ok(_) => return Ok(number),
                // Somebody deleted it.
                Err(Trouble(why)) if why.contains("is answered with 404") => (),
                Err(other) => return Err(other),
            }
        }
        let answer = self.ask(&request::comment(self.kind, &self.project, change, text))?;
        let number = answer.get("id").and_then(Value::as_u64);
        number.ok_or_else(|| Trouble(format!("{} did not number a comment", self.url)))
    }

    fn ask(&self, request: &Request) -> Result<Value, Trouble> {
        curl::send(self, request)
    }
}
