//! The first process of a host: logs, services, and the socket to ask for them.

use std::path::Path;
use std::process::ExitCode;

use crate::error::{Doing as _, Result};
use crate::init::control::Door;
use crate::init::fabric::{DISKS, IMAGE, MOUNT};
use crate::init::{boot, expect, ready, syslog};
use crate::root::{self, PROGRAM, Programs, Root, folder};
use crate::supervise::Supervisor;

pub(super) fn main(words: &[String]) -> Result<ExitCode> {
    let [_state, name] = expect::<2>(words)?;
    let disk = Path::new(DISKS).join(name);
    let root = Root {
        name,
        image: Path::new(IMAGE),
        at: Path::new(MOUNT),
        disk: Some(&disk),
        program: Path::new(PROGRAM),
        programs: Programs::Inherited,
    };
    root::enter(&root.build()?)?;
    // keepalived says that it is ready only if its parent is called so.
    rustix::thread::set_name(c"systemd").doing(|| "take systemd's place".to_owned())?;
    folder(Path::new(syslog::LOGS))?;
    let children = boot::start()?;
    boot::network(&children)?;
    boot::folders(&children)?;
    syslog::start()?;
    let supervisor = Supervisor::new(children);
    let door = Door::open()?;
    ready()?;
    door.serve(move |words| supervisor.answer(&words))
}
