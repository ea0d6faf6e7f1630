//! The container around all others of a twin: carries the segments, keeps the disks, starts hosts.
//!
//! The hosts' processes are below its own: when it dies, the kernel ends all of them.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::mount::{MountFlags, mount_remount};

use crate::error::{Doing as _, Error, Result};
use crate::init::children::Children;
use crate::init::control::{Answer, Door};
use crate::init::{boot, expect, ready};
use crate::launch::{Life, container};
use crate::root::{self, PROGRAM, Programs, Root, bind, folder, mount_new};

/// Where the fabric has the image, the disks, and an empty folder for roots.
pub(super) const IMAGE: &str = "/twin/image";
pub(super) const DISKS: &str = "/twin/disks";
pub(super) const MOUNT: &str = "/twin/mount";
const LOGS: &str = "/var/log/twin";

pub(super) fn main(words: &[String]) -> Result<ExitCode> {
    let [state, image] = expect::<2>(words)?;
    let at = Path::new(state).join("mount");
    let root = Root {
        name: "fabric",
        image: Path::new(image),
        at: &at,
        disk: None,
        program: &std::env::current_exe().doing(|| "find the program".to_owned())?,
        programs: Programs::Layered,
    };
    let built = root.build()?;
    share(&built, Path::new(image))?;
    root::enter(&built)?;
    folder(Path::new(LOGS))?;
    let children = boot::start()?;
    // The segments carry what hosts say, and nothing of the bridges' own.
    for part in ["all", "default"] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{part}/disable_ipv6"), "1");
    }
    let door = Door::open()?;
    ready()?;
    let state = state.clone();
    door.serve(move |words| answer(&children, &state, &words))
}

/// What the hosts need from outside the fabric's own root.
fn share(root: &Path, image: &Path) -> Result<()> {
    let inside = |path: &str| root.join(path.trim_start_matches('/'));
    for path in [IMAGE, DISKS, MOUNT] {
        folder(&inside(path))?;
    }
    bind(image, &inside(IMAGE))?;
    mount_remount(inside(IMAGE), MountFlags::BIND | MountFlags::RDONLY, c"")
        .doing(|| "protect the image".to_owned())?;
    mount_new("tmpfs", &inside(DISKS), MountFlags::empty(), "mode=755")
}

fn answer(children: &Arc<Children>, state: &str, words: &[String]) -> Answer {
    let [verb, hosts @ ..] = words else { return Answer::fails(1, "nothing was asked") };
    if verb != "start" {
        return Answer::fails(1, format!("the fabric cannot {verb}"));
    }
    let starts: Vec<_> = hosts
        .iter()
        .map(|host| {
            let (children, state, host) = (Arc::clone(children), state.to_owned(), host.clone());
            thread::spawn(move || start(&children, &state, &host))
        })
        .collect();
    let failures: Vec<String> = starts
        .into_iter()
        .filter_map(|start| match start.join() {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.chain()),
            Err(_) => Some("a host could not be started".to_owned()),
        })
        .collect();
    if failures.is_empty() { Answer::default() } else { Answer::fails(1, failures.join("\n")) }
}

/// Starts a host and waits until it is ready.
fn start(children: &Children, state: &str, host: &str) -> Result<()> {
    let log = Path::new(LOGS).join(format!("{host}.log"));
    let errors = File::create(&log).doing(|| format!("write {}", log.display()))?;
    let mut command = container(Life::Free, Path::new(PROGRAM), &["host", state, host]);
    let mut child = children
        .spawn(command.stdout(Stdio::piped()).stderr(errors))
        .doing(|| format!("start {host}"))?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        let _ = BufReader::new(out).read_line(&mut line);
    }
    if line == "ready\n" {
        return Ok(());
    }
    let why = fs::read_to_string(&log).unwrap_or_default();
    Err(Error::new(format!("{host} did not start: {}", why.trim())))
}
