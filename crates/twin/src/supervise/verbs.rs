//! `systemctl` by its words: same verbs, same exit codes.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::init::control::Answer;
use crate::supervise::state::{Active, Failure};
use crate::supervise::stop::Whom;
use crate::supervise::unit::Unit;
use crate::supervise::{Supervisor, install, kin, show};
use crate::unit::load::full_name;

const ROOT: &str = "/";
const NO_SUCH_UNIT: u8 = 5;

/// The words after `systemctl`, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    verb: String,
    units: Vec<String>,
    now: bool,
    quiet: bool,
    value_only: bool,
    signal: String,
    main_only: bool,
    properties: Vec<String>,
}

impl Question {
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut question = Self { signal: "TERM".to_owned(), ..Self::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, joined) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                Some(_) | None => (word.as_str(), None),
            };
            let mut value = || {
                joined.map(str::to_owned).or_else(|| words.next().cloned())
                    .ok_or_else(|| format!("{option} wants a value"))
            };
            match option {
                "--now" => question.now = true,
                "--quiet" | "-q" => question.quiet = true,
                "--value" => question.value_only = true,
                "--signal" | "-s" => question.signal = value()?,
                "--kill-whom" | "--kill-who" => question.main_only = value()? == "main",
                "--property" | "-p" => {
                    question.properties.extend(value()?.split(',').map(str::to_owned));
                }
                "--lines" | "-n" | "--type" | "-t" | "--state" | "--output" | "-o" => drop(value()?),
                _ if option.starts_with('-') => {}
                _ if question.verb.is_empty() => word.clone_into(&mut question.verb),
                _ => question.units.push(word.clone()),
            }
        }
        Ok(question)
    }

    pub(super) fn answer(&self, all: &Supervisor) -> Answer {
        match self.verb.as_str() {
            "start" => self.each(all, Unit::start),
            "stop" => self.each(all, |unit| { unit.stop(); Ok(()) }),
            "restart" => self.each(all, Unit::restart),
            "try-restart" | "condrestart" => self.each(all, |u| if u.is_up() { u.restart() } else { Ok(()) }),
            "reload" => self.each(all, |unit| unit.reload()),
            "reload-or-restart" => self.each(all, reload_or_restart),
            "try-reload-or-restart" | "force-reload" => {
                self.each(all, |u| if u.is_up() { reload_or_restart(u) } else { Ok(()) })
            }
            "kill" => self.kill(all),
            "reset-failed" => self.reset_failed(all),
            "daemon-reload" | "daemon-reexec" => daemon_reload(all),
            "is-active" => self.is(all, |active| matches!(active, Active::Active), 3),
            "is-failed" => self.is(all, |active| matches!(active, Active::Failed), 1),
            "status" => self.status(all),
            "show" => self.show(all),
            "" | "list" | "list-units" => Answer::says(all.known().values().map(|unit| show::line(unit)).collect::<String>()),
            "default" => boot(all),
            "is-system-running" => Answer::says("running\n"),
            _ => self.install(all),
        }
    }

    /// Does something to each unit; the exit code is that of the last failure.
    fn each(&self, all: &Supervisor, act: impl Fn(&Arc<Unit>) -> Result<(), Failure>) -> Answer {
        let mut answer = Answer::default();
        for name in &self.units {
            let Some(unit) = all.unit(name) else {
                let verb = &self.verb;
                answer.code = NO_SUCH_UNIT;
                answer.err.push_str(&format!("Failed to {verb} {}: Unit {} not found.\n", full_name(name), full_name(name)));
                continue;
            };
            if let Err(failure) = act(&unit) {
                answer.code = 1;
                answer.err.push_str(&format!(
                    "Job for {} failed ({}): {}\n{}\n",
                    unit.name, failure.result, failure.says, show::tail(&unit, 10)
                ));
            }
        }
        answer
    }

    fn kill(&self, all: &Supervisor) -> Answer {
        let Some(signal) = kin::named(&self.signal) else {
            return Answer::fails(1, format!("Failed to parse signal string {}.", self.signal));
        };
        let whom = if self.main_only { Whom::Main } else { Whom::All };
        self.each(all, |unit| match unit.kill(signal, whom) {
            true => Ok(()),
            false => Err(Failure::new("resources", "it has no process to kill")),
        })
    }

    fn reset_failed(&self, all: &Supervisor) -> Answer {
        let reset = |unit: &Arc<Unit>| {
            unit.change(|state| {
                state.starts.clear();
                state.restarts = 0;
                if state.active == Active::Failed {
                    state.active = Active::Inactive;
                }
            });
            Ok(())
        };
        if self.units.is_empty() {
            for unit in all.known().values() {
                let _ = reset(unit);
            }
        }
        self.each(all, reset)
    }

    /// The state of each unit, one a line; success if one of them is as asked.
    fn is(&self, all: &Supervisor, wanted: impl Fn(Active) -> bool, otherwise: u8) -> Answer {
        let mut answer = Answer { code: otherwise, ..Answer::default() };
        for name in &self.units {
            let active = all.unit(name).map(|unit| unit.state().active).unwrap_or_default();
            if wanted(active) {
                answer.code = 0;
            }
            if !self.quiet {
                answer.out.push_str(&format!("{}\n", active.word()));
            }
        }
        answer
    }

    fn status(&self, all: &Supervisor) -> Answer {
        let mut answer = Answer::default();
        for name in &self.units {
            let Some(unit) = all.unit(name) else {
                answer.code = 4;
                answer.err.push_str(&format!("Unit {} could not be found.\n", full_name(name)));
                continue;
            };
            answer.out.push_str(&show::status(&unit));
            if !unit.is_up() {
                answer.code = 3;
            }
        }
        answer
    }

    fn show(&self, all: &Supervisor) -> Answer {
        let mut out = String::new();
        for name in &self.units {
            let unit = all.unit(name);
            let known = show::properties(&full_name(name), unit.as_deref());
            let asked = |key: &str| self.properties.is_empty() || self.properties.iter().any(|p| p == key);
            for (key, value) in known.into_iter().filter(|(key, _)| asked(key)) {
                match self.value_only {
                    true => out.push_str(&format!("{value}\n")),
                    false => out.push_str(&format!("{key}={value}\n")),
                }
            }
        }
        Answer::says(out)
    }

    /// The verbs that change or ask what starts at boot.
    fn install(&self, all: &Supervisor) -> Answer {
        let root = Path::new(ROOT);
        match self.verb.as_str() {
            "enable" | "reenable" => self.links(|name| install::enable(root, name), all, "start"),
            "disable" => self.links(|name| install::disable(root, name), all, "stop"),
            "mask" => self.links(|name| install::mask(root, name).map(|()| true), all, "stop"),
            "unmask" => self.links(|name| install::unmask(root, name).map(|()| true), all, "start"),
            "is-enabled" => self.is_enabled(),
            other => Answer::fails(1, format!("Unknown command verb {other}.")),
        }
    }

    fn links(&self, act: impl Fn(&str) -> io::Result<bool>, all: &Supervisor, now: &str) -> Answer {
        for name in &self.units {
            let says = match act(name) {
                Ok(true) => continue,
                Ok(false) => format!("Unit file {} does not exist.", full_name(name)),
                Err(cause) => cause.to_string(),
            };
            return Answer::fails(1, format!("Failed to {} unit: {says}", self.verb));
        }
        if self.now {
            return Self { verb: now.to_owned(), ..self.clone() }.answer(all);
        }
        Answer::default()
    }

    fn is_enabled(&self) -> Answer {
        let mut answer = Answer { code: 1, ..Answer::default() };
        for name in &self.units {
            match install::state(Path::new(ROOT), name) {
                Some(state) => {
                    if matches!(state, "enabled" | "static") {
                        answer.code = 0;
                    }
                    answer.out.push_str(&format!("{state}\n"));
                }
                None => answer.err.push_str(&format!(
                    "Failed to get unit file state for {}: No such file or directory\n",
                    full_name(name)
                )),
            }
        }
        answer
    }
}

fn reload_or_restart(unit: &Arc<Unit>) -> Result<(), Failure> {
    let reloads = unit.state().service.as_ref().is_some_and(|s| !s.commands.reload.is_empty());
    if unit.is_up() && reloads { unit.reload() } else { unit.restart() }
}

/// Units that run get the definition that their files have now.
fn daemon_reload(all: &Supervisor) -> Answer {
    for unit in all.known().values() {
        let fresh = unit.load();
        unit.change(|state| {
            if state.service.is_some() && fresh.is_some() {
                state.service = fresh;
            }
        });
    }
    Answer::default()
}

/// Starts what is enabled, as a host does when its power comes.
fn boot(all: &Supervisor) -> Answer {
    let units = install::at_boot(Path::new(ROOT));
    Question { verb: "start".to_owned(), units, ..Question::default() }.answer(all)
}
