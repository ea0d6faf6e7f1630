//! One unit: its state, and who may change it.

use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::init::children::Children;
use crate::init::control::SOCKET;
use crate::supervise::kin;
use crate::supervise::state::{Phase, State};
use crate::unit::Service;
use crate::unit::load::{Found, find};

/// One unit of this host.
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) children: Arc<Children>,
    /// Held while the unit is started, stopped or reloaded: one at a time.
    operation: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
    /// Whether somebody listens on its notification socket.
    pub(super) listening: Mutex<bool>,
}

impl Unit {
    pub(super) fn new(name: String, children: &Arc<Children>) -> Arc<Self> {
        Arc::new(Self {
            name,
            children: Arc::clone(children),
            operation: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
            listening: Mutex::default(),
        })
    }

    /// Waits for its turn to change the unit.
    pub(super) fn operation(&self) -> MutexGuard<'_, ()> {
        self.operation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look at the state.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all who wait for it.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until the state is as wanted; false when time is over.
    pub(super) fn wait(&self, until: Instant, mut wanted: impl FnMut(&State) -> bool) -> bool {
        let mut state = self.state();
        loop {
            if wanted(&state) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The service as its files say now.
    pub(super) fn load(&self) -> Option<Service> {
        match find(Path::new("/"), &self.name) {
            Found::Unit { file, .. } => Some(Service::new(&self.name, &file)),
            Found::Nothing | Found::Masked => None,
        }
    }

    /// Whether the unit has processes at all.
    pub(super) fn is_service(&self) -> bool {
        Path::new(&self.name).extension().is_some_and(|kind| kind == "service")
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().phase == Phase::Active
    }

    /// The mark in the environment of all processes of this start.
    pub(super) fn invocation(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.name.hash(&mut hasher);
        format!("{:016x}{:016x}", hasher.finish(), self.state().turn)
    }

    /// The processes of this start that are alive.
    pub(super) fn kin(&self) -> Vec<i32> {
        let main = self.state().main;
        kin::of(&self.invocation(), main)
    }

    pub(super) fn log_path(&self) -> PathBuf {
        Path::new(crate::init::LOGS).join(format!("{}.log", self.name))
    }

    /// Where the service says that it is ready.
    pub(super) fn notify_path(&self) -> PathBuf {
        Path::new(SOCKET).with_file_name("notify").join(&self.name)
    }

    /// Adds a line to the unit's log.
    pub(super) fn note(&self, line: &str) {
        let file = OpenOptions::new().create(true).append(true).open(self.log_path());
        if let Ok(mut file) = file {
            let _ = writeln!(file, "twin: {line}");
        }
    }
}
