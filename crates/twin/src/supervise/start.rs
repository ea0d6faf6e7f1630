//! Starts a unit and waits until it counts as started.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::init::children::{Exit, alive};
use crate::process;
use crate::supervise::spawn::{make_folders, remove_folders};
use crate::supervise::state::{Failure, Phase, clean};
use crate::supervise::unit::Unit;
use crate::unit::Service;
use crate::unit::command::Exec;
use crate::unit::service::Kind;

impl Unit {
    /// Starts the unit unless it is up.
    pub(super) fn start(self: &Arc<Self>) -> Result<(), Failure> {
        let _operation = self.operation();
        if self.is_up() { Ok(()) } else { self.begin(self.load()) }
    }

    /// Starts the unit by this definition; the caller holds the operation.
    pub(super) fn begin(self: &Arc<Self>, service: Option<Service>) -> Result<(), Failure> {
        let service = service.ok_or_else(|| Failure::new("resources", "it is masked"))?;
        if let Some((key, value)) = service.conditions.iter().find(|(k, v)| !holds(k, v)) {
            self.note(&format!("not started: Condition{key}={value} does not hold"));
            self.change(|state| {
                state.phase = Phase::Inactive;
                state.skipped = true;
            });
            return Ok(());
        }
        self.count(&service)?;
        self.change(|state| {
            state.turn += 1;
            state.skipped = false;
            state.phase = Phase::Activating;
            state.service = Some(service.clone());
            state.main = None;
            state.main_exit = None;
            state.ready = false;
            state.result = "success";
        });
        if !service.ignored.is_empty() {
            self.note(&format!("without effect here: {}", service.ignored.join(" ")));
        }
        match self.launch(&service) {
            Ok(()) => Ok(()),
            Err(failure) => {
                self.failed(&service, &failure);
                Err(failure)
            }
        }
    }

    /// Refuses to start a service that was started too often.
    fn count(&self, service: &Service) -> Result<(), Failure> {
        let (now, again) = (Instant::now(), &service.again);
        let mut state = self.state();
        state.starts.retain(|start| now.duration_since(*start) < again.within);
        if again.most > 0 && state.starts.len() >= again.most {
            state.phase = Phase::Failed;
            state.result = "start-limit-hit";
            return Err(Failure::new("start-limit-hit", "it was started too often"));
        }
        state.starts.push(now);
        Ok(())
    }

    fn launch(self: &Arc<Self>, service: &Service) -> Result<(), Failure> {
        let until = Instant::now() + service.start_limit;
        make_folders(service)?;
        for exec in &service.commands.before {
            self.control(service, exec, until)?;
        }
        match service.kind {
            Kind::Oneshot => {
                for exec in &service.commands.start {
                    self.control(service, exec, until)?;
                }
            }
            Kind::Simple => self.main(service)?,
            Kind::Exec => {
                self.main(service)?;
                self.await_exec(until)?;
            }
            Kind::Notify => {
                self.listen()?;
                self.main(service)?;
                self.await_ready(service, until)?;
            }
            Kind::Forking => self.fork(service, until)?,
        }
        for exec in &service.commands.after {
            self.control(service, exec, until)?;
        }
        self.started(service);
        Ok(())
    }

    fn started(&self, service: &Service) {
        let stays = service.kind != Kind::Oneshot || service.remains || !self.is_service();
        if !stays {
            remove_folders(service);
        }
        let phase = if stays { Phase::Active } else { Phase::Inactive };
        self.change(|state| state.phase = phase);
    }

    fn main(self: &Arc<Self>, service: &Service) -> Result<(), Failure> {
        let [exec] = service.commands.start.as_slice() else {
            return Err(Failure::new("resources", "it needs exactly one ExecStart="));
        };
        let pid = self.spawn(service, exec)?;
        self.follow(pid);
        Ok(())
    }

    /// This is the main process from now on.
    pub(super) fn follow(self: &Arc<Self>, pid: i32) {
        self.change(|state| state.main = Some(pid));
        self.children.adopt(pid);
        let (unit, turn) = (Arc::clone(self), self.state().turn);
        thread::spawn(move || unit.watch(pid, turn));
    }

    /// Waits until the main process has become the command.
    fn await_exec(&self, until: Instant) -> Result<(), Failure> {
        loop {
            let (main, exit) = {
                let state = self.state();
                (state.main, state.main_exit)
            };
            match (main, exit) {
                (_, Some(Exit::Code(0))) => return Ok(()),
                (_, Some(exit)) => return Err(Failure::of("the main process", exit)),
                (Some(pid), None) if !is_shim(pid) => return Ok(()),
                (_, None) if Instant::now() >= until => {
                    return Err(Failure::new("timeout", "the main process does not start"));
                }
                (_, None) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn await_ready(&self, service: &Service, until: Instant) -> Result<(), Failure> {
        let over = self.wait(until, |state| state.ready || state.main_exit.is_some());
        let state = self.state();
        match state.main_exit {
            _ if state.ready => Ok(()),
            Some(exit) if clean(exit, &service.again) => {
                Err(Failure::new("protocol", "the main process ended before it was ready"))
            }
            Some(exit) => Err(Failure::of("the main process", exit)),
            None if over => Ok(()),
            None => Err(Failure::new("timeout", "the main process never said that it is ready")),
        }
    }

    /// The command goes into the background by itself; what it leaves there is the main process.
    fn fork(self: &Arc<Self>, service: &Service, until: Instant) -> Result<(), Failure> {
        for exec in &service.commands.start {
            self.control(service, exec, until)?;
        }
        let left = until.saturating_duration_since(Instant::now());
        let mut main = None;
        let found = process::until(left, || {
            main = self.background(service);
            main.is_some() || self.kin().is_empty()
        });
        match main {
            Some(pid) => {
                self.follow(pid);
                Ok(())
            }
            None if found => Err(Failure::new("protocol", "nothing stayed in the background")),
            None => Err(Failure::new("timeout", "the PID file was never written")),
        }
    }

    fn background(&self, service: &Service) -> Option<i32> {
        match &service.pid_file {
            Some(path) => {
                let pid = fs::read_to_string(path).ok()?.trim().parse().ok()?;
                alive(pid).then_some(pid)
            }
            None => self.kin().first().copied(),
        }
    }

    /// Runs the commands that reload a running service.
    pub(super) fn reload(&self) -> Result<(), Failure> {
        let _operation = self.operation();
        let service = self.state().service.clone();
        let Some(service) = service.filter(|_| self.is_up()) else {
            return Err(Failure::new(
                "resources",
                format!("{} is not active, cannot reload.", self.name),
            ));
        };
        if service.commands.reload.is_empty() {
            return Err(Failure::new("resources", "it cannot be reloaded"));
        }
        let until = Instant::now() + service.start_limit;
        let run = |exec: &Exec| self.control(&service, exec, until);
        service.commands.reload.iter().try_for_each(run)
    }
}

fn is_shim(pid: i32) -> bool {
    process::words(pid).is_some_and(|words| words.get(1).is_some_and(|word| word == "twin-init"))
}

/// Judges a `Condition…=`; `!` turns it round.
fn holds(key: &str, value: &str) -> bool {
    let wanted = !value.starts_with('!');
    let path = Path::new(value.trim_start_matches(['!', '|']));
    let is = match key {
        "PathIsDirectory" => path.is_dir(),
        "FileNotEmpty" => path.metadata().is_ok_and(|file| file.is_file() && file.len() > 0),
        "DirectoryNotEmpty" => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()),
        _ => path.exists(),
    };
    is == wanted
}
