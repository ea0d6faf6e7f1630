//! Up, down, power off, power on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::error::{Doing as _, Error, Result};
use crate::image::Image;
use crate::init::control::{Answer, SOCKET, ask};
use crate::lab::{FABRIC, Lab};
use crate::launch::{Life, container};
use crate::process::{self, Lock};
use crate::root::folder;
use crate::site::Site;
use crate::twin::{LAB, Twin, state};

impl Twin {
    /// Brings a twin up: containers, segments, cables. No service runs yet, no address is set.
    ///
    /// Whatever is left of an earlier twin of the same name goes first. The twin lives on when
    /// this process ends; if the start fails, nothing stays.
    pub fn up(lab: &Lab, image: &Image) -> Result<Self> {
        lab.check()?;
        let state = state(image.site(), &lab.name)?;
        let _lock = alone(&state, &lab.name)?;
        clear(&state)?;
        let twin = Self::new(state, lab.clone());
        let started = twin.start(image);
        if started.is_err() {
            clear(&twin.state)?;
            remove(&twin.state)?;
        }
        started.map(|()| twin)
    }

    fn start(&self, image: &Image) -> Result<()> {
        let text = serde_json::to_vec(&self.lab).doing(|| "write down the twin".to_owned())?;
        fs::write(self.state.join(LAB), text).doing(|| "write down the twin".to_owned())?;
        self.start_fabric(image)?;
        let hosts: Vec<String> = self.lab.hosts.iter().map(|host| host.name.clone()).collect();
        self.start_hosts(&hosts)?;
        self.lay()?;
        self.wire(&self.lab.all_hosts())
    }

    fn start_fabric(&self, image: &Image) -> Result<()> {
        folder(&self.state.join("mount"))?;
        let log = self.state.join("fabric.log");
        let errors = File::create(&log).doing(|| format!("write {}", log.display()))?;
        let state = self.state.as_os_str();
        let words = ["fabric".as_ref(), state, image.folder().as_os_str()];
        let mut child = container(Life::Free, &image.site().program, &words)
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .doing(|| "start the fabric".to_owned())?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        // It is reaped here only so that no zombie stays while this process lives.
        std::thread::spawn(move || child.wait());
        if line == "ready\n" {
            return Ok(());
        }
        let why = fs::read_to_string(&log).unwrap_or_default();
        Err(Error::new(format!("the fabric did not start: {}", why.trim())))
    }

    fn start_hosts(&self, hosts: &[String]) -> Result<()> {
        let words: Vec<String> = ["start".to_owned()].into_iter().chain(hosts.to_vec()).collect();
        let answer = self.ask(FABRIC, &words)?;
        if answer.code == 0 { Ok(()) } else { Err(Error::new(answer.err.trim())) }
    }

    /// Asks a container for something, without entering it.
    pub(super) fn ask(&self, host: &str, words: &[String]) -> Result<Answer> {
        ask(&self.inside(host, SOCKET)?, words)
    }

    /// Takes the power from a host: its cables first, because a dying host still forwards.
    pub fn power_off(&self, host: &str) -> Result<()> {
        self.unwire(self.lab.host(host)?)?;
        let pid = self.pid(host)?;
        process::kill(pid, |pid| is_container(pid, &self.state, host))
    }

    /// Gives a host its power back: it has its disk as it was, and starts what is enabled.
    pub fn power_on(&self, host: &str) -> Result<Answer> {
        let spec = self.lab.host(host)?;
        if self.pid(host).is_ok() {
            return Err(Error::new(format!("{host} has power")));
        }
        self.start_hosts(&[host.to_owned()])?;
        self.wire(&[spec])?;
        self.systemctl(host, &["default"])
    }

    /// Takes the twin down: afterwards nothing of it is left.
    pub fn down(self) -> Result<()> {
        let _lock = alone(&self.state, &self.lab.name)?;
        clear(&self.state)?;
        remove(&self.state)
    }

    /// Takes the twin of this name down, or what is left of it.
    pub fn clear(site: &Site, name: &str) -> Result<()> {
        let state = state(site, name)?;
        let _lock = alone(&state, name)?;
        clear(&state)?;
        remove(&state)
    }
}

/// Nobody else brings this twin up or down meanwhile.
fn alone(state: &Path, name: &str) -> Result<Lock> {
    // A start that was killed a moment ago may have a child that still holds the lock.
    for _ in 0..50 {
        if let Some(lock) = Lock::attempt(state)? {
            return Ok(lock);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(Error::new(format!("another process is bringing the twin {name} up or down")))
}

/// Ends all processes of a twin and empties its folder.
fn clear(state: &Path) -> Result<()> {
    for _ in 0..100 {
        let found: Vec<i32> =
            process::all().into_iter().filter(|pid| belongs(*pid, state)).collect();
        if found.is_empty() {
            return empty(state);
        }
        for pid in found {
            process::kill(pid, |pid| belongs(pid, state))?;
        }
    }
    Err(Error::new(format!("processes of {} keep coming back", state.display())))
}

fn empty(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).doing(|| format!("list {}", folder.display()))? {
        let path = entry.doing(|| format!("list {}", folder.display()))?.path();
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.doing(|| format!("remove {}", path.display()))?;
    }
    Ok(())
}

fn remove(state: &Path) -> Result<()> {
    match fs::remove_dir(state) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(cause).doing(|| format!("remove {}", state.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether a process is a first process of this twin, or the one that waits for it.
fn belongs(pid: i32, state: &Path) -> bool {
    let words = process::words(pid).unwrap_or_default();
    let after = words.iter().position(|word| word == "twin-init");
    let after = after.and_then(|at| words.get(at + 1..)).unwrap_or_default();
    matches!(after, [what, of, ..] if (what == FABRIC || what == "host") && Path::new(of) == state)
}

/// Whether a process is the first one of this host.
pub(super) fn is_container(pid: i32, state: &Path, host: &str) -> bool {
    host_of(pid, state).is_some_and(|name| name == host)
}

/// The first processes of a twin's containers, by host.
pub(super) fn containers(state: &Path) -> BTreeMap<String, i32> {
    process::all().into_iter().filter_map(|pid| Some((host_of(pid, state)?, pid))).collect()
}

fn host_of(pid: i32, state: &Path) -> Option<String> {
    match process::words(pid)?.as_slice() {
        [_, init, what, of, ..] if init == "twin-init" && Path::new(of) != state => {
            let _ = what;
            None
        }
        [_, init, what, _, _] if init == "twin-init" && what == FABRIC => Some(FABRIC.to_owned()),
        [_, init, what, _, host] if init == "twin-init" && what == "host" => Some(host.clone()),
        _ => None,
    }
}
