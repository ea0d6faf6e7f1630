//! What the desk remembers: runs, what they printed, what became of each task.

use crate::Millis;
use std::collections::BTreeMap;

/// What becomes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// In the queue.
    Waiting,
    /// Under way on a server.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Killed at its time limit.
    TimedOut,
    /// Somebody took it back.
    Cancelled,
    /// Its servers died under it, twice.
    Lost,
}

/// Every state with its word.
const STATES: [(State, &str); 7] = [
    (State::Waiting, "waiting"),
    (State::Running, "running"),
    (State::Done, "done"),
    (State::Failed, "failed"),
    (State::TimedOut, "timed-out"),
    (State::Cancelled, "cancelled"),
    (State::Lost, "lost"),
];

impl State {
    /// Its word, in the database and in the API.
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("lost", |(_, word)| word)
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        STATES.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
    }

    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// Why a run was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its time came.
    Schedule,
    /// A program asked, with a token.
    Api,
    /// A forge called.
    Webhook,
    /// Somebody pressed the button.
    Page,
    /// Somebody asked on the command line.
    Command,
}

const CAUSES: [(Cause, &str); 5] = [
    (Cause::Schedule, "schedule"),
    (Cause::Api, "api"),
    (Cause::Webhook, "webhook"),
    (Cause::Page, "page"),
    (Cause::Command, "command"),
];

impl Cause {
    /// Its word.
    pub fn word(self) -> &'static str {
        CAUSES.iter().find(|(cause, _)| *cause == self).map_or("api", |(_, word)| word)
    }

    /// The cause of a word.
    pub fn of(word: &str) -> Option<Self> {
        CAUSES.iter().find(|(_, known)| *known == word).map(|(cause, _)| *cause)
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The job.
    pub job: String,
    /// Its group: one of it is under way at a time.
    pub group: String,
    /// Why.
    pub cause: Cause,
    /// Who asked: a token's name, a forge's delivery, a planned time.
    pub who: String,
    /// What the caller set.
    pub parameters: BTreeMap<String, String>,
    /// Before this it does not start.
    pub not_before: Millis,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// What was asked for.
    pub asked: Asked,
    /// What became of it.
    pub state: State,
    /// When it was asked for.
    pub queued: Millis,
    /// When it first started.
    pub started: Option<Millis>,
    /// When it was over.
    pub ended: Option<Millis>,
    /// How often it was started. What an attempt writes counts while this is still its number.
    pub attempt: i64,
    /// How often it failed.
    pub failures: i64,
    /// How often a server died under it.
    pub lost: i64,
    /// The server that has it.
    pub server: Option<String>,
    /// Until when that server has it, unless it says more.
    pub lease: Option<Millis>,
    /// Whether somebody wants it to end.
    pub cancel: bool,
    /// The exit status of its process.
    pub exit: Option<i64>,
    /// In a sentence, why it ended so.
    pub says: String,
}

impl Run {
    /// How long it took, or has taken until now.
    pub fn took(&self, now: Millis) -> Option<Millis> {
        Some((self.ended.unwrap_or(now) - self.started?).max(0))
    }
}

/// A piece of what a run printed: whole lines, as far as they are not endless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its place among the pieces of the run.
    pub seq: i64,
    /// The text.
    pub text: String,
}

/// What became of a task of a playbook on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its place among those of the run.
    pub seq: i64,
    /// The host.
    pub host: String,
    /// The task's name.
    pub task: String,
    /// What became of it.
    pub result: TaskResult,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskResult {
    /// As it should be already.
    Ok,
    /// Something was changed.
    Changed,
    /// It failed.
    Failed,
    /// It failed, and the playbook says that this does not matter.
    Ignored,
    /// It was left out.
    Skipped,
    /// The host did not answer.
    Unreachable,
}

const RESULTS: [(TaskResult, &str); 6] = [
    (TaskResult::Ok, "ok"),
    (TaskResult::Changed, "changed"),
    (TaskResult::Failed, "failed"),
    (TaskResult::Ignored, "ignored"),
    (TaskResult::Skipped, "skipped"),
    (TaskResult::Unreachable, "unreachable"),
];

impl TaskResult {
    /// Its word.
    pub fn word(self) -> &'static str {
        RESULTS.iter().find(|(result, _)| *result == self).map_or("failed", |(_, word)| word)
    }

    /// The result of a word.
    pub fn of(word: &str) -> Option<Self> {
        RESULTS.iter().find(|(_, known)| *known == word).map(|(result, _)| *result)
    }
}
