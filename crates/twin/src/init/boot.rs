//! What every container does between its root and its first service.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use crate::error::{Doing as _, Result};
use crate::init::children::Children;

/// Gives up what would reach this machine, and starts to reap. Call it before any other thread.
pub(super) fn start() -> Result<Arc<Children>> {
    for capability in [CapabilitySet::SYS_MODULE, CapabilitySet::SYS_BOOT, CapabilitySet::SYS_TIME]
    {
        remove_capability_from_bounding_set(capability)
            .doing(|| "give up the rights over this machine".to_owned())?;
    }
    let children = Arc::new(Children::default());
    let reaper = Arc::clone(&children);
    thread::Builder::new()
        .name("reaper".to_owned())
        .spawn(move || reaper.reap())
        .doing(|| "start to reap".to_owned())?;
    Ok(children)
}

/// Makes the folders that packages want in a fresh `/run`, as systemd does at boot.
pub(super) fn folders(children: &Children) -> Result<()> {
    let mut tmpfiles = Command::new("/usr/bin/systemd-tmpfiles");
    tmpfiles.args(["--create", "--prefix=/run", "--prefix=/var"]);
    tmpfiles.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What it cannot make here, such as a journal, it leaves out and complains about.
    children.run(&mut tmpfiles).map(|_| ()).doing(|| "make the folders of packages".to_owned())
}

/// Makes the network stack as it is on a host whose addresses are settled.
pub(super) fn network(children: &Children) -> Result<()> {
    // Daemons that bind to a link-local address at once would meet a tentative one.
    for setting in ["all/accept_dad", "default/accept_dad", "default/dad_transmits"] {
        let path = Path::new("/proc/sys/net/ipv6/conf").join(setting);
        if path.exists() {
            fs::write(&path, "0").doing(|| format!("write {}", path.display()))?;
        }
    }
    let mut up = Command::new("/usr/sbin/ip");
    up.args(["link", "set", "lo", "up"]).stdin(Stdio::null());
    children.run(&mut up).doing(|| "set the loopback up".to_owned())?;
    Ok(())
}
