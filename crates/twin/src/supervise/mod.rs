//! Runs the services of a host as their Debian unit files say, and answers as `systemctl`.

mod ended;
mod install;
mod kin;
mod notify;
mod question;
mod show;
mod spawn;
mod start;
mod state;
mod stop;
mod unit;
mod verbs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::init::children::Children;
use crate::init::control::Answer;
use crate::supervise::question::Question;
use crate::supervise::unit::Unit;
use crate::unit::load::{Found, find, full_name};

/// The services of this host.
pub(crate) struct Supervisor {
    children: Arc<Children>,
    units: Mutex<BTreeMap<String, Arc<Unit>>>,
}

impl Supervisor {
    pub(crate) fn new(children: Arc<Children>) -> Self {
        Self { children, units: Mutex::default() }
    }

    /// Does what the words after `systemctl` ask for.
    pub(crate) fn answer(&self, words: &[String]) -> Answer {
        match Question::parse(words) {
            Ok(question) => question.answer(self),
            Err(sentence) => Answer::fails(1, sentence),
        }
    }

    /// The unit of this name or alias; none if there is no such file and it never ran.
    fn unit(&self, name: &str) -> Option<Arc<Unit>> {
        let name = full_name(name);
        let own = match find("/".as_ref(), &name) {
            Found::Unit { name, .. } => name,
            Found::Masked => name,
            Found::Nothing => return self.known().remove(&name),
        };
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = units.entry(own.clone()).or_insert_with(|| Unit::new(own, &self.children));
        Some(Arc::clone(unit))
    }

    /// Every unit that was ever asked for.
    fn known(&self) -> BTreeMap<String, Arc<Unit>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
