//! What a run is as a process: program, arguments, environment, and the files that it finds. Pure.

use crate::spec::Spec;
use model::kinds::Does;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The plugin that tells what becomes of each task.
const PLUGIN: &str = include_str!("ketupa_events.py");
/// Where a run finds it, in its folder.
const EVENTS: &str = "events";

/// What every run of this server has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// This program.
    pub program: PathBuf,
    /// The provider's directory.
    pub directory: PathBuf,
    /// Arguments for every `ketupa apply` and `ketupa drift`.
    pub reach: Vec<OsString>,
    /// The `ssh_config` by which hosts are reached, where it is not the user's own.
    pub ssh_config: Option<PathBuf>,
}

/// Which of the server's environment variables a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// All: it is this program.
    Ours,
    /// Few: it is another one.
    Few,
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The program and its arguments. No shell reads them.
    pub argv: Vec<OsString>,
    /// What it inherits.
    pub environment: Environment,
    /// What it has besides.
    pub variables: BTreeMap<String, OsString>,
    /// Where it runs.
    pub directory: PathBuf,
    /// The files that it finds in its folder, which nobody else may read.
    pub files: Vec<File>,
    /// Where it tells what becomes of tasks.
    pub events: Option<PathBuf>,
}

/// A file in a run's folder.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// Its rights.
    pub mode: u32,
    /// What is in it.
    pub text: String,
}

impl std::fmt::Debug for File {
    /// Its text may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:o})", self.name, self.mode)
    }
}

/// The process of a run. `folder` is the run's own; `vault` is the secret that opens Vault's files.
pub fn work(
    spec: &Spec,
    parameters: &BTreeMap<String, String>,
    site: &Site,
    folder: &Path,
    vault: Option<String>,
) -> Work {
    match spec.does {
        Does::Converge => ours(spec, site, "apply"),
        Does::Drift => ours(spec, site, "drift"),
        Does::Playbook => playbook(spec, parameters, site, folder, vault),
        Does::Command => command(spec, parameters, site),
    }
}

fn ours(spec: &Spec, site: &Site, what: &str) -> Work {
    let mut argv: Vec<OsString> = vec![site.program.clone().into(), what.into()];
    argv.extend((spec.does == Does::Converge).then(|| "--yes".into()));
    if !spec.hosts.is_empty() {
        argv.extend(["--host".into(), spec.hosts.join(",").into()]);
    }
    argv.extend(site.reach.iter().cloned());
    argv.extend(["--".into(), site.directory.clone().into()]);
    Work { argv, environment: Environment::Ours, ..nothing(site) }
}

fn command(spec: &Spec, parameters: &BTreeMap<String, String>, site: &Site) -> Work {
    let named = |(name, value): (&String, &String)| {
        (format!("PARAM_{}", name.to_ascii_uppercase()), value.into())
    };
    Work {
        argv: spec.command.iter().map(Into::into).collect(),
        variables: parameters.iter().map(named).collect(),
        ..nothing(site)
    }
}

fn playbook(
    spec: &Spec,
    parameters: &BTreeMap<String, String>,
    site: &Site,
    folder: &Path,
    vault: Option<String>,
) -> Work {
    let mut files = vec![File { name: "ketupa_events.py", mode: 0o600, text: PLUGIN.to_owned() }];
    let mut argv: Vec<OsString> = vec!["ansible-playbook".into(), "--inventory".into()];
    if let Some(inventory) = &spec.inventory {
        argv.push(inventory.into());
    } else {
        argv.push(folder.join("inventory").into());
        files.push(File { name: "inventory", mode: 0o700, text: inventory(site) });
    }
    if !spec.hosts.is_empty() {
        argv.extend(["--limit".into(), spec.hosts.join(",").into()]);
    }
    if !parameters.is_empty() {
        argv.extend(["--extra-vars".into(), at(&folder.join("parameters"))]);
        files.push(File { name: "parameters", mode: 0o600, text: variables(parameters) });
    }
    if let Some(secret) = vault {
        argv.extend(["--vault-password-file".into(), folder.join("vault").into()]);
        files.push(File { name: "vault", mode: 0o600, text: secret + "\n" });
    }
    argv.extend(["--".into(), (&spec.playbook).into()]);
    let events = folder.join(EVENTS);
    let variables = ansible(folder, &events, site.ssh_config.as_deref());
    Work { argv, variables, files, events: Some(events), ..nothing(site) }
}

fn nothing(site: &Site) -> Work {
    Work {
        argv: Vec::new(),
        environment: Environment::Few,
        variables: BTreeMap::new(),
        directory: site.directory.clone(),
        files: Vec::new(),
        events: None,
    }
}

/// `@FILE`, as `--extra-vars` wants it.
fn at(file: &Path) -> OsString {
    let mut text = OsString::from("@");
    text.push(file);
    text
}

fn ansible(folder: &Path, events: &Path, ssh: Option<&Path>) -> BTreeMap<String, OsString> {
    let plugins = folder.to_owned().into_os_string();
    // Ansible takes these words apart as a shell does.
    let reach = ssh.map(|ssh| ("ANSIBLE_SSH_COMMON_ARGS", format!("-F {}", quoted(ssh)).into()));
    let always = [
        ("ANSIBLE_CALLBACK_PLUGINS", plugins),
        ("ANSIBLE_CALLBACKS_ENABLED", "ketupa_events".into()),
        ("ANSIBLE_LOCAL_TEMP", folder.join("tmp").into()),
        ("ANSIBLE_NOCOLOR", "1".into()),
        ("ANSIBLE_RETRY_FILES_ENABLED", "0".into()),
        ("KETUPA_EVENTS", events.into()),
        ("PYTHONUNBUFFERED", "1".into()),
    ];
    always.into_iter().chain(reach).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Ansible asks a program for the inventory by its name alone.
fn inventory(site: &Site) -> String {
    let (program, directory) = (quoted(&site.program), quoted(&site.directory));
    format!("#!/bin/sh\nexec {program} inventory {directory} \"$@\"\n")
}

/// One word for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Extra variables that Ansible takes as they are: what a caller wrote is never a template.
fn variables(parameters: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| {
        // A string of JSON is one of YAML.
        format!("{name}: !unsafe {}\n", serde_json::Value::from(value.as_str()))
    };
    parameters.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
