//! `systemctl` by its verbs: they do the same, with the same exit codes.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::init::control::Answer;
use crate::supervise::question::Question;
use crate::supervise::state::{Failure, Phase};
use crate::supervise::stop::Whom;
use crate::supervise::unit::Unit;
use crate::supervise::{Supervisor, install, kin, show};
use crate::unit::load::full_name;

const ROOT: &str = "/";
const NOT_ACTIVE: u8 = 3;
const UNKNOWN: u8 = 4;
const NOT_LOADED: u8 = 5;

/// Something that is done to one unit.
type Act<'a> = &'a dyn Fn(&Arc<Unit>) -> Result<(), Failure>;

impl Question {
    /// Does what is asked.
    pub(super) fn answer(&self, all: &Supervisor) -> Answer {
        match self.verb.as_str() {
            "start" => self.each(all, &Unit::start),
            "stop" => self.each(all, &|unit| {
                unit.stop();
                Ok(())
            }),
            "restart" => self.each(all, &Unit::restart),
            "reload" => self.each(all, &|unit| unit.reload()),
            "reload-or-restart" => self.each(all, &reload_or_restart),
            "try-restart" | "condrestart" => self.each(all, &if_up(&Unit::restart)),
            "try-reload-or-restart" | "force-reload" => self.each(all, &if_up(&reload_or_restart)),
            "kill" => self.kill(all),
            "reset-failed" => self.reset_failed(all),
            "is-active" => self.is(all, Phase::Active, NOT_ACTIVE),
            "is-failed" => self.is(all, Phase::Failed, 1),
            "status" => self.status(all),
            "show" => self.show(all),
            "" | "list" | "list-units" => list(all),
            "default" => boot(all),
            "daemon-reload" | "daemon-reexec" => daemon_reload(all),
            "is-system-running" => Answer::says("running\n"),
            "is-enabled" => self.is_enabled(),
            _ => self.install(all),
        }
    }

    /// Does something to each unit; the exit code is that of the last failure.
    fn each(&self, all: &Supervisor, act: Act<'_>) -> Answer {
        let mut answer = Answer::default();
        for name in &self.units {
            let Some(unit) = all.unit(name) else {
                let (verb, name) = (&self.verb, full_name(name));
                let says = format!("Failed to {verb} {name}: Unit {name} not found.");
                answer.complain(NOT_LOADED, &says);
                continue;
            };
            if let Err(Failure { result, says }) = act(&unit) {
                let log = show::tail(&unit, 10);
                let name = &unit.name;
                answer.complain(1, &format!("Job for {name} failed ({result}): {says}\n{log}"));
            }
        }
        answer
    }

    fn kill(&self, all: &Supervisor) -> Answer {
        let name = self.value("--signal").unwrap_or("TERM");
        let Some(signal) = kin::named(name) else {
            return Answer::fails(1, format!("Failed to parse signal string {name}."));
        };
        let main = self.value("--kill-whom") == Some("main");
        let whom = if main { Whom::Main } else { Whom::All };
        self.each(all, &|unit| {
            let nobody = || Failure::new("resources", "it has no process to kill");
            unit.kill(signal, whom).then_some(()).ok_or_else(nobody)
        })
    }

    fn reset_failed(&self, all: &Supervisor) -> Answer {
        if self.units.is_empty() {
            all.known().values().for_each(|unit| reset(unit));
        }
        self.each(all, &|unit| {
            reset(unit);
            Ok(())
        })
    }

    /// Where each unit stands, one a line; success if one of them stands as asked.
    fn is(&self, all: &Supervisor, wanted: Phase, otherwise: u8) -> Answer {
        let mut answer = Answer { code: otherwise, ..Answer::default() };
        for name in &self.units {
            let phase = all.unit(name).map(|unit| unit.state().phase).unwrap_or_default();
            if phase == wanted {
                answer.code = 0;
            }
            if !self.has("--quiet") {
                answer.print(phase.word());
            }
        }
        answer
    }

    fn status(&self, all: &Supervisor) -> Answer {
        let mut answer = Answer::default();
        for name in &self.units {
            let Some(unit) = all.unit(name) else {
                let says = format!("Unit {} could not be found.", full_name(name));
                answer.complain(UNKNOWN, &says);
                continue;
            };
            answer.print(&show::status(&unit));
            if !unit.is_up() {
                answer.code = NOT_ACTIVE;
            }
        }
        answer
    }

    fn show(&self, all: &Supervisor) -> Answer {
        let mut answer = Answer::default();
        let asked = self.value("--property");
        for (number, name) in self.units.iter().enumerate() {
            let unit = all.unit(name);
            if number > 0 {
                answer.print("");
            }
            for (key, value) in show::properties(&full_name(name), unit.as_deref()) {
                if asked.is_some_and(|asked| !asked.split(',').any(|one| one == key)) {
                    continue;
                }
                let key = if self.has("--value") { String::new() } else { format!("{key}=") };
                answer.print(&format!("{key}{value}"));
            }
        }
        answer
    }

    /// The verbs that change what starts at boot.
    fn install(&self, all: &Supervisor) -> Answer {
        let root = Path::new(ROOT);
        match self.verb.as_str() {
            "enable" | "reenable" => self.links(all, "start", &|name| install::enable(root, name)),
            "disable" => self.links(all, "stop", &|name| install::disable(root, name)),
            "mask" => self.links(all, "stop", &|name| install::mask(root, name)),
            "unmask" => self.links(all, "start", &|name| install::unmask(root, name)),
            other => Answer::fails(1, format!("Unknown command verb {other}.")),
        }
    }

    fn links(&self, all: &Supervisor, now: &str, act: &dyn Fn(&str) -> io::Result<bool>) -> Answer {
        for name in &self.units {
            let says = match act(name) {
                Ok(true) => continue,
                Ok(false) => format!("Unit file {} does not exist.", full_name(name)),
                Err(cause) => cause.to_string(),
            };
            return Answer::fails(1, format!("Failed to {} unit: {says}", self.verb));
        }
        if self.has("--now") {
            return Self::about(now, self.units.clone()).answer(all);
        }
        Answer::default()
    }

    fn is_enabled(&self) -> Answer {
        let mut answer = Answer { code: 1, ..Answer::default() };
        for name in &self.units {
            let Some(state) = install::state(Path::new(ROOT), name) else {
                let name = full_name(name);
                let why = "No such file or directory";
                answer.complain(1, &format!("Failed to get unit file state for {name}: {why}"));
                continue;
            };
            if matches!(state, "enabled" | "static") {
                answer.code = 0;
            }
            answer.print(state);
        }
        answer
    }
}

fn reload_or_restart(unit: &Arc<Unit>) -> Result<(), Failure> {
    let reloads = unit.state().service.as_ref().is_some_and(|s| !s.commands.reload.is_empty());
    if unit.is_up() && reloads { unit.reload() } else { unit.restart() }
}

fn if_up(act: Act<'_>) -> impl Fn(&Arc<Unit>) -> Result<(), Failure> {
    move |unit| if unit.is_up() { act(unit) } else { Ok(()) }
}

fn reset(unit: &Unit) {
    unit.change(|state| {
        state.starts.clear();
        state.restarts = 0;
        if state.phase == Phase::Failed {
            state.phase = Phase::Inactive;
        }
    });
}

fn list(all: &Supervisor) -> Answer {
    Answer::says(all.known().values().map(|unit| show::line(unit)).collect::<String>())
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
    Question::about("start", install::at_boot(Path::new(ROOT))).answer(all)
}
