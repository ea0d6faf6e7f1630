//! Becomes a service's command: session, limits, user and rights as its unit says, then exec.
//!
//! A process of its own, because these settings belong to a whole process.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::fs::Mode;
use rustix::process::{Gid, Resource, Rlimit, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::init::{complain, expect};

/// A command as a unit file wants it run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) program: String,
    pub(crate) arg0: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) folder: String,
    pub(crate) person: Option<Person>,
    pub(crate) ambient: Vec<String>,
    pub(crate) umask: u32,
    pub(crate) files_limit: Option<u64>,
    pub(crate) no_new_privileges: bool,
}

/// Who runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// systemd's exit codes for what can go wrong before the command runs.
const CHDIR: u8 = 200;
const EXEC: u8 = 203;
const GROUP: u8 = 216;
const USER: u8 = 217;
const CAPABILITIES: u8 = 218;

pub(super) fn main(words: &[String]) -> Result<ExitCode> {
    let [text] = expect::<1>(words)?;
    let order: Order = serde_json::from_str(text)
        .map_err(|cause| crate::Error::new(format!("cannot understand the order: {cause}")))?;
    let (code, why) = order.become_it();
    complain(&format!("{}: {why}", order.program));
    Ok(ExitCode::from(code))
}

impl Order {
    /// Only returns when it failed.
    fn become_it(&self) -> (u8, String) {
        let prepared = self.prepare();
        let Err(failure) = prepared else {
            let mut command = Command::new(&self.program);
            command.args(&self.arguments).env_clear().envs(self.environment.iter().cloned());
            if let Some(name) = &self.arg0 {
                command.arg0(name);
            }
            return (EXEC, command.exec().to_string());
        };
        failure
    }

    fn prepare(&self) -> std::result::Result<(), (u8, String)> {
        // Fails for whoever leads a session already, which is as good.
        let _ = rustix::process::setsid();
        rustix::process::umask(Mode::from_raw_mode(self.umask));
        if let Some(limit) = self.files_limit {
            let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
            // More than this machine allows: as much as it allows.
            let _ = rustix::process::setrlimit(Resource::Nofile, limit);
        }
        if let Some(person) = &self.person {
            if !self.ambient.is_empty() && person.uid != 0 {
                rustix::thread::set_keep_capabilities(true)
                    .map_err(|cause| (CAPABILITIES, cause.to_string()))?;
            }
            person.become_it()?;
        }
        self.raise().map_err(|cause| (CAPABILITIES, cause.to_string()))?;
        if self.no_new_privileges {
            rustix::thread::set_no_new_privs(true).map_err(|cause| (EXEC, cause.to_string()))?;
        }
        std::env::set_current_dir(&self.folder)
            .map_err(|cause| (CHDIR, format!("{}: {cause}", self.folder)))
    }

    /// Rights that a user other than root keeps.
    fn raise(&self) -> rustix::io::Result<()> {
        let named = self.ambient.iter().map(|name| name.trim_start_matches("CAP_"));
        let wanted: CapabilitySet = named.filter_map(CapabilitySet::from_name).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let old = rustix::thread::capabilities(None)?;
        rustix::thread::set_capabilities(
            None,
            CapabilitySets {
                effective: wanted,
                permitted: wanted,
                inheritable: old.inheritable | wanted,
            },
        )?;
        for right in wanted.iter() {
            rustix::thread::configure_capability_in_ambient_set(right, true)?;
        }
        Ok(())
    }
}

impl Person {
    fn become_it(&self) -> std::result::Result<(), (u8, String)> {
        let groups: Vec<Gid> = self.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let group = |cause: rustix::io::Errno| (GROUP, cause.to_string());
        let user = |cause: rustix::io::Errno| (USER, cause.to_string());
        rustix::thread::set_thread_groups(&groups).map_err(group)?;
        rustix::thread::set_thread_res_gid(gid, gid, gid).map_err(group)?;
        rustix::thread::set_thread_res_uid(uid, uid, uid).map_err(user)
    }
}
