//! What disks say of their health: a timer of root's asks them, because the agent may not.

use component::{Directory, File, HostTree, OnChange, TemplateError, Templates, Unit};
use model::kinds::{Host, MachineKind};
use serde::Serialize;

/// Where the answers are, a file for each disk.
pub(super) const DIRECTORY: &str = "/var/lib/ketupa-smart";
const TIMER: &str = "ketupa-agent-smart.timer";

/// What the templates ask for.
#[derive(Serialize)]
struct Context {
    directory: &'static str,
}

/// Whether a host has disks to ask: those of a virtual machine are its hypervisor's.
pub(super) fn is_asked(host: &Host) -> bool {
    host.managed && host.kind == MachineKind::Physical
}

/// Has systemd ask the disks of a host.
pub(super) fn asked(
    tree: &mut HostTree,
    host: &Host,
    templates: &Templates,
) -> Result<(), TemplateError> {
    if !is_asked(host) {
        return Ok(());
    }
    let directory = Directory { mode: 0o755, owner: "root".into(), group: "root".into() };
    tree.directories.insert(DIRECTORY.into(), directory);
    tree.packages.insert("smartmontools".into());
    for (name, template) in
        [(TIMER, "agent/smart.timer"), ("ketupa-agent-smart.service", "agent/smart")]
    {
        let text = templates.render(template, &Context { directory: DIRECTORY })?;
        tree.files.insert(format!("/etc/systemd/system/{name}"), File::public(text));
    }
    let (reads, after) = (Vec::new(), Vec::new());
    let unit = Unit { on_change: OnChange::Restart, reads, after, cuts_off: false };
    tree.units.insert(TIMER.into(), unit);
    Ok(())
}
