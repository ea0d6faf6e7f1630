//! What the job desk runs: when, on whose word, and with which limits.

use super::{Host, Kind};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::names::Names;
use crate::table::{Id, Named};
use crate::value::{Cron, Seconds, Secret, Value, Word, Wrong, unexpected};
use toml::de::DeValue;

/// Work that `ketupa serve` does: by a schedule, on a call of its API or of a webhook, or when somebody
/// asks on its page. Two runs of one job are never under way at once.
///
/// ```toml
/// [job.converge]
/// description = "what somebody changed by hand does not stay"
/// does        = "converge"
/// schedule    = "30 4 * * *"
/// time_zone   = "Europe/Brussels"
/// jitter      = "10m"
/// retries     = 1
///
/// [job.mail]
/// does        = "playbook"
/// playbook    = "playbooks/mail.yml"
/// hosts       = ["mail-01"]
/// parameters  = ["release"]
/// time_limit  = "20m"
/// webhook     = "pass:infra/forge/webhook"
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub does: Does,
    /// The hosts that it may touch; nothing means all of them.
    pub hosts: Vec<Id<Host>>,
    /// The playbook, from the provider's directory, or the name of one in a collection; for `playbook`.
    pub playbook: Option<Argument>,
    /// The inventory of the playbook, from the provider's directory. Default: the declared hosts.
    pub inventory: Option<Argument>,
    /// The secret that opens Ansible Vault's files.
    pub vault: Option<Secret>,
    /// The program and its arguments; for `command`. No shell reads them.
    pub command: Vec<String>,
    /// What a caller may set, for `playbook` as extra variables and for `command` as environment
    /// variables `PARAM_NAME`.
    pub parameters: Vec<Parameter>,
    /// When it starts by itself: minute, hour, day, month and weekday, as in cron.
    pub schedule: Option<Cron>,
    /// The time zone of the schedule. A time that a change of clocks leaves out comes as much later, a
    /// time that comes twice counts once; a schedule of every hour counts hours. Default: `UTC`.
    pub time_zone: Option<String>,
    /// How much later than its schedule it may start, by chance. Default: `0s`.
    pub jitter: Seconds,
    /// How often it is tried again after it failed, later each time. Default: 0.
    pub retries: u8,
    /// How long it may take; then it is told to end, and killed. Default: `1h`.
    pub time_limit: Seconds,
    /// Jobs of one group are never under way at once. Default: its own name.
    pub group: Option<String>,
    /// The secret that a forge signs its calls with, or sends along: `/hooks/NAME` starts the job.
    pub webhook: Option<Secret>,
    /// Where it is declared.
    pub at: At,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Does {
    /// Makes the hosts what was declared: `ketupa apply`.
    #[default]
    Converge,
    /// Says where hosts are not as declared: `ketupa drift`.
    Drift,
    /// Runs a playbook of Ansible.
    Playbook,
    /// Runs a program.
    Command,
}

impl Word for Does {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("converge", Self::Converge),
        ("drift", Self::Drift),
        ("playbook", Self::Playbook),
        ("command", Self::Command),
    ];
}

impl Does {
    /// As it is declared.
    pub fn word(self) -> &'static str {
        crate::value::word(self)
    }
}

/// A word that becomes an argument of a command: never an option.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argument(pub String);

impl Value for Argument {
    fn expects() -> String {
        "a path or a name that does not begin with `-`".into()
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = String::read(value, names)?;
        if text.is_empty() || text.starts_with('-') {
            return Err(unexpected::<Self>(value));
        }
        Ok(Self(text))
    }
}

/// The name of something that a caller may set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Parameter(pub String);

impl Value for Parameter {
    fn expects() -> String {
        "a name of lower-case letters, digits and `_`, such as \"release\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let named = text.starts_with(|c: char| c.is_ascii_lowercase());
        // What Ansible connects and works with is not a caller's to choose.
        if !named || text.len() > 40 || !text.chars().all(fine) || text.starts_with("ansible") {
            return Err(unexpected::<Self>(value));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Named for Job {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Job {
    const KIND: &'static str = "job";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let job = Self {
            name: name.to_owned(),
            description: fields.get("description"),
            does: fields.need("does"),
            hosts: fields.list("hosts"),
            playbook: fields.get("playbook"),
            inventory: fields.get("inventory"),
            vault: fields.get("vault"),
            command: fields.list("command"),
            parameters: fields.list("parameters"),
            schedule: fields.get("schedule"),
            time_zone: fields.get("time_zone"),
            jitter: fields.or("jitter", Seconds(0)),
            retries: fields.or("retries", 0),
            time_limit: fields.or("time_limit", Seconds(3_600)),
            group: fields.get("group"),
            webhook: fields.get("webhook"),
            at: fields.at(),
        };
        for finding in job.misfits() {
            fields.finding(finding);
        }
        job
    }
}

/// The keys that only some jobs have, and those that must have them.
const OWN: &[(&str, &[Does], &[Does])] = &[
    ("hosts", &[Does::Converge, Does::Drift, Does::Playbook], &[]),
    ("playbook", &[Does::Playbook], &[Does::Playbook]),
    ("inventory", &[Does::Playbook], &[]),
    ("vault", &[Does::Playbook], &[]),
    ("command", &[Does::Command], &[Does::Command]),
    ("parameters", &[Does::Playbook, Does::Command], &[]),
];

impl Job {
    /// The group of jobs of which one is under way at a time.
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or(&self.name)
    }

    /// Keys that do not fit what it does.
    fn misfits(&self) -> Vec<Finding> {
        let (key, does) = (&self.at.key, self.does.word());
        let mut wrong = Vec::new();
        for (name, may, must) in OWN {
            let written = self.at.has(name);
            if written && !may.contains(&self.does) {
                let says = format!("{key} does `{does}`, which takes no `{name}`");
                wrong.push(Finding::error("M-VALUE", self.at.field(name), says));
            }
            let empty = *name == "command" && self.command.is_empty();
            if must.contains(&self.does) && (!written || empty) {
                let says = format!("{key} does `{does}` and lacks the key `{name}`");
                wrong.push(Finding::error("M-MISSING-KEY", self.at.place, says));
            }
        }
        if self.time_limit.0 == 0 {
            let says = format!("{key} could never run: its time limit is 0");
            wrong.push(Finding::error("M-VALUE", self.at.field("time_limit"), says));
        }
        wrong
    }
}
