//! `ketupa plan`, `apply`, `drift`, `history` and `rollback`: the declared network and the hosts that are.

mod apply;
mod drift;
mod git;
mod history;
mod origin;
mod plan;
mod progress;
mod rollback;
mod told;

pub(super) use apply::run as apply;
pub(super) use drift::run as drift;
pub(super) use history::run as history;
pub(super) use plan::run as plan;
pub(super) use rollback::run as rollback;

use super::Error;
use super::render::{chosen, tree};
use crate::cli::converge::{Access, Reach};
use crate::input::{self, Directory};
use crate::screen::{Screen, counted};
use component::{File, HostTree};
use converge::{Interrupted, Job, Keys, Plan, Programs, Step, Trouble, Vault as _, plan_all};
use machine::{Executor, Rights, Ssh};
use model::Isp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The program that travels, beside this one.
const EXECUTOR: &str = "ketupa-host";

/// A network that is declared and rendered, and the ways to its hosts.
struct Ready {
    isp: Isp,
    /// What is declared, as it stands in files.
    declared: Directory,
    /// What each chosen host shall hold, and the way there; by name.
    hosts: Vec<(HostTree, Ssh)>,
    vault: Keys,
    workers: usize,
}

/// What is known of each chosen host.
type Plans = BTreeMap<String, Result<Plan, Trouble>>;

fn ready(reach: &Reach, rights: Rights, screen: &mut Screen) -> Result<Option<Ready>, Error> {
    ready_as(&reach.place.dir, &reach.place.dir, (reach, rights), screen)
}

/// The same of another directory than was asked for, which people know as `called`.
fn ready_as(
    directory: &Path,
    called: &Path,
    (reach, rights): (&Reach, Rights),
    screen: &mut Screen,
) -> Result<Option<Ready>, Error> {
    let read = input::read_as(directory, called)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(None);
    };
    let today = super::today(reach.today);
    let Some(tree) = tree(&isp, &read.directory, today, screen)? else { return Ok(None) };
    let chosen = chosen(&tree, &reach.host)?.into_iter();
    let chosen: BTreeSet<String> = chosen.map(|(name, _)| name.to_owned()).collect();
    let (executor, programs) = programs(reach.access.executor.as_deref())?;
    if let Some(config) = &reach.access.ssh_config {
        // ssh itself would say it once for every host.
        std::fs::metadata(config).map_err(|e| Error::file("read", config, e))?;
    }
    let way = |(name, desired): (String, HostTree)| {
        let ssh = Ssh::new(&*name, destination(&isp, &name), executor.clone(), rights);
        (desired, ssh.with_config(reach.access.ssh_config.as_deref()))
    };
    // Of a thousand hosts, what each shall hold is much: it is there once.
    let hosts = tree.hosts.into_iter().filter(|(name, _)| chosen.contains(name)).map(way);
    let hosts: Vec<(HostTree, Ssh)> = hosts.collect();
    let vault = Keys::new(reach.access.identity.clone()).with_programs(programs);
    all_there(&hosts, &vault)?;
    let declared = read.directory;
    Ok(Some(Ready { isp, declared, hosts, vault, workers: reach.workers }))
}

/// The files by which hosts are reached, each with its option: for another command line of this program.
pub(super) fn named(access: &Access) -> impl Iterator<Item = (&'static str, &Path)> {
    let all = [
        ("--ssh-config", &access.ssh_config),
        ("--executor", &access.executor),
        ("--identity", &access.identity),
    ];
    all.into_iter().filter_map(|(option, file)| Some((option, file.as_deref()?)))
}

/// Where `ssh` reaches a host: where the model says, else by its name.
fn destination(isp: &Isp, name: &str) -> String {
    let host = isp.hosts.find(name).map(|id| &isp.hosts[id]);
    let declared = host.and_then(|host| host.ssh.as_ref());
    declared.map_or_else(|| name.to_owned(), |ssh| ssh.0.clone())
}

/// The program that travels, and those beside it that hosts keep.
fn programs(asked: Option<&Path>) -> Result<(Executor, Programs), Error> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None => beside()?,
    };
    let bytes = std::fs::read(&path).map_err(|error| {
        let hint = "`make executor` makes it; --executor FILE names another place";
        Error::Message(format!(
            "cannot read the program that travels to hosts, {}: {error}\n{hint}",
            path.display()
        ))
    })?;
    let refuse = |why| Error::Message(format!("{} cannot travel: {why}", path.display()));
    let executor = Executor::new(bytes).map_err(refuse)?;
    let programs = Programs::new(path.with_file_name(""), &executor);
    Ok((executor, programs))
}

/// What no host can get is said once, before any is asked.
fn all_there(hosts: &[(HostTree, Ssh)], vault: &Keys) -> Result<(), Error> {
    let files = hosts.iter().flat_map(|(desired, _)| desired.files.values());
    let names: BTreeSet<&str> = files.filter_map(File::program_name).collect();
    names.into_iter().try_for_each(|name| vault.program(name).map(drop).map_err(Error::Message))
}

fn beside() -> Result<PathBuf, Error> {
    let here = std::env::current_exe();
    let here = here.map_err(|e| Error::Message(format!("cannot find this program: {e}")))?;
    Ok(here.with_file_name(EXECUTOR))
}

impl Ready {
    /// Looks at every host.
    fn plans(&self, interrupted: Interrupted) -> Plans {
        let jobs: Vec<Job<'_>> =
            self.hosts.iter().map(|(desired, machine)| Job { desired, machine }).collect();
        let progress = progress::Progress::new(jobs.len());
        let watch = |host: &str, step: Step<'_>| progress.step(host, step);
        plan_all(&jobs, interrupted, &self.vault, self.workers, &watch)
    }

    fn machine(&self, name: &str) -> Option<&Ssh> {
        use machine::Machine as _;
        self.hosts.iter().map(|(_, machine)| machine).find(|machine| machine.name() == name)
    }
}

/// Whether every host answered and nothing is in the way of any.
fn all_well(plans: &Plans) -> bool {
    plans.values().all(|plan| plan.as_ref().is_ok_and(|plan| plan.obstacles.is_empty()))
}
