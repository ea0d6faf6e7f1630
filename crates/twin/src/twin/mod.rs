//! A twin that is up: found by its name, entered, broken, taken down.

mod exec;
mod life;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Doing as _, Error, Result};
use crate::lab::{FABRIC, Lab};
use crate::process;
use crate::site::Site;

const LAB: &str = "lab.json";

/// A twin that is up. Dropping this handle leaves it up.
#[derive(Debug)]
pub struct Twin {
    state: PathBuf,
    lab: Lab,
    /// Processes found before; each is asked again who it is before it is used.
    pids: Mutex<BTreeMap<String, i32>>,
}

impl Twin {
    /// The twin of this name, brought up by whatever process.
    pub fn open(site: &Site, name: &str) -> Result<Self> {
        let state = site.run.join(name);
        let absent = || format!("find a twin named {name}");
        let text = fs::read_to_string(state.join(LAB)).doing(absent)?;
        let lab = serde_json::from_str(&text).doing(absent)?;
        let twin = Self::new(state, lab);
        twin.pid(FABRIC)?;
        Ok(twin)
    }

    /// The names of all twins that are up.
    pub fn all(site: &Site) -> Vec<String> {
        let entries = fs::read_dir(&site.run).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut up: Vec<String> = names.filter(|name| Self::open(site, name).is_ok()).collect();
        up.sort();
        up
    }

    fn new(state: PathBuf, lab: Lab) -> Self {
        Self { state, lab, pids: Mutex::default() }
    }

    /// What this twin consists of.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The first process of a host, as this machine numbers it.
    pub fn pid(&self, host: &str) -> Result<i32> {
        let mut pids = self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |pid: i32| life::is_container(pid, &self.state, host);
        if let Some(pid) = pids.get(host).copied().filter(|pid| is(*pid)) {
            return Ok(pid);
        }
        *pids = life::containers(&self.state);
        pids.get(host).copied().ok_or_else(|| {
            Error::new(format!("there is no running host {host} in {}", self.state.display()))
        })
    }

    /// The path of a file of a host, as seen from this machine. Only for paths without links.
    fn inside(&self, host: &str, path: &str) -> Result<PathBuf> {
        Ok(process::root_of(self.pid(host)?).join(path.trim_start_matches('/')))
    }
}

/// The folder of a twin.
fn state(site: &Site, name: &str) -> Result<PathBuf> {
    if name.is_empty() || Path::new(name).components().count() != 1 || name.contains('/') {
        return Err(Error::new(format!("{name:?} cannot name a twin")));
    }
    Ok(site.run.join(name))
}
