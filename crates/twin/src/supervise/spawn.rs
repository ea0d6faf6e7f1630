//! Runs a command of a unit: variables, user, folders, log.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::init::PATH;
use crate::init::run::{Order, Person};
use crate::root::PROGRAM;
use crate::supervise::kin;
use crate::supervise::state::{Failure, clean};
use crate::supervise::unit::Unit;
use crate::unit::Service;
use crate::unit::command::Exec;
use crate::unit::service::{Folder, Surroundings};
use crate::unit::words::{self, Environment};

impl Unit {
    /// Runs a command to its end, as all but the main process are.
    pub(super) fn control(
        &self,
        service: &Service,
        exec: &Exec,
        until: Instant,
    ) -> Result<(), Failure> {
        let pid = self.spawn(service, exec)?;
        let name = exec.words.join(" ");
        let exit = self.children.wait(pid, Some(until));
        self.children.forget(pid);
        match exit {
            None => {
                kin::signal(&kin::of("", Some(pid)), rustix::process::Signal::KILL);
                Err(Failure::new("timeout", format!("{name} took too long")))
            }
            Some(exit) if exec.may_fail() || clean(exit, &service.again) => Ok(()),
            Some(exit) => Err(Failure::of(&name, exit)),
        }
    }

    /// Starts a command.
    pub(super) fn spawn(&self, service: &Service, exec: &Exec) -> Result<i32, Failure> {
        let order = self.order(service, exec)?;
        let text = serde_json::to_string(&order)
            .map_err(|cause| Failure::new("resources", cause.to_string()))?;
        let resources = |cause: std::io::Error| Failure::new("resources", cause.to_string());
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let log = log.map_err(resources)?;
        let mut command = Command::new(PROGRAM);
        command.args(["twin-init", "run", &text]).env_clear();
        command.env("INVOCATION_ID", self.invocation());
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(resources)?).stderr(log);
        let child = self.children.spawn(&mut command).map_err(resources)?;
        i32::try_from(child.id()).map_err(|cause| Failure::new("resources", cause.to_string()))
    }

    fn order(&self, service: &Service, exec: &Exec) -> Result<Order, Failure> {
        let around = &service.around;
        let person = if exec.runs_as_root() { None } else { person(around)? };
        let environment = self.environment(service, person.as_ref())?;
        let mut words = if exec.is_literal() {
            exec.words.clone()
        } else {
            words::expand(&exec.words, &environment)
        };
        if words.is_empty() {
            return Err(Failure::new("resources", "there is no command"));
        }
        let program = full_path(&words.remove(0));
        let arg0 = (exec.is_renamed() && !words.is_empty()).then(|| words.remove(0));
        let home = person.as_ref().map_or("/root", |person| person.home.as_str());
        let folder = match around.folder.as_deref() {
            Some("~") => home.to_owned(),
            Some(path) => path.to_owned(),
            None => "/".to_owned(),
        };
        Ok(Order {
            program,
            arg0,
            arguments: words,
            environment: environment.into_iter().collect(),
            folder,
            person: person.map(|person| person.ids),
            ambient: around.ambient.clone(),
            umask: around.umask,
            files_limit: around.files_limit,
            no_new_privileges: around.no_new_privileges,
        })
    }

    fn environment(&self, service: &Service, who: Option<&Who>) -> Result<Environment, Failure> {
        let mut all = Environment::new();
        let mut set = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());
        set("PATH", PATH);
        set("LANG", "C.UTF-8");
        set("INVOCATION_ID", &self.invocation());
        set("NOTIFY_SOCKET", &self.notify_path().to_string_lossy());
        if let Some(main) = self.state().main {
            set("MAINPID", &main.to_string());
        }
        if let Some(who) = who {
            set("USER", &who.name);
            set("LOGNAME", &who.name);
            set("HOME", &who.home);
            set("SHELL", &who.shell);
        }
        let around = &service.around;
        for folder in &around.folders {
            let sofar = all.entry(folder.variable.to_owned()).or_default();
            let colon = if sofar.is_empty() { "" } else { ":" };
            *sofar = format!("{sofar}{colon}{}", folder.path);
        }
        all.extend(around.environment.iter().cloned());
        for (path, optional) in &around.environment_files {
            match fs::read_to_string(path) {
                Ok(text) => all.extend(words::environment_file(&text)),
                Err(_) if *optional => {}
                Err(cause) => return Err(Failure::new("resources", format!("{path}: {cause}"))),
            }
        }
        Ok(all)
    }
}

/// Makes the folders that a service wants.
pub(super) fn make_folders(service: &Service) -> Result<(), Failure> {
    let who = person(&service.around)?;
    for folder in &service.around.folders {
        make(folder, who.as_ref())
            .map_err(|cause| Failure::new("resources", format!("{}: {cause}", folder.path)))?;
    }
    for (from, to) in &service.around.binds {
        show(from, to)
            .map_err(|cause| Failure::new("resources", format!("{from} at {to}: {cause}")))?;
    }
    Ok(())
}

/// Shows files where the service's chroot has them: for the whole host, as nothing here has
/// mounts of its own.
fn show(from: &str, to: &str) -> std::io::Result<()> {
    let Ok(there) = fs::metadata(from) else { return Ok(()) };
    let same = |here: fs::Metadata| here.ino() == there.ino() && here.dev() == there.dev();
    if fs::metadata(to).is_ok_and(same) {
        return Ok(());
    }
    if there.is_dir() {
        fs::create_dir_all(to)?;
    } else {
        fs::create_dir_all(Path::new(to).parent().unwrap_or(Path::new("/")))?;
        OpenOptions::new().create(true).append(true).open(to)?;
    }
    Ok(rustix::mount::mount_bind(from, to)?)
}

fn make(folder: &Folder, who: Option<&Who>) -> std::io::Result<()> {
    fs::create_dir_all(&folder.path)?;
    fs::set_permissions(&folder.path, fs::Permissions::from_mode(folder.mode))?;
    match who {
        Some(who) if folder.owned => chown(&folder.path, Some(who.ids.uid), Some(who.ids.gid)),
        Some(_) | None => Ok(()),
    }
}

/// Removes the folders that only last as long as the service.
pub(super) fn remove_folders(service: &Service) {
    for folder in service.around.folders.iter().filter(|folder| folder.passing) {
        let _ = fs::remove_dir_all(&folder.path);
    }
}

fn full_path(program: &str) -> String {
    if program.contains('/') {
        return program.to_owned();
    }
    let candidates = PATH.split(':').map(|folder| format!("{folder}/{program}"));
    candidates
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or_else(|| program.to_owned())
}

/// A user as `/etc/passwd` and `/etc/group` have it.
struct Who {
    name: String,
    home: String,
    shell: String,
    ids: Person,
}

fn person(around: &Surroundings) -> Result<Option<Who>, Failure> {
    // Groups count for root, too: whoever gave up its rights opens only what its groups may.
    let is_root = around.group.is_some() || !around.groups.is_empty();
    let Some(wanted) = around.user.as_deref().or(is_root.then_some("root")) else {
        return Ok(None);
    };
    let unknown = |what: &str| Failure::new("exit-code", format!("there is no {what}"));
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let line = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = line
        .into_iter()
        .find(|f| f.len() >= 7 && (f.first() == Some(&wanted) || f.get(2) == Some(&wanted)));
    let Some([name, _, uid, gid, _, home, shell, ..]) = found.as_deref() else {
        return Err(unknown(&format!("user {wanted}")));
    };
    let number = |text: &str| text.parse::<u32>().map_err(|_| unknown(text));
    let gid = match &around.group {
        Some(group) => {
            group_id(&groups, group).ok_or_else(|| unknown(&format!("group {group}")))?
        }
        None => number(gid)?,
    };
    let mut all = vec![gid];
    all.extend(groups_of(&groups, name));
    all.extend(around.groups.iter().filter_map(|group| group_id(&groups, group)));
    let ids = Person { uid: number(uid)?, gid, groups: all };
    Ok(Some(Who {
        name: (*name).to_owned(),
        home: (*home).to_owned(),
        shell: (*shell).to_owned(),
        ids,
    }))
}

fn group_id(groups: &str, wanted: &str) -> Option<u32> {
    if let Ok(number) = wanted.parse() {
        return Some(number);
    }
    let line = groups.lines().find(|line| line.split(':').next() == Some(wanted))?;
    line.split(':').nth(2)?.parse().ok()
}

fn groups_of<'a>(groups: &'a str, name: &'a str) -> impl Iterator<Item = u32> + 'a {
    let has =
        move |line: &&str| line.split(':').nth(3).is_some_and(|m| m.split(',').any(|m| m == name));
    groups.lines().filter(has).filter_map(|line| line.split(':').nth(2)?.parse().ok())
}
